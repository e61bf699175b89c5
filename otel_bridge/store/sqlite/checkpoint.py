"""Keeps the write-ahead log short without making a commit wait for it.

Copying the log into the database is left to a thread with a connection of its own: a checkpoint runs beside
the writer and, in C, without the interpreter. What was written meanwhile is little; the writer copies it
between two transactions, and then the next transaction starts the log over.

It can start over only when the readers that came before that copy have ended, and others may come all the
time. Those that come after it do not matter. So the writer waits for a moment, and once the log is large, for
longer than any statement of a reader may take (`deadlines`). It refuses work above the limit, where somebody
else reads without end.
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Final

import apsw
from msgspec import Struct

from otel_bridge.store.sqlite.connection import BUSY_MILLISECONDS

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_WAL_BYTES: Final = 256 << 20
"""The log is never larger, whatever readers do."""
_FRAME_HEAD_BYTES: Final = 24
_WAIT_MILLISECONDS: Final = 50
"""How long the writer waits for readers at a time."""
_LONG_WAIT_MILLISECONDS: Final = 2_500
"""How long it waits once before it would refuse work: two statements of a reader, one after the other."""
_LONG_WAIT_AGAIN_SECONDS: Final = 10.0
"""After a long wait in vain, for so long there is no other."""


class WalSizes(Struct, frozen=True, kw_only=True):
    """Bytes of log at which something happens."""

    copy: int
    """The thread starts to copy."""
    finish: int
    """At most this much is copied between two transactions."""
    reset: int
    """The writer waits for readers, so that the log can start over; half the way to `refuse`, for long."""
    refuse: int
    """No transaction begins."""


def wal_sizes(max_wal_bytes: int = MAX_WAL_BYTES) -> WalSizes:
    """Share a bound on the log among the steps; a quarter is room for the transaction under way."""
    return WalSizes(
        copy=max_wal_bytes // 4,
        finish=max_wal_bytes // 32,
        reset=max_wal_bytes // 2,
        refuse=max_wal_bytes * 3 // 4,
    )


class Checkpointer:
    """Tends the log of the writer's `connection`; `open_connection` makes one for the thread."""

    def __init__(
        self, connection: apsw.Connection, open_connection: Callable[[], apsw.Connection], sizes: WalSizes
    ) -> None:
        self._connection = connection
        self._open_connection = open_connection
        self._sizes = sizes
        self._frame_bytes: int = _FRAME_HEAD_BYTES + connection.pragma("page_size")
        self._orders: SimpleQueue[bool] = SimpleQueue()
        self._results: SimpleQueue[tuple[int, int] | None] = SimpleQueue()
        self._copying = False
        self._frames_then = 0
        self._written_then = self._written()
        self._written_at_order = 0
        self._next_try = 0
        self._no_long_wait_until = 0.0
        self._thread = threading.Thread(target=self._copy_on_order, name="checkpoint", daemon=True)
        self._thread.start()
        self._learn_at_start()

    @property
    def wal_bytes(self) -> int:
        """The bytes of log in use, at most: exact after each checkpoint, an upper bound in between."""
        return (self._frames_then + self._written() - self._written_then) * self._frame_bytes

    def tend(self) -> bool:
        """Do what the log needs, between two transactions; True when it would take another transaction."""
        if self._copying and not self._results.empty():
            self._finish()
        size = self.wal_bytes
        if size > self._sizes.reset and (size > self._sizes.refuse or size >= self._next_try):
            self._start_over(self._patience(size))
            self._next_try = self.wal_bytes + self._sizes.finish
        elif size > self._sizes.copy and not self._copying:
            self._copying = True
            self._written_at_order = self._written()
            self._orders.put(True)
        return self.wal_bytes <= self._sizes.refuse

    def cut(self) -> bool:
        """Copy everything and cut the log off, between two transactions; False: readers are in the way."""
        self._start_over(_WAIT_MILLISECONDS)
        return not self._copying and self.wal_bytes == 0

    @property
    def busy(self) -> bool:
        """Whether the thread is copying, or has copied and the rest is not done."""
        return self._copying

    def close(self) -> None:
        """End the thread."""
        self._orders.put(False)
        self._thread.join()

    def _finish(self) -> None:
        """Copy the rest, if it is little, so that the log can start over."""
        self._copying = False
        result = self._results.get()
        if result is None:
            return
        self._learn(result, self._written_at_order)
        _, copied = result
        if self.wal_bytes - copied * self._frame_bytes <= self._sizes.finish:
            self._copy_rest()

    def _copy_rest(self) -> None:
        written = self._written()
        with suppress(apsw.Error):  # a full or failing disk: the log stays, and is tried again
            try:
                self._checkpoint(apsw.SQLITE_CHECKPOINT_RESTART, _WAIT_MILLISECONDS)
                self._learn((0, 0), written)
            except apsw.BusyError:  # readers are in the way of starting over, not of copying
                self._learn(self._connection.wal_checkpoint(), written)

    def _start_over(self, milliseconds: int) -> None:
        """Wait for the thread, and for readers; copy everything and cut the log off."""
        if self._copying:
            self._finish()
        written = self._written()
        try:
            self._learn(self._checkpoint(apsw.SQLITE_CHECKPOINT_TRUNCATE, milliseconds), written)
        except apsw.Error:  # readers are in the way, or the disk is
            if milliseconds > _WAIT_MILLISECONDS:
                self._no_long_wait_until = time.monotonic() + _LONG_WAIT_AGAIN_SECONDS
            with suppress(apsw.Error):
                self._learn(self._connection.wal_checkpoint(), written)

    def _patience(self, size: int) -> int:
        late = size > (self._sizes.reset + self._sizes.refuse) // 2
        if late and time.monotonic() >= self._no_long_wait_until:
            return _LONG_WAIT_MILLISECONDS
        return _WAIT_MILLISECONDS

    def _checkpoint(self, mode: int, milliseconds: int) -> tuple[int, int]:
        self._connection.set_busy_timeout(milliseconds)
        try:
            return self._connection.wal_checkpoint(mode=mode)
        finally:
            self._connection.set_busy_timeout(BUSY_MILLISECONDS)

    def _learn_at_start(self) -> None:
        """Copy what an earlier writer left; a disk that is full now may have room later."""
        try:
            self._learn(self._connection.wal_checkpoint(), self._written_then)
        except apsw.Error:
            left = Path(self._connection.filename_wal)
            self._frames_then = left.stat().st_size // self._frame_bytes if left.exists() else 0

    def _learn(self, result: tuple[int, int], written: int) -> None:
        self._frames_then = max(result[0], 0)
        self._written_then = written

    def _written(self) -> int:
        """Count the pages that the writer has put into the log since it opened."""
        return int(self._connection.status(apsw.SQLITE_DBSTATUS_CACHE_WRITE)[0])

    def _copy_on_order(self) -> None:
        connection: apsw.Connection | None = None
        while self._orders.get():
            result: tuple[int, int] | None = None
            with suppress(
                apsw.Error
            ):  # a full or failing disk: the log stays, and the next order tries again
                connection = connection or self._open_connection()
                result = connection.wal_checkpoint()
            self._results.put(result)
        if connection is not None:
            connection.close()
