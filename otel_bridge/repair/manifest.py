"""What a backup says about itself: `manifest.json`, written last, and what holds its files to it."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

import apsw
import msgspec
from msgspec import Struct

from otel_bridge import __version__
from otel_bridge.errors import Refused
from otel_bridge.ingest.settings import DEAD_LETTERS_DIR, DEAD_LETTERS_FILE, QUEUE_FILE, STORE_FILE
from otel_bridge.queue.sqlite import dead
from otel_bridge.queue.sqlite.queries import APPLICATION_ID as QUEUE_ID
from otel_bridge.queue.sqlite.queries import SCHEMA
from otel_bridge.store.sqlite.migrate import APPLICATION_ID as STORE_ID
from otel_bridge.store.sqlite.migrate import steps

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

MANIFEST_FILE: Final = "manifest.json"
FORMAT: Final = 1
"""Counted up when an older program would misread a backup."""
DEAD_LETTERS: Final = f"{DEAD_LETTERS_DIR}/{DEAD_LETTERS_FILE}"
_PIECE_BYTES: Final = 1 << 20


class Database(Struct, frozen=True):
    """A database of ours: the mark in its header, the newest schema known here, what to count in it."""

    application_id: int
    schema: int
    count: str


DATABASES: Final[Mapping[str, Database]] = {
    STORE_FILE: Database(STORE_ID, len(steps()), "SELECT count(*) FROM calls"),
    QUEUE_FILE: Database(QUEUE_ID, len(SCHEMA), "SELECT count(*) FROM records"),
    DEAD_LETTERS: Database(dead.APPLICATION_ID, dead.SCHEMA_VERSION, "SELECT count(*) FROM letters"),
}
"""By where they lie in a backup. Counted are calls, records that wait, dead letters."""


class BackupFile(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A file of a backup; `path` inside it, `rows` as `Database.count` counts them."""

    path: str
    bytes: int
    sha256: str
    schema: int | None = None
    rows: int | None = None


class Manifest(Struct, frozen=True, kw_only=True):
    """What a backup is. Times are ISO 8601 in UTC: every call acknowledged before `began_at` is in it."""

    format: int
    program: str
    began_at: str
    ended_at: str
    files: tuple[BackupFile, ...]

    def file(self, path: str) -> BackupFile | None:
        """Return what is said about a file, None when the backup has none there."""
        return next((each for each in self.files if each.path == path), None)

    @property
    def bytes(self) -> int:
        """Bytes of all files."""
        return sum(each.bytes for each in self.files)


def read_manifest(backup: Path) -> Manifest:
    """Read the manifest of a backup; raise Refused when it is none, or one that this version must not use."""
    path = backup / MANIFEST_FILE
    try:
        raw = path.read_bytes()
        found = msgspec.json.decode(raw, type=dict)
        if isinstance(found.get("format"), int) and found["format"] > FORMAT:
            program = found.get("program")
            raise Refused(
                f"{backup} was made by otel-bridge {program} in backup format {found['format']}; this one is"
                f" {__version__} and knows {FORMAT}: restore it with otel-bridge {program} or a newer one"
            )
        manifest = msgspec.json.decode(raw, type=Manifest)
    except OSError as error:
        raise Refused(f"{backup} is no whole backup: {MANIFEST_FILE}: {error.strerror}") from error
    except msgspec.DecodeError as error:
        raise Refused(f"{path} is damaged: {error}") from error
    _check_paths(backup, manifest)
    _check_schemas(backup, manifest)
    return manifest


def _check_paths(backup: Path, manifest: Manifest) -> None:
    for each in manifest.files:
        parts = Path(each.path).parts
        if not parts or Path(each.path).is_absolute() or ".." in parts:
            raise Refused(f"{backup / MANIFEST_FILE} names a file outside of the backup: {each.path!r}")


def _check_schemas(backup: Path, manifest: Manifest) -> None:
    for each in manifest.files:
        known = DATABASES.get(each.path)
        if known is not None and each.schema is not None and each.schema > known.schema:
            raise Refused(
                f"{backup / each.path} was written by otel-bridge {manifest.program} (schema {each.schema});"
                f" this one is {__version__} and knows {known.schema}: restore it with otel-bridge"
                f" {manifest.program} or a newer one"
            )


def pieces(path: Path) -> Iterator[bytes]:
    """Yield the bytes of a file; raise OSError."""
    with path.open("rb") as file:
        while piece := file.read(_PIECE_BYTES):
            yield piece


def described(folder: Path, path: str, tell: Callable[[int], None]) -> BackupFile:
    """Look at a file of a backup that is being made; `tell` is told the bytes that were read."""
    digest = hashlib.sha256()
    for piece in pieces(folder / path):
        digest.update(piece)
        tell(len(piece))
    size = (folder / path).stat().st_size
    known = DATABASES.get(path)
    if known is None:
        return BackupFile(path=path, bytes=size, sha256=digest.hexdigest())
    connection = open_frozen(folder / path)
    try:
        return BackupFile(
            path=path,
            bytes=size,
            sha256=digest.hexdigest(),
            schema=connection.pragma("user_version"),
            rows=connection.execute(known.count).get,
        )
    finally:
        connection.close()


def check_file(backup: Path, file: BackupFile, take: Callable[[bytes], None]) -> None:
    """Raise Refused unless a file is what the manifest says; `take` is given all of its bytes."""
    path, digest, size = backup / file.path, hashlib.sha256(), 0
    try:
        for piece in pieces(path):
            digest.update(piece)
            size += len(piece)
            take(piece)
    except OSError as error:
        raise Refused(f"{path} cannot be read: {error.strerror}") from error
    if size != file.bytes:
        raise Refused(f"{path} has {size:,} bytes, the manifest says {file.bytes:,}: the backup is damaged")
    if digest.hexdigest() != file.sha256:
        raise Refused(f"{path} is not what the manifest says (its SHA-256 differs): the backup is damaged")


def check_database(path: Path, known: Database, *, whole: bool) -> None:
    """Raise Refused unless a file is a sound database of ours; `whole` holds indexes to their tables, too."""
    connection = open_frozen(path)
    try:
        if connection.pragma("application_id") != known.application_id:
            raise Refused(f"{path} is no database of otel-bridge")
        found = connection.execute(f"PRAGMA {'integrity_check' if whole else 'quick_check'}(1)").get
    except apsw.Error as error:
        raise Refused(f"{path} is damaged: {error}") from error
    finally:
        connection.close()
    if found != "ok":
        raise Refused(f"{path} is damaged: {found}")


def open_frozen(path: Path) -> apsw.Connection:
    """Open a database that nobody writes, leaving no file beside it; raise Refused."""
    flags = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
    try:
        return apsw.Connection(f"file:{quote(os.fspath(path.absolute()))}?immutable=1", flags=flags)
    except apsw.Error as error:
        raise Refused(f"{path} cannot be opened: {error}") from error
