"""Outcomes on their way back to the bridge: many in one request, each until it is kept."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import msgspec

from otel_bridge.backoff import Backoff, Retry
from otel_bridge.errors import Permanent, Unavailable
from otel_bridge.model.scoring import Outcome
from otel_bridge.scoring.client import ANSWER_SECONDS
from otel_bridge.scoring.runs import shortened
from otel_bridge.telemetry import log

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from otel_bridge.model.scoring import Task
    from otel_bridge.scoring.client import BridgeClient

MAX_OUTCOMES: Final = 100
MAX_BYTES: Final = 8 << 20
"""Of one request; a single outcome may be larger."""
GATHER_SECONDS: Final = 0.2
HURRY_SECONDS: Final = 2.0
"""How long a worker that stops waits for its last answers."""
RETRY: Final = Retry(initial_interval=0.25, max_interval=10.0, multiplier=2.0)

Pending = tuple[Outcome, bytes]


class Settler:
    """Hands outcomes back; `settled` hears of each that the bridge has kept or ignored."""

    def __init__(self, client: BridgeClient, settled: Callable[[Outcome], None]) -> None:
        self._client = client
        self._settled = settled
        self._pending: list[Pending] = []
        self._bytes = 0
        self._some = asyncio.Event()
        self._enough = asyncio.Event()
        self._hurry = False

    def put(self, outcome: Outcome) -> None:
        """Take an outcome."""
        encoded = msgspec.json.encode(outcome)
        self._pending.append((outcome, encoded))
        self._bytes += len(encoded)
        self._some.set()
        if len(self._pending) >= MAX_OUTCOMES or self._bytes >= MAX_BYTES:
            self._enough.set()

    def tasks(self) -> set[Task]:
        """Return the tasks whose outcomes are on their way."""
        return {outcome.task for outcome, _ in self._pending}

    async def run(self) -> None:
        """Hand back whatever comes, until cancelled."""
        while True:
            await self._some.wait()
            try:
                async with asyncio.timeout(GATHER_SECONDS):
                    await self._enough.wait()
            except TimeoutError:
                pass
            await self._flush()

    async def finish(self) -> None:
        """Hand back all there is, each batch tried once and quickly: who waits for us has little time."""
        self._hurry = True
        while self._pending:
            await self._flush()

    async def _flush(self) -> None:
        """Hand back one batch; it stays pending until that is done, so that cancelling loses nothing."""
        batch: list[Pending] = []
        size = 0
        for one in self._pending[:MAX_OUTCOMES]:
            if batch and size + len(one[1]) > MAX_BYTES:
                break
            batch.append(one)
            size += len(one[1])
        await self._hand_back(batch)
        del self._pending[: len(batch)]
        self._bytes -= size
        if not self._pending:
            self._some.clear()
        if len(self._pending) < MAX_OUTCOMES and self._bytes < MAX_BYTES:
            self._enough.clear()

    async def _hand_back(self, batch: Sequence[Pending]) -> None:
        try:
            await self._until_taken([encoded for _, encoded in batch])
        except Permanent as error:
            await self._apart(batch, error)
            return
        except Unavailable as error:
            log().warning("outcomes_not_handed_back", outcomes=len(batch), reason=str(error))
        for outcome, _ in batch:
            self._settled(outcome)

    async def _until_taken(self, encoded: Sequence[bytes]) -> None:
        """Send outcomes again and again; raise Permanent when they are refused, Unavailable in a hurry."""
        backoff = Backoff(RETRY)
        while True:
            try:
                return await self._client.settle(encoded, seconds=self._seconds)
            except Unavailable as error:
                if self._hurry:
                    raise
                wait = backoff.next()
                log().warning(
                    "outcomes_wait", outcomes=len(encoded), reason=str(error), again_in=round(wait, 1)
                )
                await asyncio.sleep(wait)

    @property
    def _seconds(self) -> float:
        return HURRY_SECONDS if self._hurry else ANSWER_SECONDS

    async def _apart(self, batch: Sequence[Pending], error: Permanent) -> None:
        """Find the outcome that the bridge refuses, and tell of it as a failure."""
        if len(batch) > 1:
            half = len(batch) // 2
            await self._hand_back(batch[:half])
            await self._hand_back(batch[half:])
            return
        outcome = batch[0][0]
        log().error(
            "outcome_refused", call=outcome.task.call_id, scorer=outcome.task.scorer_ref, reason=str(error)
        )
        if outcome.run is None:
            self._settled(outcome)  # not even its failure can be told
            return
        reason = shortened(f"the bridge does not take the result: {error}")
        told = Outcome(task=outcome.task, attempt=outcome.attempt, state="failed", error=reason)
        await self._hand_back([(told, msgspec.json.encode(told))])
