"""One process at a time writes into a data directory."""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from otel_bridge.errors import DataDirectoryLocked, StartError
from otel_bridge.ingest.restored import finish_restore

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

LOCK_FILE: Final = "lock"
PATIENCE_SECONDS: Final = 3.0
"""A writer whose service was killed needs a moment to finish its commit and let go."""


@contextmanager
def data_directory_lock(
    data_dir: Path, *, patience_seconds: float = PATIENCE_SECONDS, holder: int | None = None
) -> Generator[None]:
    """Hold the directory; raise DataDirectoryLocked when another process keeps it for `patience_seconds`.

    Others are told the process `holder`, by default the parent of this one: the service of a writer.

    A restore that has been decided on is finished first, when it was interrupted.

    The lock is the kernel's (flock): it goes with the process that holds it, however that one ends.
    """
    try:
        descriptor = os.open(data_dir / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StartError(f"data directory {data_dir} is not writable: {error.strerror}") from error
    try:
        _wait_for(descriptor, data_dir, patience_seconds)
        with suppress(OSError):  # a full disk: the name of the holder is a courtesy
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{holder or os.getppid()}\n".encode(), 0)
        finish_restore(data_dir)
        yield
    finally:
        os.close(descriptor)


def holder_of(data_dir: Path) -> str | None:
    """Return the process that holds the directory, None when nobody does."""
    try:
        descriptor = os.open(data_dir / LOCK_FILE, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _named_in(descriptor)
    finally:
        os.close(descriptor)
    return None


def _named_in(descriptor: int) -> str:
    return os.pread(descriptor, 20, 0).decode(errors="replace").strip() or "unknown"


def _wait_for(descriptor: int, data_dir: Path, patience_seconds: float) -> None:
    deadline = time.monotonic() + patience_seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() < deadline:
                time.sleep(0.05)
                continue
            holder = _named_in(descriptor)
            raise DataDirectoryLocked(
                f"data directory {data_dir} is in use by another otel-bridge (process {holder})"
            ) from error
        return
