"""A file that grows by whole pieces: locked, cut back after a failure, put aside when it is large."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from otel_bridge.errors import StartError
from otel_bridge.ingest.exporters.tail import ForeignFile, whole_bytes

if TYPE_CHECKING:
    from otel_bridge.ingest.exporters.settings import FileSettings

FILE_MODE: Final = 0o600
FOLDER_MODE: Final = 0o700
"""Prompts are personal data."""
SECONDS_A_DAY: Final = 86_400
STAMP: Final = "%Y-%m-%dT%H-%M-%S.%f"


class GrowingFile:
    """The file of one exporter. Raises StartError when it cannot be used; what is torn at its end goes.

    `cut` is how many bytes that were.
    """

    def __init__(self, settings: FileSettings) -> None:
        self._settings = settings
        self.path: Final = Path(settings.path)
        self.cut = 0
        self._fd = -1
        self._size = 0
        try:
            self.path.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
            self._open()
        except OSError as error:
            self.close()
            raise StartError(f"exporter {settings.name}: cannot use {self.path}: {error.strerror}") from error
        except ForeignFile as error:
            self.close()
            raise StartError(
                f"exporter {settings.name}: {self.path} holds something else; take another path or format"
            ) from error

    def add(self, piece: bytes, *, sync: bool) -> None:
        """Add a piece, whole or not at all; with `sync` it is on the disk. Raise OSError."""
        self._renew()
        rotation = self._settings.rotation
        most = rotation.max_bytes if rotation is not None else 0
        if most and self._size and self._size + len(piece) > most:
            self._put_aside()
        try:
            self._write(piece)
            if sync:
                os.fsync(self._fd)
        except OSError:
            with suppress(OSError):  # what is left is cut before the next piece
                os.ftruncate(self._fd, self._size)
            raise
        self._size += len(piece)

    def sync(self) -> None:
        """Put what was added on the disk; raise OSError."""
        os.fsync(self._fd)

    def tidy(self) -> None:
        """Remove what was put aside and is too old, or too much."""
        rotation = self._settings.rotation
        if rotation is None:
            return
        aside = put_aside(self.path)[::-1]
        stale = aside[rotation.max_backups :] if rotation.max_backups else []
        if rotation.max_days:
            oldest = datetime.now(UTC).timestamp() - rotation.max_days * SECONDS_A_DAY
            stale += [path for path in aside if _modified(path) < oldest]
        for path in stale:
            path.unlink(missing_ok=True)

    def close(self) -> None:
        """Close the file."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _open(self) -> None:
        self._fd = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise OSError(error.errno, "another process writes it") from error
        size = os.fstat(self._fd).st_size
        self._size = whole_bytes(self._fd, self._settings.format, self._settings.compression)
        if self._size < size:
            self.cut = size - self._size
            os.ftruncate(self._fd, self._size)
        sync_folder(self.path.parent)

    def _renew(self) -> None:
        """Cut what a failure left behind; begin anew where somebody else has put the file aside."""
        found = os.fstat(self._fd)
        if found.st_size > self._size:
            os.ftruncate(self._fd, self._size)
        elif found.st_size < self._size:  # somebody has emptied it
            self._size = found.st_size
        try:
            there = self.path.stat()
        except FileNotFoundError:
            there = None
        if there is None or (there.st_dev, there.st_ino) != (found.st_dev, found.st_ino):
            self._begin()

    def _put_aside(self) -> None:
        """Give the file a name of its time (as the Collector does), and begin a new one."""
        os.fsync(self._fd)
        stamp = datetime.now(UTC).strftime(STAMP)
        self.path.rename(self.path.with_name(f"{self.path.stem}-{stamp}{self.path.suffix}"))
        self._begin()
        with suppress(OSError):
            self.tidy()

    def _begin(self) -> None:
        before = self._fd
        try:
            self._open()
        except (OSError, ForeignFile) as error:
            if self._fd not in {before, -1}:
                os.close(self._fd)
            self._fd = before
            raise OSError(
                getattr(error, "errno", None) or 0, f"{error}" or "it holds something else"
            ) from error
        os.close(before)

    def _write(self, piece: bytes) -> None:
        rest = memoryview(piece)
        while rest:
            rest = rest[os.write(self._fd, rest) :]


def sync_folder(path: Path) -> None:
    """Put the names in a directory on the disk; raise OSError."""
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def put_aside(path: Path) -> list[Path]:
    """Return the files that were put aside for this one, the oldest first."""
    head, tail = path.stem + "-", path.suffix
    found: list[Path] = []
    for each in path.parent.iterdir() if path.parent.is_dir() else ():
        name = each.name
        if (
            name.startswith(head)
            and name.endswith(tail)
            and _is_stamp(name[len(head) : len(name) - len(tail)])
        ):
            found.append(each)
    return sorted(found)


def _is_stamp(text: str) -> bool:
    try:
        datetime.strptime(text, STAMP)  # noqa: DTZ007 - only whether it is one
    except ValueError:
        return False
    return True


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return float("inf")
