"""Workers take tasks and give back what became of them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import msgspec

from otel_bridge.api.scoring.messages import EnqueueReq, LeaseReq, RenewReq, SettleReq, seconds
from otel_bridge.errors import Unavailable
from otel_bridge.model.tasks import Claimed, ClaimTasks, EnqueueTasks, RenewTasks, SettleTasks

if TYPE_CHECKING:
    from collections.abc import Callable

    from otel_bridge.api.parts import Parts
    from otel_bridge.api.scoring.desk import ScoringDesk

LEAST_WAIT_SECONDS: Final = 0.05
"""Between two looks for a worker that has no room for what is due."""
_MICROSECONDS: Final = 1_000_000
_NOTHING: Final = Claimed()


async def lease(parts: Parts, desk: ScoringDesk, asked: LeaseReq, gone: Callable[[], bool]) -> bytes:
    """Lend tasks and ended calls, waiting for some so long; `gone` tells when nobody waits any more.

    Waiting holds no thread and no transaction, and ends at once when the bridge stops; from then on nothing
    is lent, raise Unavailable.
    """
    if desk.closing.is_set():
        raise Unavailable("the bridge is stopping")
    loop = asyncio.get_running_loop()
    end = loop.time() + asked.wait_seconds
    claim = _claim(asked)
    while not (gone() or desk.closing.is_set()):
        seen = await desk.ledger.changes(-1)
        claimed = await desk.ledger.claim(claim)
        left = end - loop.time()
        if claimed.leased or claimed.ended or left <= 0:
            return msgspec.json.encode(claimed)
        due = left if claimed.due_at is None else (claimed.due_at - parts.clock()) / _MICROSECONDS
        await _changed(desk, seen, min(left, max(LEAST_WAIT_SECONDS, due)))
    return msgspec.json.encode(_NOTHING)


async def renew(_parts: Parts, desk: ScoringDesk, asked: RenewReq) -> bytes:
    """Lend tasks on."""
    lent = RenewTasks(
        worker=asked.worker, tasks=tuple(asked.tasks), lease_seconds=seconds(asked.lease_seconds)
    )
    return msgspec.json.encode(await desk.ledger.renew(lent))


async def settle(parts: Parts, desk: ScoringDesk, asked: SettleReq) -> bytes:
    """Keep what became of tasks."""
    settled = await desk.ledger.settle(SettleTasks(outcomes=tuple(asked.outcomes)))
    untried = sum(one.state == "queued" and one.error is None for one in asked.outcomes)
    retried = max(0, settled.queued - untried)
    parts.telemetry.scored(done=settled.done, failed=settled.failed, retried=retried)
    return msgspec.json.encode(settled)


async def enqueue(parts: Parts, desk: ScoringDesk, asked: EnqueueReq) -> bytes:
    """Queue what monitors ask for."""
    queued = await desk.enqueue(
        EnqueueTasks(tasks=tuple(asked.tasks), ended=tuple(asked.ended), again=asked.again)
    )
    parts.telemetry.scored(queued=queued)
    return msgspec.json.encode({"queued": queued})


def _claim(asked: LeaseReq) -> ClaimTasks:
    return ClaimTasks(
        worker=asked.worker,
        limit=asked.limit,
        lease_seconds=seconds(asked.lease_seconds),
        rooms=asked.rooms,
        each=asked.each,
        keys=None if asked.keys is None else tuple(asked.keys),
        ended=asked.limit if asked.ended is None else asked.ended,
    )


async def _changed(desk: ScoringDesk, seen: int, patience: float) -> None:
    """Wait until there may be more to lend, the bridge stops, or so many seconds are over."""
    waits = {
        asyncio.create_task(desk.ledger.changes(seen)),
        asyncio.create_task(desk.closing.wait()),
    }
    try:
        await asyncio.wait(waits, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for one in waits:
            one.cancel()
        await asyncio.wait(waits)
