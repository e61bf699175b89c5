"""The one who writes the queue's file (`queue.base.QueueWriter`)."""

from __future__ import annotations

import secrets
import time
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Final

import apsw

from otel_bridge.errors import Unavailable
from otel_bridge.queue.base import Destination, QueueLimits, QueueSizes
from otel_bridge.queue.sqlite.book import Book
from otel_bridge.queue.sqlite.burial import Burial
from otel_bridge.queue.sqlite.clock import QueueClock
from otel_bridge.queue.sqlite.dead import DeadLetters
from otel_bridge.queue.sqlite.erasing import QueueErasing
from otel_bridge.queue.sqlite.frames import KINDS, RECORD_BYTES, checksum, codec_of
from otel_bridge.queue.sqlite.queries import APPLICATION_ID, QUERIES, SCHEMA
from otel_bridge.queue.sqlite.trouble import QueueFull, check_disk, why
from otel_bridge.queue.sqlite.upkeep import Upkeep
from otel_bridge.store.sqlite.checkpoint import MAX_WAL_BYTES, Checkpointer, wal_sizes
from otel_bridge.store.sqlite.connection import (
    open_reader,
    open_writer,
    set_journal,
    start_trouble,
    storage_trouble,
)
from otel_bridge.store.sqlite.migrate import check, migrate

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from pathlib import Path

    from otel_bridge.queue.base import DeadCall, Lane, NewRecord
    from otel_bridge.store.erasure import EraseCursor, Erased, Erasure

PAGE_BYTES: Final = 4096
"""A small record then costs a commit a few pages of 4 KB; large ones lie on pages of their own anyway."""
_WAL_SHARE: Final = 4
_MIN_WAL_BYTES: Final = 4 << 20
_LOST: Final = "the transaction was lost; nothing of it is kept"


class SqliteQueueWriter:
    """Owns the queue at `path` and the dead letters at `dead_path`; makes both.

    Raise StartError when a file cannot be used. What waits for destinations that are not among
    `destinations` any more stays until they come back, or until a person purges it.
    """

    def __init__(
        self,
        path: Path,
        dead_path: Path,
        destinations: Sequence[Destination],
        limits: QueueLimits | None = None,
        *,
        clock: partial[QueueClock] | type[QueueClock] = QueueClock,
        vfs: str | None = None,
    ) -> None:
        self._limits = limits or QueueLimits()
        self._folder = path.parent
        self._names = tuple(sorted(each.name for each in destinations))
        with start_trouble(path):
            self._connection = open_writer(path, vfs=vfs)
            try:
                self._set_up(path)
                self._book: Book | None = Book.load(self._connection)
                self._clock = clock(self._book.clock, self._book.wall)
                wal = min(MAX_WAL_BYTES, max(self._limits.max_bytes // _WAL_SHARE, _MIN_WAL_BYTES))
                self._log = Checkpointer(
                    self._connection, partial(open_writer, path, vfs=vfs), wal_sizes(wal)
                )
            except BaseException:
                self._connection.close()
                raise
        self._dead = DeadLetters(dead_path, max_bytes=self._limits.max_dead_bytes, vfs=vfs)
        self._codec = codec_of(self._connection)
        optional = frozenset(each.name for each in destinations if not each.required)
        reader = partial(open_reader, path, vfs=vfs)
        self._burial = Burial(self._connection, reader, self._dead, self._codec, optional)
        self._upkeep = Upkeep(self._connection, self._codec, self._clock)
        beside = (self._codec, self._upkeep, self._log.cut, vfs)
        self._erasing = QueueErasing(self._connection, self._dead, *beside)
        self._sizes: QueueSizes | None = None
        self._calls, self._dirty = 0, False
        self.databases = (self._connection, self._dead.database)
        """What is written through: the queue, the dead letters."""
        self._refused: dict[str, int] = {}

    def prepare(self, records: Sequence[NewRecord]) -> None:
        """Compress records, while a commit may be under way in its thread."""
        for record in records:
            self._codec.pack_ahead(record.payload)

    def begin(self) -> None:
        """Open a transaction. Raise Unavailable when the queue cannot take writes now."""
        with storage_trouble("queue"):
            if not self._log.tend():
                raise Unavailable("readers hold the queue's log at its size limit")
            if self._book is None:
                self._book = Book.load(self._connection)
            self._connection.execute("BEGIN IMMEDIATE")
            self._calls = 0
            self._dirty = False
            self._burial.begin()

    def put(self, records: Sequence[NewRecord]) -> None:
        """Add the records of one request, all or none, inside the open transaction."""
        calls = sum(record.calls for record in records)
        try:
            self._put(self._in_transaction(), records)
        except Unavailable as error:
            self._refuse(calls, error)
            raise
        self._calls += calls

    def settle(
        self,
        destination: str,
        lane: int,
        through: int,
        *,
        dead: Sequence[DeadCall] = (),
        damaged: Sequence[int] = (),
        given_up: bool = False,
    ) -> None:
        """Move a cursor: the destination has everything up to `through` but for the dead calls."""
        book = self._in_transaction()
        state = book.lanes.get(lane)
        if state is None or destination not in state.places:
            return
        with storage_trouble("queue"), self._losing():
            self._dirty = True
            dead = self._erasing.kept(dead, state.project_id)
            self._burial.settle(book, state, destination, through, dead, damaged, given_up=given_up)

    def erase(self, asked: Erasure, cursor: EraseCursor) -> Erased:
        """Erase some of what waits, and of the dead letters, inside the open transaction."""
        book = self._in_transaction()
        with storage_trouble("queue"), self._losing():
            self._dirty = True
            return self._erasing.step(book, asked, cursor)

    def is_clean(self) -> bool:
        """Tell whether nothing of what was erased is left in the files; cleaning begins at once."""
        return self._erasing.is_clean()

    def commit(self) -> None:
        """Return only when everything put since `begin` would survive a power cut."""
        book = self._in_transaction()
        self._dirty = True
        try:
            with storage_trouble("queue"):
                book.clock, book.wall = self._clock.now(), self._clock.wall()
                book.keep(self._connection)
                self._connection.execute("COMMIT")
        except Unavailable as error:
            self._refuse(self._calls, error)
            self._burial.failed(error.__cause__)
            self.rollback()
            raise

    def rollback(self) -> None:
        """Forget the open transaction; a no-op without one."""
        if self._connection.in_transaction:
            with suppress(apsw.Error):  # SQLite has rolled back by itself
                self._connection.execute("ROLLBACK")
        if self._dirty or (self._book is not None and self._book.touched):
            self._book = None  # it remembers what is lost

    def maintain(self) -> bool:
        """Do one short step of upkeep between two transactions (some ms). True: there is more to do."""
        if self._connection.in_transaction:
            return False
        try:
            self._log.tend()
            if self._erasing.clean() or self._expire() or self._forget_idle():
                return True
            return self._upkeep.step()
        except (apsw.Error, Unavailable):
            self.rollback()
            return False

    def changed(self) -> Sequence[Lane]:
        """Return the lanes that changed since this was asked last; all of them at first."""
        return self._book.take_changed() if self._book else ()

    def sizes(self) -> QueueSizes:
        """Tell how full the queue is; what was true last, while it cannot be read."""
        if self._book is None and self._sizes is not None:
            return self._sizes
        if self._book is None:
            self._book = Book.load(self._connection)
        dead_bytes, dead_calls = self._dead.sizes()
        self._sizes = QueueSizes(
            now=self._clock.now(),
            bytes=self._book.bytes,
            max_bytes=self._limits.max_bytes,
            records=self._book.records,
            dead_bytes=dead_bytes,
            dead_calls=dead_calls,
            damaged=self._book.damaged,
            totals=self._book.shown_totals(),
            refused=dict(self._refused),
        )
        return self._sizes

    def close(self) -> None:
        """Close the files; what was not committed is forgotten."""
        self.rollback()
        self._upkeep.close()
        self._log.close()
        self._burial.close()
        self._dead.close()
        self._connection.close()

    def _set_up(self, path: Path) -> None:
        check(self._connection, path, len(SCHEMA), application_id=APPLICATION_ID)
        set_journal(self._connection, page_bytes=PAGE_BYTES)
        migrate(self._connection, path, SCHEMA, application_id=APPLICATION_ID)
        self._connection.execute(QUERIES["make_state"], (secrets.token_hex(8), int(time.time())))

    def _in_transaction(self) -> Book:
        if not self._connection.in_transaction or self._book is None:
            raise Unavailable(_LOST)
        return self._book

    def _put(self, book: Book, records: Sequence[NewRecord]) -> None:
        frames = [self._codec.pack(record.payload) for record in records]
        size = sum(len(frame) + RECORD_BYTES for frame in frames)
        check_disk(self._folder, self._limits.min_free_bytes)
        with storage_trouble("queue"), self._losing():
            over = book.bytes + size - self._limits.max_bytes
            if over > 0 and not self._burial.make_room(book, over):
                raise QueueFull(
                    f"the queue is full: {book.bytes} of {self._limits.max_bytes} bytes wait to be delivered"
                )
            self._dirty = True
            self._insert(book, records, frames)

    def _insert(self, book: Book, records: Sequence[NewRecord], frames: Sequence[bytes]) -> None:
        now, rows = self._clock.now(), []
        for record, frame in zip(records, frames, strict=True):
            names = self._names if record.destinations is None else tuple(sorted(set(record.destinations)))
            lane = book.lane(self._connection, record.project_id, record.shard, names)
            seq = book.seq = book.seq + 1
            kind, size = KINDS.index(record.kind), len(frame) + RECORD_BYTES
            beside = (seq, lane.id, kind, int(record.barrier), record.calls)
            check = checksum(*beside, record.received_ns, record.wb_run_id, frame)
            rows.append(
                (*beside, len(record.payload), size, now, record.received_ns, record.wb_run_id, check, frame)
            )
            book.add(lane, seq, record.calls, size, now)
        self._connection.executemany(QUERIES["add_record"], rows)

    def _expire(self) -> bool:
        """Bury some of what is too old, in a transaction of its own."""
        if self._limits.max_age_seconds is None:
            return False
        if self._book is None:
            self._book = Book.load(self._connection)
        before = self._clock.now() - self._limits.max_age_seconds
        found = self._burial.too_old(self._book, before)
        if found is None:
            return False
        self.begin()
        self._burial.bury_old(self._book, *found, before)
        self.commit()
        return True

    def _forget_idle(self) -> bool:
        """Forget lanes in which nothing waits, where there are many: names of projects come from senders."""
        if self._book is None or not (idle := self._book.idle()):
            return False
        self.begin()
        self._dirty = True
        self._book.forget(self._connection, idle)
        self.commit()
        return True

    def _refuse(self, calls: int, error: Unavailable) -> None:
        reason = why(error)
        self._refused[reason] = self._refused.get(reason, 0) + calls

    @contextmanager
    def _losing(self) -> Generator[None]:
        """Forget the whole transaction when a request fails half written; one that is refused is not."""
        try:
            yield
        except QueueFull:
            raise
        except BaseException as error:
            self._burial.failed(error)
            self.rollback()
            raise
