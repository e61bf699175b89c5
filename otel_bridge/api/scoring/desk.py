"""What the endpoints of scoring work with."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from msgspec.structs import replace

from otel_bridge.api.scoring.scorers import Scorers

if TYPE_CHECKING:
    from otel_bridge.jobs.base import JobProducer
    from otel_bridge.model.tasks import EnqueueTasks
    from otel_bridge.scorer.settings import ScoringSettings
    from otel_bridge.store.scoring.base import Scoring


class ScoringDesk:
    """The ledger of tasks, and the scorers there are.

    With a `producer` tasks travel to workers as its messages; the ledger keeps them all the same. `close`
    ends every question for work that waits: the bridge stops.
    """

    def __init__(
        self, ledger: Scoring, settings: ScoringSettings | None = None, producer: JobProducer | None = None
    ) -> None:
        self.ledger = ledger
        self.scorers = Scorers(settings)
        self.closing = asyncio.Event()
        self._producer = producer

    async def enqueue(self, asked: EnqueueTasks) -> int:
        """Queue tasks; return how many were queued, once all of them are kept. Raise Unavailable.

        Asking again is safe, and sends messages again for what waits.
        """
        if self._producer is None:
            return (await self.ledger.enqueue(asked)).queued
        from otel_bridge.jobs.message import messages_of  # noqa: PLC0415 - most bridges have no producer

        queued = await self.ledger.enqueue(replace(asked, tell=True))
        if queued.tasks:
            await self._producer.put(messages_of(queued.tasks))
        return queued.queued

    def close(self) -> None:
        """Answer whoever waits for work, and let nobody wait any more."""
        self.closing.set()
