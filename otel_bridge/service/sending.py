"""What leaves the bridge: delivery from the queue, where the configuration has destinations."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from otel_bridge.service.keeping import queue_file

if TYPE_CHECKING:
    from otel_bridge.config import BridgeConfig
    from otel_bridge.exporter.delivery import Delivery, Ready
    from otel_bridge.exporter.settings import OtlpHttpSettings, WeaveSettings
    from otel_bridge.exporter.upstream import Upstream
    from otel_bridge.ingest.keeper import Keeper
    from otel_bridge.service.state import State
    from otel_bridge.service.stop import Stop
    from otel_bridge.telemetry import Telemetry

CLOSE_SECONDS: Final = 5.0
"""What is left of `shutdown_timeout` when sending ends: for closing files and processes."""


class ToSend(Struct, frozen=True):
    """What is to be delivered to: ready, but not at work. None: this bridge has never delivered."""

    ready: Ready | None = None

    @property
    def upstream(self) -> Upstream | None:
        """Return the Weave server that answers the API where no store does."""
        return None if self.ready is None else self.ready.upstream


class Sending:
    """Delivers to the destinations of a configuration, and then to those of another one."""

    def __init__(self, keeper: Keeper, telemetry: Telemetry, state: State, stop: Stop) -> None:
        self._keeper = keeper
        self._telemetry = telemetry
        self._state = state
        self._stop = stop
        self._delivery: Delivery | None = None
        self._owned = AsyncExitStack()

    async def ready(self, config: BridgeConfig) -> ToSend:
        """Open what a configuration wants and what is not open yet; raise StartError."""
        destinations: tuple[WeaveSettings | OtlpHttpSettings, ...]
        destinations = (*config.upstreams, *config.otlp_receivers)
        if self._delivery is None:
            if not destinations:
                return ToSend()
            from otel_bridge.exporter.delivery import open_delivery  # noqa: PLC0415 - most bridges have none

            outbox = self._keeper.coming_outbox()
            opening = open_delivery(outbox, queue_file(config), self._telemetry)
            self._delivery = await self._owned.enter_async_context(opening)
        return ToSend(await self._delivery.ready(destinations, config.default_project))

    async def give_up(self, to_send: ToSend) -> None:
        """Close what was opened for nothing."""
        if self._delivery is not None and to_send.ready is not None:
            await self._delivery.give_up(to_send.ready)

    async def switch(self, to_send: ToSend) -> AsyncExitStack:
        """Deliver to these from now on; return what closes the others. Raise StartError."""
        if self._delivery is None or to_send.ready is None:
            return AsyncExitStack()
        self._state.delivery = self._delivery
        return await self._delivery.switch(to_send.ready)

    async def close(self, seconds: float) -> None:
        """Send what waits for as long as that leaves time to close, or nobody is in a hurry; then end."""
        if self._delivery is not None:
            await self._delivery.drain(max(0.0, seconds - CLOSE_SECONDS), self._stop.hurry)
        await self._owned.aclose()
