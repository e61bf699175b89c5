"""Workers take tasks and give back what became of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from otel_bridge.api.scoring.messages import EnqueueReq, LeaseReq, RenewReq, SettleReq, seconds
from otel_bridge.api.scoring.traced import tell_of_runs
from otel_bridge.api.scoring.waiting import claim_when_due
from otel_bridge.errors import Unavailable
from otel_bridge.model.tasks import ClaimTasks, EnqueueTasks, RenewTasks, SettleTasks

if TYPE_CHECKING:
    from collections.abc import Callable

    from otel_bridge.api.parts import Parts
    from otel_bridge.api.scoring.desk import ScoringDesk


async def lease(_parts: Parts, desk: ScoringDesk, asked: LeaseReq, gone: Callable[[], bool]) -> bytes:
    """Lend tasks and ended calls, waiting for some so long; `gone` tells when nobody waits any more.

    Waiting ends at once when the bridge stops; from then on nothing is lent, raise Unavailable.
    """
    if desk.closing.is_set():
        raise Unavailable("the bridge is stopping")
    claimed = await claim_when_due(
        desk.ledger, _claim(asked), wait_seconds=asked.wait_seconds, closing=desk.closing, gone=gone
    )
    return msgspec.json.encode(claimed)


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
    if parts.telemetry.tracing.on:
        tell_of_runs(parts.telemetry.tracing, asked.outcomes)
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
