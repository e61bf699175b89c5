"""Overwrites what deleted rows leave behind in a database file: its free space, page by page.

SQLite forgets where a deleted row was, not its bytes; `secure_delete` overwrites what is deleted from then
on, not the copies that pages kept when their rows moved to other pages before. So the free space of every
page is overwritten here: whole free pages, the gaps and freed cells of b-tree pages, and the unused end of
the last page of a long value (the file format is https://www.sqlite.org/fileformat2.html).

Only bytes that mean nothing are written, so a crash at any point harms nothing. They are written to the file
itself, while the write-ahead log is empty and the write lock is held: nobody copies pages into the file then.
"""

from __future__ import annotations

import struct
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

import apsw

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

STEP_MILLISECONDS: Final = 20
"""How long one step overwrites."""
PASSES: Final = 2
"""A page may change places with one that was done before; the second pass finds what the first one missed.
Where nothing was written during the first one, it is enough."""
_INTERIOR_INDEX, _INTERIOR_TABLE, _LEAF_INDEX, _LEAF_TABLE = 2, 5, 10, 13
_BTREE: Final = frozenset({_INTERIOR_INDEX, _INTERIOR_TABLE, _LEAF_INDEX, _LEAF_TABLE})
_FREE_PAGE: Final = 2
"""What the pointer map says of a free page."""
_OVERFLOW: Final = frozenset({3, 4})
_MAP_ENTRY_BYTES: Final = 5
_FILE_HEAD_BYTES: Final = 100
_TRUNK_AT: Final = 32
_LONG_VARINT: Final = 9
_MANY_BYTES: Final = 0x80
"""The first byte of an integer of more than one byte is at least this."""


class Scrubber:
    """Scrubs the file of `connection`, the only one that writes; `cut_log` empties the write-ahead log."""

    def __init__(
        self, connection: apsw.Connection, cut_log: Callable[[], bool], vfs: str | None = None
    ) -> None:
        self._connection = connection
        self._cut_log = cut_log
        self._vfs = vfs
        self._page_bytes: int = connection.pragma("page_size")
        self._next = 1
        self._passes = 0
        self._changes = connection.total_changes()
        self._to_sync = False

    def restart(self) -> None:
        """Begin with the first page: more was deleted."""
        self._next, self._passes = 1, 0

    def step(self) -> bool:
        """Overwrite some pages, between two transactions; True when every page is done, and the log empty.

        A step that meets a log which readers keep from being emptied does nothing.
        """
        if not self._cut_log():
            return False
        self._connection.release_memory()  # pages in memory would bring back what is overwritten
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            log = Path(self._connection.filename_wal)
            if log.exists() and log.stat().st_size:
                return False
            self._some()
        finally:
            self._connection.execute("ROLLBACK")
            self._connection.release_memory()
        return self._passes >= PASSES

    def _some(self) -> None:
        flags = [apsw.SQLITE_OPEN_MAIN_DB | apsw.SQLITE_OPEN_READWRITE, 0]
        pages = self._connection.pragma("page_count")
        if self._next == 1:
            self._changes = self._connection.total_changes()
        deadline = time.monotonic() + STEP_MILLISECONDS / 1000
        file = apsw.VFSFile(self._vfs or "", self._connection.filename, flags)
        try:
            work = Pages(file, self._page_bytes)
            while self._next <= pages and time.monotonic() < deadline:
                work.scrub(self._next)
                self._next += 1
            self._to_sync |= work.written > 0
            if self._next > pages and self._to_sync:
                file.xSync(apsw.SQLITE_SYNC_NORMAL)  # of all steps: the mark to scrub stands until then
                self._to_sync = False
        finally:
            with suppress(apsw.Error):
                file.xClose()
        if self._next > pages:
            unchanged = self._changes == self._connection.total_changes()
            self._next, self._passes = 1, PASSES if unchanged else self._passes + 1


class Pages:
    """The pages of a file that nobody else writes meanwhile."""

    def __init__(self, file: apsw.VFSFile, page_bytes: int) -> None:
        self._file = file
        self._page_bytes = page_bytes
        head = self._read(1)
        self._usable = page_bytes - head[20]
        self._trunks = frozenset(self._trunk_pages(_number(head, _TRUNK_AT)))
        self._map_at = 0
        self._map = b""
        self.written = 0

    def scrub(self, number: int) -> None:
        """Overwrite the free space of a page."""
        kind = self._kind(number)
        if kind is None:
            return
        page = self._read(number)
        if kind == _FREE_PAGE:
            used = 8 + 4 * _number(page, 4) if number in self._trunks else 0
            self._blank(number, page, used, self._usable)
        elif kind not in _OVERFLOW:
            self._scrub_tree(number, page)

    def _kind(self, number: int) -> int | None:
        """Return what the pointer map says of a page; None for a page of the map itself."""
        if number == 1:
            return 1
        per_map = self._usable // _MAP_ENTRY_BYTES + 1
        at = (number - 2) // per_map * per_map + 2
        if number in {at, self._lock_page} or at == self._lock_page:
            return None
        if at != self._map_at:
            self._map_at, self._map = at, self._read(at)
        return self._map[_MAP_ENTRY_BYTES * (number - at - 1)]

    @property
    def _lock_page(self) -> int:
        """The page that holds the bytes of locks, and never anything else."""
        return (1 << 30) // self._page_bytes + 1

    def _scrub_tree(self, number: int, page: bytes) -> None:
        head = _FILE_HEAD_BYTES if number == 1 else 0
        kind = page[head]
        if kind not in _BTREE:
            return
        cells = int.from_bytes(page[head + 3 : head + 5])
        content = int.from_bytes(page[head + 5 : head + 7]) or 65536
        pointers = head + (8 if kind in {_LEAF_INDEX, _LEAF_TABLE} else 12)
        self._blank(number, page, pointers + 2 * cells, content)
        block = int.from_bytes(page[head + 1 : head + 3])
        while block:
            size = int.from_bytes(page[block + 2 : block + 4])
            self._blank(number, page, block + 4, block + size)
            block = int.from_bytes(page[block : block + 2])
        if kind != _INTERIOR_TABLE:
            skipped = 4 if kind == _INTERIOR_INDEX else 0
            for cell in struct.unpack_from(f">{cells}H", page, pointers):
                if page[cell + skipped] >= _MANY_BYTES:  # else the value is short, as most are
                    self._scrub_end(page, cell + skipped, kind)

    def _scrub_end(self, page: bytes, cell: int, kind: int) -> None:
        """Overwrite what lies behind the end of a value that has pages of its own."""
        size, cell = _varint(page, cell)
        usable = self._usable
        most = usable - 35 if kind == _LEAF_TABLE else (usable - 12) * 64 // 255 - 23
        if size <= most:
            return
        if kind == _LEAF_TABLE:
            _, cell = _varint(page, cell)
        least = (usable - 12) * 32 // 255 - 23
        local = least + (size - least) % (usable - 4)
        local = local if local <= most else least
        left, number = size - local, _number(page, cell + local)
        while left > usable - 4:
            number = _number(self._read(number, 4), 0)
            left -= usable - 4
        self._blank(number, self._read(number), 4 + left, usable)

    def _trunk_pages(self, number: int) -> Iterator[int]:
        while number:
            yield number
            number = _number(self._read(number, 4), 0)

    def _read(self, number: int, size: int | None = None) -> bytes:
        return self._file.xRead(size or self._page_bytes, (number - 1) * self._page_bytes)

    def _blank(self, number: int, page: bytes, begin: int, end: int) -> None:
        if page[begin:end].strip(b"\0"):
            self._file.xWrite(bytes(end - begin), (number - 1) * self._page_bytes + begin)
            self.written += 1


def _number(page: bytes, at: int) -> int:
    return int.from_bytes(page[at : at + 4])


def _varint(page: bytes, at: int) -> tuple[int, int]:
    """Read one of SQLite's variable-length integers; return it and where it ends."""
    value = 0
    for place in range(1, _LONG_VARINT + 1):
        byte = page[at]
        at += 1
        if place == _LONG_VARINT:
            return value << 8 | byte, at
        value = value << 7 | byte & 0x7F
        if byte < _MANY_BYTES:
            break
    return value, at
