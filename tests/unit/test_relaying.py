"""Ended calls on their way into Kafka: told first, let go of afterwards, told again where in doubt."""

from __future__ import annotations

import asyncio

from otel_bridge.backoff import Retry
from otel_bridge.errors import Unavailable
from otel_bridge.ingest.child import background
from otel_bridge.model.scoring import EndedCall
from otel_bridge.model.tasks import Claimed, ClaimTasks, Enqueued, EnqueueTasks
from otel_bridge.service import relaying

ENDED = (EndedCall("e/p", "a", 1), EndedCall("e/p", "b", 2))


class Ledger:
    """Offers ended calls until somebody says that they were looked at."""

    def __init__(self) -> None:
        self.ended = ENDED
        self.asked: list[ClaimTasks] = []
        self.let_go = asyncio.Event()

    async def changes(self, seen: int) -> int:
        if seen >= 0:
            await asyncio.Event().wait()
        return 0

    async def claim(self, asked: ClaimTasks) -> Claimed:
        self.asked.append(asked)
        return Claimed(ended=self.ended)

    async def enqueue(self, asked: EnqueueTasks) -> Enqueued:
        assert asked == EnqueueTasks(ended=ENDED)
        self.ended = ()
        self.let_go.set()
        return Enqueued(queued=0)


class Producer:
    """Fails as often as it is told to."""

    def __init__(self, ledger: Ledger, *failures: Exception) -> None:
        self.told: list[tuple[EndedCall, ...]] = []
        self._ledger = ledger
        self._failures = list(failures)

    async def tell(self, ended: tuple[EndedCall, ...]) -> None:
        assert self._ledger.ended
        if self._failures:
            raise self._failures.pop(0)
        self.told.append(tuple(ended))


async def test_ended_calls_are_told_until_that_is_kept_and_then_let_go_of(monkeypatch):
    monkeypatch.setattr(relaying, "RETRY", Retry(initial_interval=0.01, max_interval=0.01))
    ledger = Ledger()
    producer = Producer(ledger, Unavailable("away"), RuntimeError("a bug"), Unavailable("away"))
    async with background(relaying.relay(ledger, producer)), asyncio.timeout(30):
        await ledger.let_go.wait()
    assert producer.told == [ENDED]
    assert {(one.limit, one.keys) for one in ledger.asked} == {(0, None)}
