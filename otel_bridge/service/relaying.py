"""Scoring jobs through Kafka: the producer of the service, and ended calls on their way to the workers."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from otel_bridge.api.scoring.waiting import claim_when_due
from otel_bridge.backoff import Backoff, Retry
from otel_bridge.errors import Unavailable
from otel_bridge.ingest.child import background
from otel_bridge.jobs.kafka.producer import open_producer
from otel_bridge.model.tasks import ClaimTasks, EnqueueTasks
from otel_bridge.telemetry import log

if TYPE_CHECKING:
    from contextlib import AsyncExitStack

    from otel_bridge.jobs.base import JobProducer
    from otel_bridge.jobs.kafka.settings import KafkaSettings
    from otel_bridge.store.scoring.base import Scoring

WORKER: Final = "call-ended-relay"
TOGETHER: Final = 1_000
"""Ended calls of one round."""
WAIT_SECONDS: Final = 30.0
LEASE_SECONDS: Final = 60
"""More than telling may take: then the same calls are told again."""
RETRY: Final = Retry(initial_interval=0.5, max_interval=30.0, multiplier=2.0)


async def open_jobs(owned: AsyncExitStack, settings: KafkaSettings, ledger: Scoring) -> JobProducer:
    """Open the producer, and begin to tell it of ended calls.

    Raise StartError when the client library is missing or the settings make no sense to it.
    """
    producer = await owned.enter_async_context(open_producer(settings))
    await owned.enter_async_context(background(relay(ledger, producer)))
    return producer


async def relay(ledger: Scoring, producer: JobProducer) -> None:
    """Tell of calls that ended, and let go of them once that is kept. Never returns."""
    backoff = Backoff(RETRY)
    while True:
        try:
            await _round(ledger, producer)
            backoff.reset()
        except Unavailable as error:
            wait = backoff.next()
            log().warning("ended_calls_not_told", reason=str(error), again_in=round(wait, 1))
            await asyncio.sleep(wait)
        except Exception as error:  # noqa: BLE001 - the top of a task; the calls are told of again
            log().error("ended_calls_not_told", reason=str(error) or type(error).__name__)
            await asyncio.sleep(RETRY.max_interval)


async def _round(ledger: Scoring, producer: JobProducer) -> None:
    asked = ClaimTasks(worker=WORKER, limit=0, ended=TOGETHER, lease_seconds=LEASE_SECONDS)
    claimed = await claim_when_due(ledger, asked, wait_seconds=WAIT_SECONDS)
    if claimed.ended:
        await producer.tell(claimed.ended)
        await ledger.enqueue(EnqueueTasks(ended=claimed.ended))
