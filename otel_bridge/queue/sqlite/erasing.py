"""Erases calls from what waits and from dead letters (`QueueWriter.erase`), and overwrites their space."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING, Any, Final

from otel_bridge.queue.base import Record
from otel_bridge.queue.sqlite.book import oldest
from otel_bridge.queue.sqlite.frames import RECORD_BYTES, checksum, lent
from otel_bridge.queue.sqlite.queries import QUERIES, rows
from otel_bridge.queue.without import Without
from otel_bridge.store.erasure import EraseCursor, Erased
from otel_bridge.store.sqlite.scrub import Scrubber

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import apsw

    from otel_bridge.queue.base import DeadCall
    from otel_bridge.queue.sqlite.book import Book, LaneState
    from otel_bridge.queue.sqlite.dead import DeadLetters
    from otel_bridge.queue.sqlite.upkeep import Upkeep
    from otel_bridge.store.erasure import Erasure
    from otel_bridge.store.sqlite.codec import SpanCodec

STEP_RECORDS: Final = 16
RECENT: Final = 64
"""Erasures that are remembered until the process ends, for answers of upstreams that come later."""
HOLD_SECONDS: Final = 5.0
"""How long after its last step an erasure that does not come to its end keeps the cleaning waiting."""
_ERASED: Final = "erased"


class QueueErasing:
    """One step at a time; `step` inside the open transaction, `clean` between two."""

    def __init__(
        self,
        connection: apsw.Connection,
        dead: DeadLetters,
        codec: SpanCodec,
        upkeep: Upkeep,
        cut_log: Callable[[], bool],
        vfs: str | None,
    ) -> None:
        self._connection = connection
        self._dead = dead
        self._codec = codec
        self._upkeep = upkeep
        self._scrubbers = [Scrubber(connection, cut_log, vfs), dead.scrubber(vfs)]
        self._without: Without | None = None
        self._found = False
        self._packed = 0
        self._not_before = 0.0
        self._erased: set[int] = set()
        self._recent: deque[Without] = deque(maxlen=RECENT)
        self.pending = bool(rows(connection, QUERIES["marked"], _ERASED))

    def step(self, book: Book, asked: Erasure, cursor: EraseCursor) -> Erased:
        """Do one step of the phases `queue` and `dead`."""
        if self._without is None or self._without.asked != asked or cursor.after == cursor.through == 0:
            self._begin(asked)
        if cursor.phase == "dead":
            last, calls = self._dead.erase(self._less, cursor.after, dry_run=asked.dry_run)
            if last is not None:
                return Erased(cursor=EraseCursor("dead", last, cursor.through), calls=calls)
            self._without = None
            return Erased(cursor=None if asked.dry_run else EraseCursor("clean", 0, 0), calls=calls)
        found = rows(self._connection, QUERIES["some_of_all"], cursor.after, STEP_RECORDS)
        calls = sum(self._one(book, each, dry_run=asked.dry_run) for each in found)
        self._found = self._found or calls > 0
        if found:
            return Erased(cursor=EraseCursor("queue", found[-1][0], 1), calls=calls)
        again, self._found = self._found and not asked.dry_run, False
        return Erased(cursor=EraseCursor("queue" if again else "dead", 0, 1))

    def kept(self, dead: Sequence[DeadCall], project_id: str) -> list[DeadCall]:
        """Leave out what was erased while an upstream had it: it must not come back as a dead letter."""
        return [
            call for call in dead if not (call.seq in self._erased and self._was_erased(call, project_id))
        ]

    def _was_erased(self, call: DeadCall, project_id: str) -> bool:
        record = Record(
            seq=call.seq, kind=call.kind, calls=1, payload=call.payload, received_ns=call.received_ns
        )
        return any(each.less(record, project_id) is not None for each in self._recent)

    def is_clean(self) -> bool:
        """Tell whether nothing of what was erased is left in the files; cleaning begins at once."""
        self._not_before = 0.0
        return not self.pending

    def clean(self) -> bool:
        """Do one step of cleaning; True: there is more to do."""
        if not self.pending or time.monotonic() < self._not_before:
            return False
        if self._upkeep.has_dictionary or self._packed >= 0:
            self._unpack_some()
        elif all(scrubber.step() for scrubber in self._scrubbers):
            self._connection.execute(QUERIES["unmark"], (_ERASED,))
            self.pending = False
        return self.pending

    def _begin(self, asked: Erasure) -> None:
        self._without = Without(asked)
        self._found = False
        if asked.dry_run:
            return
        self._recent.append(self._without)
        self._connection.execute(QUERIES["mark"], (_ERASED,))
        self._connection.execute("PRAGMA secure_delete = ON")
        self._codec.forget()
        self._packed = 0
        self._not_before = time.monotonic() + HOLD_SECONDS
        self.pending = True
        for scrubber in self._scrubbers:
            scrubber.restart()

    def _less(self, record: Record, project_id: str) -> tuple[bytes, int] | None:
        """Return a record's payload without what is erased, and how many calls went; None: none did."""
        return self._without.less(record, project_id) if self._without is not None else None

    def _one(self, book: Book, found: Any, *, dry_run: bool) -> int:
        record, lane = lent(found, self._codec), book.lanes.get(found[1])
        if lane is None or record.damage is not None:
            return 0
        less = self._less(record, lane.project_id)
        if less is None:
            return 0
        payload, gone = less
        if not dry_run:
            self._replace(book, lane, found, payload, gone)
            self._erased.add(record.seq)
        return gone

    def _replace(self, book: Book, lane: LaneState, found: Any, payload: bytes, gone: int) -> None:
        seq, _, kind, barrier, calls, received_ns, run, _, frame = found
        before, after, left = len(frame) + RECORD_BYTES, 0, calls - gone
        if left > 0:
            frame = self._codec.pack(payload)
            after = len(frame) + RECORD_BYTES
            check = checksum(seq, lane.id, kind, barrier, left, received_ns, run, frame)
            new = (left, len(payload), after, check, frame, seq)
            self._connection.execute(QUERIES["replace_record"], new)
        else:
            self._connection.execute(QUERIES["erase_record"], (seq,))
        book.bytes += after - before
        book.records -= left <= 0
        for name, place in lane.places.items():
            if place.seq < seq:
                place.records -= left <= 0
                place.calls -= gone
                place.bytes += after - before
                place.oldest_at = oldest(self._connection, lane.id, place)
                book.total(name).lost += gone
        book.touch(lane)

    def _unpack_some(self) -> None:
        """Pack some records without the dictionary, which may hold what was erased; at the end it goes."""
        self._codec.forget(dictionary=True)
        self._upkeep.forget()
        found = rows(self._connection, QUERIES["some_of_all"], self._packed, STEP_RECORDS)
        with self._connection:
            for each in found:
                self._pack_plain(each)
            if not found:
                self._connection.execute(QUERIES["drop_dictionaries"])
        self._packed = found[-1][0] if found else -1
        if not found:
            self._upkeep.has_dictionary = False

    def _pack_plain(self, found: Any) -> None:
        seq, lane, kind, barrier, calls, received_ns, run, _, _ = found
        record = lent(found, self._codec)
        if record.damage is None and self._codec.dictionary_of(found[-1]):
            frame = self._codec.pack(record.payload)
            check = checksum(seq, lane, kind, barrier, calls, received_ns, run, frame)
            self._connection.execute(QUERIES["repack_record"], (check, frame, seq))
