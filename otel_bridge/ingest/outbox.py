"""The queue as the service sees it (`queue.base.Outbox`): what the writer told, and a way to answer it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from otel_bridge.errors import Unavailable
from otel_bridge.ingest import frames
from otel_bridge.queue.base import QueueSizes

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from otel_bridge.ingest.child import Child
    from otel_bridge.queue.base import DeadCall, Lane

_NOTHING = QueueSizes(
    now=0, bytes=0, max_bytes=0, records=0, dead_bytes=0, dead_calls=0, damaged=0, totals=()
)


class ServiceOutbox:
    """Remembers every lane in which something waits, by destination."""

    def __init__(self) -> None:
        self._writer: Child | None = None
        self._lanes: dict[int, Lane] = {}
        self._waiting: dict[str, dict[int, Lane]] = {}
        self._sizes = _NOTHING
        self._count = 0
        self._changed = asyncio.Event()

    def reach(self, writer: Child) -> None:
        """Take the process that keeps the queue."""
        self._writer = writer

    def hear(self, told: frames.QueueChanged) -> None:
        """Take what the writer tells."""
        if told.whole:
            self._lanes.clear()
            self._waiting.clear()
        for lane in told.lanes:
            self._take(lane)
        self._sizes = told.sizes
        if told.lanes or told.whole:
            self._count += 1
            self._changed.set()

    def lanes(self, destination: str) -> Collection[Lane]:
        """Return the lanes in which something waits for a destination, as the writer last told."""
        return self._waiting.get(destination, {}).values()

    def lane(self, destination: str, lane: int) -> Lane | None:
        """Return one of these lanes; None when nothing waits for the destination there."""
        return self._waiting.get(destination, {}).get(lane)

    def sizes(self) -> QueueSizes:
        """Return how full the queue is, as the writer last told."""
        return self._sizes

    async def changes(self, seen: int) -> int:
        """Wait until lanes have changed more than `seen` times (0 at first); return how often by now."""
        while self._count <= seen:
            self._changed.clear()
            await self._changed.wait()
        return self._count

    async def settle(
        self,
        destination: str,
        lane: int,
        through: int,
        *,
        dead: Sequence[DeadCall] = (),
        damaged: Sequence[int] = (),
    ) -> None:
        """`QueueWriter.settle`, kept when it returns. Raise Unavailable when it could not be: try again."""
        if self._writer is None:
            raise Unavailable("the queue is being opened")
        request = frames.Settle(
            self._writer.number(), destination, lane, through, tuple(dead), tuple(damaged)
        )
        await self._writer.ask(request)

    def _take(self, lane: Lane) -> None:
        before = self._lanes.pop(lane.id, None)
        for cursor in before.cursors if before is not None else ():
            self._waiting.get(cursor.destination, {}).pop(lane.id, None)
        if not lane.cursors:
            return
        self._lanes[lane.id] = lane
        for cursor in lane.cursors:
            if cursor.records:
                self._waiting.setdefault(cursor.destination, {})[lane.id] = lane
