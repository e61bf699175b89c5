"""Records to put into a queue, and a queue whose writer and reader are at hand."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from pathlib import Path

from otel_bridge.errors import Unavailable
from otel_bridge.queue.base import DeadCall, Destination, NewRecord, QueueLimits
from otel_bridge.queue.sqlite.clock import QueueClock
from otel_bridge.queue.sqlite.reader import SqliteQueueReader
from otel_bridge.queue.sqlite.writer import SqliteQueueWriter

PROJECT = "acme/prod"
WEAVE = "weave"
ONE = (Destination(WEAVE),)
TWO = (Destination(WEAVE), Destination("audit"))
ANY_DISK = QueueLimits(min_free_bytes=0)
MANY = 10**9


def a_record(
    text: str = "x", *, shard=1, calls=1, project=PROJECT, barrier=False, destinations=None
) -> NewRecord:
    return NewRecord(
        project_id=project,
        shard=shard,
        kind="calls",
        calls=calls,
        payload=text.encode(),
        received_ns=1_800_000_000_000_000_000,
        wb_run_id="run",
        barrier=barrier,
        destinations=destinations,
    )


def a_dead_call(seq: int, index: int = 0, reason="refused", payload=b"bad") -> DeadCall:
    return DeadCall(
        seq=seq, index=index, kind="calls", payload=payload, reason=reason, received_ns=1, status=400,
        answer=b"no",
    )  # fmt: skip


class Wheel:
    """The clocks a test turns."""

    def __init__(self) -> None:
        self.monotonic = 1000.0
        self.wall = 1_800_000_000.0


class Queue:
    """Writer and reader of one file; `open` again after `close` as often as wanted."""

    def __init__(self, path: Path, destinations=ONE, limits=ANY_DISK, *, vfs=None, wheel=None) -> None:
        self.path = path
        self.dead_path = path.with_name("dead_letters.db")
        self.destinations = destinations
        self.limits = limits
        self._vfs = vfs
        self._wheel = wheel or Wheel()
        self.open()

    def open(self) -> None:
        wheel = self._wheel
        clock = partial(QueueClock, monotonic=lambda: wheel.monotonic, wall=lambda: wheel.wall)
        self.writer = SqliteQueueWriter(
            self.path, self.dead_path, self.destinations, self.limits, clock=clock, vfs=self._vfs
        )
        self.reader = SqliteQueueReader(self.path)

    def close(self) -> None:
        self.reader.close()
        self.writer.close()

    def reopen(self, destinations=None) -> None:
        self.close()
        self.destinations = destinations or self.destinations
        self.open()

    def put(self, *records: NewRecord) -> None:
        self.writer.prepare(records)
        self.writer.begin()
        try:
            self.writer.put(records)
        except Unavailable:
            self.writer.rollback()
            raise
        self.writer.commit()

    def settle(self, lane: int, through: int, destination=WEAVE, *, dead=(), damaged=()) -> None:
        self.writer.begin()
        self.writer.settle(destination, lane, through, dead=dead, damaged=damaged)
        self.writer.commit()

    def lanes(self, destination=WEAVE):
        """Lanes in which something waits, with the destination's cursor in each."""
        rows = self.reader.ask("load_cursors")
        return [(lane, seq) for lane, name, seq, records, *_ in rows if name == destination and records]

    def lend(self, destination=WEAVE, *, max_calls=MANY, max_bytes=MANY):
        """What every lane lends now, barriers that have to wait left out."""
        return [
            (lane, record)
            for lane, cursor in self.lanes(destination)
            for record in self.reader.read(
                destination, lane, cursor, max_calls=max_calls, max_bytes=max_bytes
            ).records
        ]

    def waiting(self, destination=WEAVE) -> list[str]:
        """The payloads that wait, in the order of their numbers."""
        found = [
            record
            for lane, cursor in self.lanes(destination)
            for record in self.reader.records(lane, cursor, MANY)
        ]
        return [record.payload.decode() for record in sorted(found, key=lambda record: record.seq)]

    def drain(self, destination=WEAVE, **limits) -> list[str]:
        """Deliver everything; return the payloads in the order they were lent."""
        out: list[str] = []
        for _ in range(10_000):
            lent = self.lend(destination, **limits)
            if not lent:
                return out
            for lane, record in lent:
                out.append(record.payload.decode())
                damaged = [record.seq] if record.damage else []
                try:
                    self.settle(lane, record.seq, destination, damaged=damaged)
                except Unavailable:  # the file is damaged there: as whoever delivers, try again
                    self.writer.rollback()
                    self.settle(lane, record.seq, destination, damaged=damaged)
        raise AssertionError("the queue never runs empty")

    def letters(self):
        return list(self.writer._dead.letters())

    def total(self, destination=WEAVE):
        return next(t for t in self.writer.sizes().totals if t.destination == destination)

    def keep_up(self) -> None:
        for _ in range(10_000):
            if not self.writer.maintain():
                return
        raise AssertionError("upkeep never ends")

    def fill(self, text="x" * 1000) -> int:
        """Put records until one is refused; return how many were taken."""
        for number in range(100_000):
            with suppress(Unavailable):
                self.put(a_record(f"{number:06}{text}"))
                continue
            return number
        raise AssertionError("the queue never gets full")
