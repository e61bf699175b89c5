"""What the writer remembers between transactions: lanes, cursors and totals. It can be loaded again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from otel_bridge.queue.base import Cursor, Lane, Totals
from otel_bridge.queue.sqlite.queries import QUERIES, row, rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    import apsw

MAX_IDLE_LANES: Final = 1_000
"""Lanes in which nothing waits; above, they are forgotten. Names of projects come from senders."""


@dataclass(slots=True)
class Place:
    """A destination's place in a lane; members as in `queue.base.Cursor`."""

    seq: int
    records: int = 0
    calls: int = 0
    bytes: int = 0
    oldest_at: int | None = None


@dataclass(slots=True)
class LaneState:
    """As `queue.base.Lane`; `places` by destination."""

    id: int
    project_id: str
    shard: int
    last_seq: int
    places: dict[str, Place]

    def behind(self) -> int:
        """Return up to where every destination has everything."""
        return min(place.seq for place in self.places.values())

    def shown(self) -> Lane:
        """Return what others may see."""
        cursors = tuple(
            Cursor(
                destination=name,
                seq=place.seq,
                records=place.records,
                calls=place.calls,
                bytes=place.bytes,
                oldest_at=place.oldest_at,
            )
            for name, place in self.places.items()
        )
        return Lane(
            id=self.id,
            project_id=self.project_id,
            shard=self.shard,
            last_seq=self.last_seq,
            cursors=cursors,
        )


@dataclass(slots=True)
class Total:
    """As `queue.base.Totals`."""

    put: int = 0
    delivered: int = 0
    dead: int = 0
    lost: int = 0


@dataclass(slots=True)
class Book:
    """Everything at once; changed within a transaction, written by `keep`, loaded anew after a failed one."""

    queue_id: str
    seq: int
    last_lane: int
    clock: int
    wall: int
    damaged: int
    records: int
    bytes: int
    lanes: dict[int, LaneState] = field(default_factory=dict)
    totals: dict[str, Total] = field(default_factory=dict)
    touched: set[int] = field(default_factory=set)
    changed: set[int] = field(default_factory=set)
    _by_key: dict[tuple[str, int, tuple[str, ...]], int] = field(default_factory=dict)

    @classmethod
    def load(cls, connection: apsw.Connection) -> Book:
        """Read what was committed."""
        book = cls(*row(connection, QUERIES["load_state"]))
        for name, *counts in rows(connection, QUERIES["load_destinations"]):
            book.totals[name] = Total(*counts)
        for number, project_id, shard, last_seq in rows(connection, QUERIES["load_lanes"]):
            book.lanes[number] = LaneState(number, project_id, shard, last_seq, {})
        for number, name, cursor, *counts in rows(connection, QUERIES["load_cursors"]):
            lane = book.lanes[number]
            place = lane.places[name] = Place(cursor, *counts)
            place.oldest_at = oldest(connection, number, place)
            lane.last_seq = max(lane.last_seq, cursor)
        for lane in book.lanes.values():
            book._by_key[lane.project_id, lane.shard, tuple(lane.places)] = lane.id
        book.changed.update(book.lanes)
        return book

    def lane(
        self, connection: apsw.Connection, project_id: str, shard: int, names: tuple[str, ...]
    ) -> LaneState:
        """Return the lane of a project's shard for these destinations, in the order of their names."""
        number = self._by_key.get((project_id, shard, names))
        if number is not None:
            return self.lanes[number]
        number = self.last_lane = self.last_lane + 1
        connection.execute(QUERIES["add_lane"], (number, project_id, shard))
        lane = LaneState(number, project_id, shard, self.seq, {name: Place(self.seq) for name in names})
        self.lanes[number] = lane
        self._by_key[project_id, shard, names] = number
        return lane

    def add(self, lane: LaneState, seq: int, calls: int, size: int, now: int) -> None:
        """Count a record that is put into a lane."""
        self.records += 1
        self.bytes += size
        lane.last_seq = seq
        for name, place in lane.places.items():
            place.records += 1
            place.calls += calls
            place.bytes += size
            place.oldest_at = now if place.oldest_at is None else place.oldest_at
            self.total(name).put += calls
        self.touch(lane)

    def total(self, destination: str) -> Total:
        """Return the totals of a destination."""
        return self.totals.setdefault(destination, Total())

    def touch(self, lane: LaneState) -> None:
        """Note that a lane has changed."""
        self.touched.add(lane.id)
        self.changed.add(lane.id)

    def keep(self, connection: apsw.Connection) -> None:
        """Write what has changed, in the open transaction."""
        state = (
            self.seq, self.last_lane, self.clock, self.wall, self.damaged, self.records, self.bytes,
        )  # fmt: skip
        connection.execute(QUERIES["keep_state"], state)
        names: set[str] = set()
        cursors = []
        for number in self.touched:
            for name, place in self.lanes[number].places.items():
                names.add(name)
                cursors.append((number, name, place.seq, place.records, place.calls, place.bytes))
        self.touched.clear()
        connection.executemany(QUERIES["keep_cursor"], cursors)
        totals = [(name, self.totals[name]) for name in names if name in self.totals]
        connection.executemany(
            QUERIES["keep_destination"], [(n, t.put, t.delivered, t.dead, t.lost) for n, t in totals]
        )

    def idle(self) -> list[LaneState]:
        """Return the lanes in which nothing waits, where there are many."""
        if len(self.lanes) <= MAX_IDLE_LANES:
            return []
        idle = [lane for lane in self.lanes.values() if not any(p.records for p in lane.places.values())]
        return idle if len(idle) > MAX_IDLE_LANES else []

    def forget(self, connection: apsw.Connection, lanes: Sequence[LaneState]) -> None:
        """Forget lanes in which nothing waits; in the open transaction."""
        for lane in lanes:
            del self.lanes[lane.id]
            del self._by_key[lane.project_id, lane.shard, tuple(lane.places)]
            self.changed.add(lane.id)
            connection.execute(QUERIES["drop_lane"], (lane.id,))
            connection.execute(QUERIES["drop_cursors"], (lane.id,))

    def take_changed(self) -> Sequence[Lane]:
        """Return the lanes that changed since this was asked last."""
        changed, self.changed = self.changed, set()
        return [
            lane.shown()
            if (lane := self.lanes.get(number))
            else Lane(id=number, project_id="", shard=0, last_seq=0, cursors=())
            for number in sorted(changed)
        ]

    def shown_totals(self) -> tuple[Totals, ...]:
        """Return the totals of every destination."""
        return tuple(
            Totals(
                destination=name,
                put=total.put,
                delivered=total.delivered,
                dead=total.dead,
                lost=total.lost,
                waiting=total.put - total.delivered - total.dead - total.lost,
            )
            for name, total in sorted(self.totals.items())
        )


def oldest(connection: apsw.Connection, lane: int, place: Place) -> int | None:
    """Return when the oldest record that waits came, None when nothing does."""
    if not place.records:
        return None
    found = row(connection, QUERIES["oldest"], lane, place.seq)
    return found and int(found[0])
