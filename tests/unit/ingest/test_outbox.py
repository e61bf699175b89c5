"""What the service knows of the queue is what the writer told last."""

from __future__ import annotations

import asyncio

import pytest

from otel_bridge.errors import Unavailable
from otel_bridge.ingest import frames
from otel_bridge.ingest.outbox import ServiceOutbox
from otel_bridge.queue.base import Cursor, Lane, QueueSizes


def sizes(size=0):
    return QueueSizes(
        now=0, bytes=size, max_bytes=9, records=0, dead_bytes=0, dead_calls=0, damaged=0, totals=()
    )


def lane(number, *waiting, records=1):
    cursors = tuple(Cursor(destination=name, seq=0, records=records, calls=1, bytes=1) for name in waiting)
    return Lane(id=number, project_id="a/b", shard=1, last_seq=1, cursors=cursors)


def tell(outbox, *lanes, whole=False, size=0):
    outbox.hear(frames.QueueChanged(lanes, sizes(size), whole))


def seen(outbox, name="weave"):
    return sorted(each.id for each in outbox.lanes(name))


async def test_lanes_are_those_in_which_something_waits():
    outbox = ServiceOutbox()
    tell(outbox, lane(1, "weave"), lane(2, "audit"), lane(3, "weave", records=0), whole=True)
    assert (seen(outbox), seen(outbox, "audit"), seen(outbox, "nobody")) == ([1], [2], [])
    tell(outbox, lane(1, "weave", records=0), lane(3, "weave"), size=5)
    assert (seen(outbox), outbox.sizes().bytes) == ([3], 5)


async def test_a_lane_that_is_gone_is_forgotten():
    outbox = ServiceOutbox()
    tell(outbox, lane(1, "weave"))
    tell(outbox, lane(1))
    assert seen(outbox) == []


async def test_a_writer_that_starts_again_tells_everything_anew():
    outbox = ServiceOutbox()
    tell(outbox, lane(1, "weave"), lane(2, "weave"), whole=True)
    tell(outbox, lane(2, "weave"), whole=True)
    assert seen(outbox) == [2]


async def test_whoever_waits_for_changes_is_woken_and_misses_none():
    outbox = ServiceOutbox()
    waiting = asyncio.create_task(outbox.changes(0))
    await asyncio.sleep(0)
    assert not waiting.done()
    tell(outbox, lane(1, "weave"))
    tell(outbox, lane(2, "weave"))
    assert await asyncio.wait_for(waiting, 30) == 2
    assert await asyncio.wait_for(outbox.changes(1), 30) == 2


async def test_sizes_alone_wake_nobody():
    outbox = ServiceOutbox()
    tell(outbox, lane(1, "weave"))
    waiting = asyncio.create_task(outbox.changes(1))
    tell(outbox, size=3)
    await asyncio.sleep(0)
    assert not waiting.done()
    waiting.cancel()


async def test_settling_without_a_writer_is_for_later():
    with pytest.raises(Unavailable):
        await ServiceOutbox().settle("weave", 1, 1)
