"""Opens connections, and says in our words what SQLite says in its own."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import apsw

from otel_bridge.errors import Refused, StartError, Unavailable
from otel_bridge.query.derived import trace_name
from otel_bridge.query.values import number_of

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

PAGE_BYTES: Final = 16384
"""Calls of 1-4 KB leave little room unused on such pages; CPU is as with 4 KiB (docs/adr/001)."""
BUSY_MILLISECONDS: Final = 5_000
WRITER_CACHE_BYTES: Final = 32 << 20
READER_CACHE_BYTES: Final = 8 << 20

_TROUBLE: Final = (
    apsw.FullError, apsw.IOError, apsw.BusyError, apsw.LockedError, apsw.CantOpenError, apsw.ReadOnlyError,
    apsw.NoMemError, apsw.ProtocolError, apsw.CorruptError, apsw.NotADBError, apsw.PermissionsError,
)  # fmt: skip
_UNFIT: Final = (UnicodeEncodeError, OverflowError, apsw.TooBigError)


@contextmanager
def storage_trouble(what: str = "store") -> Generator[None]:
    """Turn what the disk and the file system do to us into Unavailable, and unfit values into Refused."""
    try:
        yield
    except apsw.FullError as error:
        raise Unavailable(f"the disk or the {what}'s size limit is full") from error
    except _TROUBLE as error:
        raise Unavailable(f"the {what} cannot be used now: {error}") from error
    except _UNFIT as error:
        raise Refused(f"a value cannot be stored: {error}") from error


@contextmanager
def start_trouble(path: Path) -> Generator[None]:
    """Turn what keeps a store from opening into one line for a person."""
    try:
        yield
    except apsw.NotADBError as error:
        raise StartError(f"{path} is not a database of otel-bridge") from error
    except (apsw.CantOpenError, apsw.ReadOnlyError, apsw.PermissionsError) as error:
        raise StartError(f"{path} cannot be opened for writing: {error}") from error
    except _TROUBLE as error:
        raise StartError(f"{path} cannot be opened: {error}") from error


def open_writer(path: Path, *, vfs: str | None = None) -> apsw.Connection:
    """Open the database for the one who writes, creating an empty file; nothing in it is looked at yet."""
    flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE
    connection = apsw.Connection(str(path), flags=flags, vfs=vfs)
    connection.set_busy_timeout(BUSY_MILLISECONDS)
    connection.execute(f"PRAGMA cache_size = -{WRITER_CACHE_BYTES >> 10}")
    connection.execute("PRAGMA temp_store = MEMORY")
    return connection


def set_journal(connection: apsw.Connection, *, page_bytes: int = PAGE_BYTES) -> None:
    """Put the database into WAL mode; commits are synced before they return, checkpoints are ours to make."""
    if not connection.pragma("page_count"):
        connection.execute(f"PRAGMA page_size = {page_bytes}")
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.wal_autocheckpoint(0)


def open_reader(path: Path, *, vfs: str | None = None) -> apsw.Connection:
    """Open an existing database to read from; raise StartError when it cannot be."""
    with start_trouble(path):
        connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE, vfs=vfs)
        connection.set_busy_timeout(BUSY_MILLISECONDS)
        connection.wal_autocheckpoint(0)
        connection.execute("PRAGMA query_only = ON")
        connection.execute(f"PRAGMA cache_size = -{READER_CACHE_BYTES >> 10}")
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.create_scalar_function("trace_name", _trace_name, 1, deterministic=True)
        connection.create_scalar_function("casefold", _casefold, 1, deterministic=True)
        connection.create_scalar_function("long_number", _long_number, 1, deterministic=True)
    return connection


def _trace_name(*args: apsw.SQLiteValue) -> str:
    return trace_name(str(args[0]))


def _long_number(*args: apsw.SQLiteValue) -> int | float | None:
    return number_of(str(args[0]))


def _casefold(*args: apsw.SQLiteValue) -> str | None:
    return None if args[0] is None else str(args[0]).casefold()
