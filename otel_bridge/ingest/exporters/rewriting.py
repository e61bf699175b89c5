"""One file without what is erased: looked through, and only where something goes written anew beside itself.

The new file takes the place of the old one by a rename, so whoever reads or writes it finds either of them
whole; then the bytes of the old one are overwritten. A crash leaves the old one, and a file that goes with
the next start.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from otel_bridge.errors import InvalidRequest, Unavailable
from otel_bridge.ingest.exporters.growing import FILE_MODE, put_aside, sync_folder
from otel_bridge.ingest.exporters.lessening import Lessening
from otel_bridge.ingest.exporters.tail import ForeignFile, piece_end

if TYPE_CHECKING:
    from pathlib import Path

    from otel_bridge.ingest.exporters.remembered import WrittenFile
    from otel_bridge.queue.without import Without

STEP_BYTES: Final = 256 << 10
"""How much of a file a step looks at, unpacked, and a piece more: some milliseconds."""
ZERO_BYTES: Final = 4 << 20
"""How much of an old file a step overwrites."""
SUFFIX: Final = ".erasing"


def leftovers(path: Path) -> list[Path]:
    """Return what an erasure that was killed has left beside a file and those put aside for it."""
    return [each.with_name(each.name + SUFFIX) for each in (path, *put_aside(path))]


class Rewriting:
    """One file on its way; `done` when nothing is left to do, `changed` when something had to go.

    Raise FileNotFoundError when it is not there, InvalidRequest when another process writes it.
    """

    def __init__(self, file: WrittenFile, path: Path, without: Without, *, own: bool, dry_run: bool) -> None:
        self._file = file
        self._path = path
        self._part = path.with_name(path.name + SUFFIX)
        self._lessening = Lessening(file, without)
        self._dry_run = dry_run
        self._at = 0
        self._out = -1
        self._zeroed: int | None = None
        self.done = False
        self.changed = False
        self._fd = os.open(path, (os.O_RDONLY if dry_run else os.O_RDWR) | os.O_CLOEXEC)
        if not (own or dry_run):
            self._hold()

    def step(self) -> int:
        """Do a step; return how many spans and calls went from the file. Raise Unavailable."""
        try:
            if self._zeroed is not None:
                self._overwrite(self._zeroed)
                return 0
            return self._look()
        except ForeignFile:
            self.done = True  # nothing of ours
            return 0
        except OSError as error:
            self.close()
            raise Unavailable(f"{self._path} cannot be written: {error.strerror}") from error

    def close(self) -> None:
        """Close what is open; a new file that is not in its place yet goes."""
        if self._out >= 0:
            os.close(self._out)
            self._out = -1
            self._part.unlink(missing_ok=True)
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
        self.done = True

    def _hold(self) -> None:
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._fd)
            self._fd = -1
            raise InvalidRequest(f"{self._path} is written by another process; erase there, too") from error

    def _look(self) -> int:
        """Look at some pieces, and write those that stay where the file is written anew."""
        until = self._lessening.seen_bytes + STEP_BYTES
        gone = 0
        while self._lessening.seen_bytes < until:
            end = piece_end(self._fd, self._at, self._file.format, self._file.compression)
            if end is None:
                self._end()
                break
            piece = os.pread(self._fd, end - self._at, self._at)
            less = self._lessening.less(piece)
            if less is not None and not self._dry_run and self._out < 0:
                self._begin_anew()
                return 0
            left, some = less or (piece, 0)
            gone += some
            if self._out >= 0:
                _write(self._out, left)
            self._at = end
        return gone

    def _begin_anew(self) -> None:
        """Begin at the start of the file, with a new one beside it."""
        self._at = 0
        self._out = os.open(self._part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, FILE_MODE)
        found = os.fstat(self._fd)
        os.fchmod(self._out, found.st_mode & 0o777)
        with suppress(PermissionError):
            os.fchown(self._out, found.st_uid, found.st_gid)

    def _end(self) -> None:
        """Put the new file in the place of the old one, if that is still there."""
        if self._out < 0:
            self.done = True
            return
        self.changed = True
        found = os.fstat(self._fd)
        os.utime(self._out, ns=(found.st_atime_ns, found.st_mtime_ns))
        os.fsync(self._out)
        if not _is(self._path, found):
            self.close()  # it was put aside meanwhile: the next round finds it
            return
        self._part.rename(self._path)
        os.close(self._out)
        self._out = -1
        sync_folder(self._path.parent)
        self._zeroed = 0

    def _overwrite(self, at: int) -> None:
        """Overwrite some of the old file, unless it has another name: then somebody keeps it."""
        found = os.fstat(self._fd)
        if found.st_nlink == 0 and at < found.st_size:
            size = min(ZERO_BYTES, found.st_size - at)
            os.pwrite(self._fd, bytes(size), at)
            self._zeroed = at + size
            return
        os.fsync(self._fd)
        self.done = True


def _is(path: Path, found: os.stat_result) -> bool:
    try:
        there = path.stat()
    except FileNotFoundError:
        return False
    return (there.st_dev, there.st_ino) == (found.st_dev, found.st_ino)


def _write(fd: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(fd, rest) :]
