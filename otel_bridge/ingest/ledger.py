"""What a group of requests is kept in: the store, the queue, exporters of this process, as one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from otel_bridge.errors import InvalidRequest, Unavailable
from otel_bridge.store.base import Applied
from otel_bridge.store.erasure import EraseCursor, Erased

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from otel_bridge.ingest.exporters.base import Outlet
    from otel_bridge.ingest.exporters.erasing import FilesErasing
    from otel_bridge.ingest.fan import Written
    from otel_bridge.model.annex import AnnexChange
    from otel_bridge.model.call import Change
    from otel_bridge.model.tasks import ScoringAnswer, ScoringChange
    from otel_bridge.queue.base import DeadCall, NewRecord, QueueWriter
    from otel_bridge.store.base import CallWriter
    from otel_bridge.store.erasure import Erasure
    from otel_bridge.store.retranslation import Cursor, Retranslated, Retranslation

_NO_STORE = "this bridge keeps no calls: it passes them on"


class Ledger:
    """Transactions over whichever of them there are; each is opened when a request of the group needs it.

    The store commits first: where the queue then cannot, the sender is told to send again, which changes
    nothing in the store. Exporters come last: what they write again is the same again. A queue that is not
    `required` never fails a request: what it cannot keep is told to `missed`, in calls.
    """

    def __init__(
        self,
        store: CallWriter | None,
        queue: QueueWriter | None,
        *,
        required: bool = True,
        missed: Callable[[int], None] = lambda _calls: None,
        files: FilesErasing | None = None,
    ) -> None:
        self._store = store
        self._queue = queue
        self._files = files
        self._required = required or store is None
        self._missed = missed
        self._store_open = False
        self._queue_open = False
        self._settling = False
        self._calls = 0
        self._outlets: dict[str, Outlet] = {}

    def prepare(self, changes: Sequence[Change | AnnexChange], records: Sequence[NewRecord]) -> None:
        """Do ahead what `apply` would do; safe during a `commit`."""
        if self._store is not None and changes:
            self._store.prepare(changes)
        if self._queue is not None and records:
            self._queue.prepare(records)

    def begin(self) -> None:
        """Begin a group; nothing is opened before something is applied."""
        self._store_open = self._queue_open = self._settling = False
        self._calls = 0
        self._outlets = {}

    def apply(
        self,
        changes: Sequence[Change | AnnexChange],
        records: Sequence[NewRecord],
        *,
        received_at: int,
        written: Sequence[Written] = (),
    ) -> Applied:
        """Keep what one request brought; as `CallWriter.apply`, `QueueWriter.put` and `Outlet.put`."""
        if self._store is not None:
            self._open_store(self._store)
        if records and self._queue is not None:
            self._put(self._queue, records)
        applied = Applied()
        if self._store is not None:
            applied = self._store.apply(changes, received_at=received_at)
        for each in written:
            each.outlet.put(each.piece, each.count)
            self._outlets[each.outlet.name] = each.outlet
        return applied

    def retranslate(self, asked: Retranslation, cursor: Cursor | None) -> Retranslated:
        """As `CallWriter.retranslate`; raise InvalidRequest without a store."""
        if self._store is None:
            raise InvalidRequest(_NO_STORE)
        self._open_store(self._store)
        return self._store.retranslate(asked, cursor)

    def erase(self, asked: Erasure, cursor: EraseCursor | None) -> Erased:
        """Do one step: in the store, then in the queue and its dead letters, then in files of exporters."""
        phase = "calls" if cursor is None else cursor.phase
        if cursor is None and self._store is None:
            return self._first()
        if cursor is not None and phase in {"queue", "dead"}:
            return self._next_to_files(self._erase_queued(asked, cursor))
        if cursor is not None and phase == "files":
            return self._erase_files(asked, cursor)
        if cursor is not None and phase == "clean":
            return Erased(cursor=None if self._is_clean(asked, cursor) else cursor)
        if self._store is None:
            raise InvalidRequest(_NO_STORE)
        self._open_store(self._store)
        done = self._store.erase(asked, cursor)
        if self._queue is not None and done.cursor is not None and done.cursor.phase == "clean":
            return Erased(cursor=EraseCursor("queue", 0, 0), calls=done.calls)
        return self._next_to_files(done)

    def _first(self) -> Erased:
        """Begin without a store. What came before is committed when the next step is done."""
        if self._queue is None and self._files is None:
            raise InvalidRequest(_NO_STORE)
        return Erased(cursor=EraseCursor("files" if self._queue is None else "queue", 0, 0))

    def _next_to_files(self, done: Erased) -> Erased:
        """Go on with files where nothing is left before them."""
        is_last = done.cursor is None or done.cursor.phase == "clean"
        if self._files is None or not is_last:
            return done
        return Erased(cursor=EraseCursor("files", 0, 0), calls=done.calls)

    def _erase_files(self, asked: Erasure, cursor: EraseCursor) -> Erased:
        if self._files is None:
            raise InvalidRequest("no exporter of this bridge has written files")
        done = self._files.step(asked, cursor)
        to_clean = not asked.dry_run and (self._store is not None or self._queue is not None)
        if done.cursor is not None or not to_clean:
            return done
        return Erased(cursor=EraseCursor("clean", 0, 0), copies=done.copies)

    def _erase_queued(self, asked: Erasure, cursor: EraseCursor) -> Erased:
        if self._queue is None:
            raise InvalidRequest("this bridge has no queue")
        self._open_queue(self._queue)
        self._settling = True
        done = self._queue.erase(asked, cursor)
        return done if self._store is None else Erased(cursor=done.cursor)  # the store has counted them

    def _is_clean(self, asked: Erasure, cursor: EraseCursor) -> bool:
        clean = self._queue is None or self._queue.is_clean()
        if self._store is not None:
            self._open_store(self._store)
            clean = self._store.erase(asked, cursor).cursor is None and clean
        return clean

    def apply_scoring(self, change: ScoringChange, *, now: int) -> ScoringAnswer:
        """As `CallWriter.apply_scoring`; raise InvalidRequest without a store."""
        if self._store is None:
            raise InvalidRequest(_NO_STORE)
        self._open_store(self._store)
        return self._store.apply_scoring(change, now=now)

    def settle(
        self,
        destination: str,
        lane: int,
        through: int,
        *,
        dead: Sequence[DeadCall] = (),
        damaged: Sequence[int] = (),
    ) -> None:
        """As `QueueWriter.settle`."""
        if self._queue is not None:
            self._open_queue(self._queue)
            self._settling = True
            self._queue.settle(destination, lane, through, dead=dead, damaged=damaged)

    def commit(self) -> None:
        """Return only when everything applied would survive a power cut; raise Unavailable."""
        try:
            if self._store is not None and self._store_open:
                self._store.commit()
            if self._queue is not None and self._queue_open:
                self._commit_queue(self._queue)
            for outlet in self._outlets.values():
                outlet.commit()
        except BaseException:
            self.rollback()
            raise

    def rollback(self) -> None:
        """Forget the group."""
        if self._store is not None and self._store_open:
            self._store.rollback()
        if self._queue is not None and self._queue_open:
            self._queue.rollback()
        for outlet in self._outlets.values():
            outlet.rollback()

    def _open_store(self, store: CallWriter) -> None:
        if not self._store_open:
            store.begin()
            self._store_open = True

    def _open_queue(self, queue: QueueWriter) -> None:
        if not self._queue_open:
            queue.begin()
            self._queue_open = True

    def _put(self, queue: QueueWriter, records: Sequence[NewRecord]) -> None:
        calls = sum(record.calls for record in records)
        try:
            self._open_queue(queue)
            queue.put(records)
        except Unavailable:
            if self._required:
                raise
            self._missed(calls)
        else:
            self._calls += calls

    def _commit_queue(self, queue: QueueWriter) -> None:
        try:
            queue.commit()
        except Unavailable:
            if self._required or self._settling:
                raise
            self._missed(self._calls)
