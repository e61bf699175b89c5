"""What the endpoints of scoring work with."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from otel_bridge.api.scoring.scorers import Scorers

if TYPE_CHECKING:
    from otel_bridge.scorer.settings import ScoringSettings
    from otel_bridge.store.scoring.base import Scoring


class ScoringDesk:
    """The ledger of tasks and the scorers there are.

    `close` ends every question for work that waits: the bridge stops.
    """

    def __init__(self, ledger: Scoring, settings: ScoringSettings | None = None) -> None:
        self.ledger = ledger
        self.scorers = Scorers(settings)
        self.closing = asyncio.Event()

    def close(self) -> None:
        """Answer whoever waits for work, and let nobody wait any more."""
        self.closing.set()
