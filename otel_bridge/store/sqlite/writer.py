"""The one who writes calls into the SQLite file (`store.base.CallWriter`)."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Final

import apsw
from msgspec.structs import replace

from otel_bridge.errors import InvalidRequest, NotFound, Unavailable
from otel_bridge.model.annex import ANNEX_CHANGES
from otel_bridge.model.call import CompletedCall, StartedCall
from otel_bridge.model.tasks import Backlog
from otel_bridge.store.annex.changes import apply_annex, kept_size_of, size_of
from otel_bridge.store.changes import apply_changes
from otel_bridge.store.derive import Deriver
from otel_bridge.store.limits import StoreLimits
from otel_bridge.store.scoring.changes import apply_scoring, size_of_scoring
from otel_bridge.store.scoring.watching import Watch
from otel_bridge.store.sqlite.again import Again
from otel_bridge.store.sqlite.annex import SqliteAnnexRows, SqliteAnnexSlots
from otel_bridge.store.sqlite.book import Book
from otel_bridge.store.sqlite.checkpoint import Checkpointer, wal_sizes
from otel_bridge.store.sqlite.cleaning import Cleaning
from otel_bridge.store.sqlite.connection import open_writer, set_journal, start_trouble, storage_trouble
from otel_bridge.store.sqlite.erasing import Erasing
from otel_bridge.store.sqlite.migrate import check, migrate, steps
from otel_bridge.store.sqlite.queries import ANNEX
from otel_bridge.store.sqlite.retention import Retention, max_wal_bytes
from otel_bridge.store.sqlite.scoring import SqliteTaskSlots, backlog
from otel_bridge.store.sqlite.scrub import Scrubber
from otel_bridge.store.sqlite.slots import SqliteSlots
from otel_bridge.store.sqlite.training import Training
from otel_bridge.translate.options import DEFAULT

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from pathlib import Path

    from otel_bridge.model.annex import AnnexChange
    from otel_bridge.model.call import Change
    from otel_bridge.model.tasks import ScoringAnswer, ScoringChange
    from otel_bridge.store.base import Applied
    from otel_bridge.store.derive import Translate
    from otel_bridge.store.erasure import EraseCursor, Erased, Erasure
    from otel_bridge.store.retranslation import Cursor, Retranslated, Retranslation
    from otel_bridge.store.scoring.results import Results
    from otel_bridge.store.scoring.watching import Watched

__all__ = ["SqliteWriter", "StoreLimits"]

_EVICT_EXTRA: Final = 32
_CALL_BYTES: Final = 1024
"""The least that a call which makes room is worth; more room than needed is made, once."""
_LOST: Final = "the transaction was lost; nothing of it is kept"


class SqliteWriter:
    """Owns the database at `path`: creates it, brings it to this version's schema, writes.

    Raise StartError when the file cannot be used. `translate` turns spans into calls, by default as the
    translator does; `translator` is its stamp (`translate.options`), kept beside each span.
    """

    def __init__(
        self,
        path: Path,
        limits: StoreLimits | None = None,
        *,
        translate: Translate | None = None,
        translator: int = DEFAULT.stamp,
        watched: Watched | None = None,
        vfs: str | None = None,
    ) -> None:
        limits = limits or StoreLimits()
        with start_trouble(path):
            self._connection = connection = open_writer(path, vfs=vfs)
            try:
                check(connection, path, len(steps()))
                set_journal(connection)
                migrate(connection, path, steps())
                self._book = Book(connection, translator=translator)
                self._retention = Retention(connection, self._book, limits)
                sizes = wal_sizes(max_wal_bytes(limits))
                self._log = Checkpointer(connection, partial(open_writer, path, vfs=vfs), sizes)
            except BaseException:
                connection.close()
                raise
        self._watch = Watch(watched)
        projects = [name for (name,) in connection.execute(ANNEX["projects_with_monitors"])]
        self._watch.look(SqliteAnnexRows(connection), projects)
        self._watch.kept()
        self._deriver = Deriver(translate)
        self._again = Again(connection, self._book, self._deriver)
        self._training = Training()
        scrubber = Scrubber(connection, self._log.cut, vfs)
        self._cleaning = Cleaning(connection, self._book, self._training, scrubber)
        self._erasing = Erasing(connection, self._book, self._deriver, self._cleaning)
        self._backlog = Backlog()
        self._over = False
        self._evicted = 0

    @property
    def expired(self) -> int:
        """Calls that retention and the size cap removed since the store was opened."""
        return self._retention.expired

    @property
    def database(self) -> apsw.Connection:
        """What the store is written through, for a copy of it."""
        return self._connection

    def prepare(self, changes: Sequence[Change | AnnexChange]) -> None:
        """Compress the spans of `changes`, while a commit may be under way in its thread."""
        for change in changes:
            start = change.start if isinstance(change, CompletedCall) else change
            if isinstance(start, StartedCall) and start.span is not None:
                self._book.codec.pack_ahead(start.span)

    def begin(self) -> None:
        """Open a transaction. Raise Unavailable when the store cannot take writes now."""
        with storage_trouble():
            if not self._log.tend():
                raise Unavailable("readers hold the store's log at its size limit")
            self._over = self._retention.is_over()
            self._connection.execute("BEGIN IMMEDIATE")
            self._evicted = 0

    def apply(self, changes: Sequence[Change | AnnexChange], *, received_at: int) -> Applied:
        """Apply the changes of one request inside the open transaction, all or none of them."""
        if not self._connection.in_transaction:
            raise Unavailable(_LOST)
        if changes and isinstance(changes[0], ANNEX_CHANGES):
            return self._apply_annex(changes, received_at)  # type: ignore[arg-type]  # of one kind throughout
        with storage_trouble(), self._losing():
            if self._over:
                self._evicted += self._retention.make_room(2 * len(changes) + _EVICT_EXTRA)
            return self._apply_calls(changes, received_at, self._watch)  # type: ignore[arg-type]  # as above

    def _apply_calls(self, changes: Sequence[Change], received_at: int, watch: Watch | None) -> Applied:
        slots = SqliteSlots(self._connection, self._book, received_at=received_at, watch=watch)
        slots.look_up(changes)
        applied = apply_changes(slots, changes, self._deriver)
        slots.flush()
        return applied

    def apply_scoring(self, change: ScoringChange, *, now: int) -> ScoringAnswer:
        """Change scoring tasks, and what hangs on them, inside the open transaction."""
        if not self._connection.in_transaction:
            raise Unavailable(_LOST)
        with storage_trouble(), self._losing():
            if self._over and (size := size_of_scoring(change)):
                self._evicted += self._retention.make_room(2 * size + _EVICT_EXTRA)
            self._book.backlog_changed = True
            slots = SqliteTaskSlots(self._connection, self._book)
            return apply_scoring(slots, change, now=now, keep=partial(self._keep_results, now))

    def _keep_results(self, now: int, results: Results) -> None:
        if results.calls:
            self._apply_calls(results.calls, now, None)
        if results.feedback:
            rows = [replace(row, created_at=now) for row in results.feedback]
            SqliteAnnexSlots(self._connection, self._book).put_feedback(rows)

    def backlog(self) -> Backlog:
        """Return how much scoring is to be done; counted only when it may have changed."""
        if self._book.backlog_changed:
            with storage_trouble():
                self._backlog = backlog(self._connection)
            self._book.backlog_changed = False
        return self._backlog

    def retranslate(self, asked: Retranslation, cursor: Cursor | None = None) -> Retranslated:
        """Derive some stored calls again inside the open transaction."""
        if not self._connection.in_transaction:
            raise Unavailable(_LOST)
        with storage_trouble(), self._losing():
            if self._over:
                self._evicted += self._retention.make_room(_EVICT_EXTRA)
            return self._again.step(asked, cursor)

    def erase(self, asked: Erasure, cursor: EraseCursor | None = None) -> Erased:
        """Erase some calls inside the open transaction."""
        if not self._connection.in_transaction:
            raise Unavailable(_LOST)
        with storage_trouble(), self._losing():
            return self._erasing.step(asked, cursor)

    def _apply_annex(self, changes: Sequence[AnnexChange], received_at: int) -> Applied:
        """Apply changes beside calls; what is refused is refused before anything is written."""
        self._retention.check_room(kept_size_of(changes))
        with storage_trouble(), self._losing():
            if self._over:
                self._evicted += self._retention.make_room(size_of(changes) // _CALL_BYTES + _EVICT_EXTRA)
            slots = SqliteAnnexSlots(self._connection, self._book)
            applied = apply_annex(slots, changes, received_at=received_at)
            self._watch.look_after(slots, changes)
            return applied

    def commit(self) -> None:
        """Return only when everything applied would survive a power cut."""
        if not self._connection.in_transaction:
            raise Unavailable(_LOST)
        try:
            with storage_trouble():
                self._connection.execute("COMMIT")
        except Unavailable:
            self.rollback()
            raise
        self._watch.kept()
        self._retention.expired += self._evicted

    def rollback(self) -> None:
        """Forget the open transaction; a no-op without one."""
        if self._connection.in_transaction:
            with suppress(apsw.Error):  # SQLite has rolled back by itself
                self._connection.execute("ROLLBACK")
        self._book.rolled_back()
        self._watch.rolled_back()

    def maintain(self, *, now: int) -> bool:
        """Do one short step of upkeep; trouble with the disk is left for the next time."""
        if self._connection.in_transaction:
            return False
        book = self._book
        try:
            self._log.tend()
            self._connection.execute("PRAGMA synchronous = NORMAL")
            self._training.step(book.codec, book.keep_dictionary, wanted=not book.has_dictionary)
            if self._cleaning.pending:
                more = self._cleaning.step()
                return self._retention.expire(now) or self._retention.evict() or more
            return self._retention.expire(now) or self._retention.evict() or self._retention.shrink()
        except apsw.Error:
            return False
        finally:
            with suppress(apsw.Error):
                self._connection.execute("PRAGMA synchronous = FULL")

    def close(self) -> None:
        """Close the store; what was not committed is forgotten."""
        self.rollback()
        self._training.close()
        self._log.close()
        self._connection.close()

    @contextmanager
    def _losing(self) -> Generator[None]:
        """Forget the whole transaction when a request fails half written; one that is refused is not."""
        try:
            yield
        except BaseException as error:
            if isinstance(error, InvalidRequest | NotFound):
                raise
            self.rollback()
            if isinstance(error, apsw.FullError):
                self._retention.press()
            raise
