"""Moves cursors: what was delivered goes, what will never be becomes dead letters (`queue.sqlite.dead`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import apsw

from otel_bridge.queue.sqlite.book import Book, LaneState, Place, oldest
from otel_bridge.queue.sqlite.dead import WHOLE, DeadLetters, Letter
from otel_bridge.queue.sqlite.frames import read_range
from otel_bridge.queue.sqlite.queries import QUERIES, row, rows

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from otel_bridge.queue.base import DeadCall, Reason, Record
    from otel_bridge.store.sqlite.codec import SpanCodec

STEP_RECORDS: Final = 32
"""Records that are buried at once."""


class Burial:
    """Works within the open transaction of `connection`; `optional` destinations make room for others.

    `open_reader` opens the same file to read what was committed.
    """

    def __init__(
        self,
        connection: apsw.Connection,
        open_reader: Callable[[], apsw.Connection],
        dead: DeadLetters,
        codec: SpanCodec,
        optional: frozenset[str],
    ) -> None:
        self._connection = connection
        self._open_reader = open_reader
        self._beside: apsw.Connection | None = None
        self._dead = dead
        self._codec = codec
        self._optional = optional
        self._damaged: set[int] = set()
        self._dropping: set[int] = set()

    def begin(self) -> None:
        """Begin a transaction."""
        self._dropping.clear()

    def close(self) -> None:
        """Close what it reads with."""
        if self._beside is not None:
            self._beside.close()

    def failed(self, error: BaseException | None) -> None:
        """Learn why a transaction failed; deleting beside damaged pages fails it, and is not tried again."""
        if isinstance(error, apsw.CorruptError):
            self._damaged |= self._dropping

    def settle(
        self,
        book: Book,
        lane: LaneState,
        destination: str,
        through: int,
        dead: Sequence[DeadCall],
        damaged: Sequence[int],
        *,
        given_up: bool,
    ) -> None:
        """Move the cursor of a destination in a lane up to `through`."""
        place = lane.places[destination]
        through = min(through, lane.last_seq)
        if through <= place.seq:
            return
        buried = [call for call in dead if place.seq < call.seq <= through]
        letters = [_letter_of(call, lane, destination) for call in buried]
        spoilt = [
            each
            for seq in damaged
            if place.seq < seq <= through
            for each in self._read(lane.id, seq - 1, seq)
        ]
        letters += [_spoilt(record, frame, lane, destination) for record, frame in spoilt]
        dropped = self._dead.add(book.queue_id, letters)
        lost = sum(record.calls for record, _ in spoilt)
        book.damaged += len(spoilt)
        calls = self._move(book, lane, place, through)
        total = book.total(destination)
        total.dead += len(buried)
        rest = calls - len(buried) - lost
        total.lost += lost + rest * given_up
        total.delivered += rest * (not given_up)
        _count_dropped(book, dropped)

    def make_room(self, book: Book, size: int) -> bool:
        """Bury what only optional destinations wait for until `size` bytes are free; True: they are."""
        wanted = book.bytes - size
        while book.bytes > wanted:
            found = self._oldest_optional(book)
            if found is None:
                return False
            lane, name, bound = found
            book.touch(lane)
            self._bury(book, lane, name, self._step(lane, name, bound), "overflow")
        return True

    def too_old(self, book: Book, before: int) -> tuple[LaneState, str] | None:
        """Return a lane and a destination with something that came before a moment of the queue's clock."""
        for lane in book.lanes.values():
            for name, place in lane.places.items():
                if place.oldest_at is not None and place.oldest_at < before:
                    return lane, name
        return None

    def bury_old(self, book: Book, lane: LaneState, name: str, before: int) -> None:
        """Bury some of what came before a moment of the queue's clock."""
        place = lane.places[name]
        found = rows(self._connection, QUERIES["came_before"], lane.id, place.seq, STEP_RECORDS)
        old = [seq for seq, came_at in found if came_at < before]
        if old:
            self._bury(book, lane, name, old[-1], "too_old")
        else:
            place.oldest_at = oldest(self._connection, lane.id, place)

    def _bury(self, book: Book, lane: LaneState, name: str, through: int, reason: Reason) -> None:
        place = lane.places[name]
        total, letters, lost = book.total(name), [], 0
        for record, frame in self._read(lane.id, place.seq, through):
            if record.damage is None:
                letters.append(_letter(record, lane, name, reason))
                continue
            lost += record.calls
            book.damaged += 1
            letters.append(_spoilt(record, frame, lane, name))
        dropped = self._dead.add(book.queue_id, letters)
        calls = self._move(book, lane, place, through)
        total.dead += calls - lost
        total.lost += lost
        _count_dropped(book, dropped)

    def _move(self, book: Book, lane: LaneState, place: Place, through: int) -> int:
        """Move a cursor, and drop what lies behind all of the lane; return how many calls it passed."""
        records, calls, size = self._measure(lane.id, place.seq, through)
        behind = lane.behind()
        place.seq = through
        place.records -= records
        place.calls -= calls
        place.bytes -= size
        place.oldest_at = oldest(self._connection, lane.id, place)
        now = lane.behind()
        if now > behind:
            gone, _, freed = self._measure(lane.id, behind, now)
            self._drop(lane.id, behind, now)
            book.records -= gone
            book.bytes -= freed
        book.touch(lane)
        return calls

    def _drop(self, lane: int, after: int, through: int) -> None:
        """Delete records. Where that met damaged pages and cost a transaction, they are left this time."""
        if lane in self._damaged:
            self._damaged.discard(lane)
        else:
            self._dropping.add(lane)
            self._connection.execute(QUERIES["drop_records"], (lane, after, through))

    def _read(self, lane: int, after: int, through: int) -> list[tuple[Record, bytes]]:
        """Read records to bury, beside the transaction: it would not outlive a damaged page."""
        if self._beside is None:
            self._beside = self._open_reader()
        found = list(read_range(self._beside, self._codec, lane, after, through))
        if len(found) == self._measure(lane, after, through)[0]:
            return found
        return list(read_range(self._connection, self._codec, lane, after, through))  # put just now

    def _measure(self, lane: int, after: int, through: int) -> tuple[int, int, int]:
        records, calls, size = row(self._connection, QUERIES["measure"], lane, after, through)
        return records, calls, size

    def _oldest_optional(self, book: Book) -> tuple[LaneState, str, int] | None:
        """Return the lane, destination and last seq of the oldest records that nobody required waits for."""
        best: tuple[int, LaneState, str, int] | None = None
        for lane in book.lanes.values():
            others = [place.seq for name, place in lane.places.items() if name not in self._optional]
            bound = min([lane.last_seq, *others])
            for name, place in lane.places.items():
                if name in self._optional and place.records and place.seq < bound:
                    found = (place.seq, lane, name, bound)
                    best = found if best is None or found[0] < best[0] else best
        return best and best[1:]

    def _step(self, lane: LaneState, name: str, bound: int) -> int:
        place = lane.places[name]
        heads = rows(self._connection, QUERIES["next_heads"], lane.id, place.seq, STEP_RECORDS)
        within: list[int] = [head[0] for head in heads if head[0] <= bound]
        return within[-1] if within else bound


def _letter(record: Record, lane: LaneState, destination: str, reason: Reason) -> Letter:
    return Letter(
        destination=destination,
        project_id=lane.project_id,
        kind=record.kind,
        reason=reason,
        calls=record.calls,
        payload=record.payload,
        received_ns=record.received_ns,
        wb_run_id=record.wb_run_id,
        seq=record.seq,
        item=WHOLE,
    )


def _letter_of(call: DeadCall, lane: LaneState, destination: str) -> Letter:
    return Letter(
        destination=destination,
        project_id=lane.project_id,
        kind=call.kind,
        reason=call.reason,
        calls=1,
        payload=call.payload,
        received_ns=call.received_ns,
        wb_run_id=call.wb_run_id,
        status=call.status,
        answer=call.answer,
        seq=call.seq,
        item=call.index,
    )


def _spoilt(record: Record, frame: bytes, lane: LaneState, destination: str) -> Letter:
    return Letter(
        destination=destination,
        project_id=lane.project_id,
        kind=record.kind,
        reason="corrupt",
        calls=record.calls,
        payload=frame,
        received_ns=record.received_ns,
        seq=record.seq,
    )


def _count_dropped(book: Book, dropped: dict[str, int]) -> None:
    """Letters that had to go for newer ones are lost."""
    for name, calls in dropped.items():
        total = book.total(name)
        total.dead -= calls
        total.lost += calls
