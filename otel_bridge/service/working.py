"""The scoring workers of a bridge, and others in their place when the configuration wants them otherwise."""

from __future__ import annotations

import secrets
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Final

from otel_bridge.service.scoring import open_workers

if TYPE_CHECKING:
    from otel_bridge.api.scoring.desk import ScoringDesk
    from otel_bridge.config import BridgeConfig
    from otel_bridge.http.listener import Bound
    from otel_bridge.service.state import State
    from otel_bridge.service.stop import Stop
    from otel_bridge.telemetry import Telemetry


class Working:
    """Has workers where calls are kept and the API listens; `token` is what they show there."""

    def __init__(self, telemetry: Telemetry, state: State, stop: Stop) -> None:
        self._telemetry = telemetry
        self._state = state
        self._stop = stop
        self.token: Final = secrets.token_urlsafe()
        self._told: object = None
        self._owned = AsyncExitStack()

    async def switch(self, config: BridgeConfig, desk: ScoringDesk | None, api: Bound | None) -> None:
        """Have workers as a configuration wants them; others finish what they are busy with before."""
        asks = config.api_security.asks
        told = (
            config.scoring,
            config.kafka,
            config.log_level,
            config.log_format,
            config.shutdown_timeout,
            asks,
        )
        if desk is None or api is None:
            await self.close()
            return
        if (told, api) == self._told:
            return
        await self.close()
        hurry, token = self._stop.hurry, self.token
        opening = open_workers(config, desk.ledger, self._telemetry, api, hurry, token=token)
        self._state.workers = await self._owned.enter_async_context(opening)
        self._told = (told, api)

    async def close(self) -> None:
        """End the workers."""
        self._told = self._state.workers = None
        await self._owned.aclose()
