"""All destinations of a bridge: opened together, drained together."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import TYPE_CHECKING, Final

from otel_bridge.exporter import frames
from otel_bridge.exporter.destination import Destination
from otel_bridge.exporter.metrics import ExporterMetrics, QueueCollector
from otel_bridge.exporter.settings import OtlpHttpSettings, WeaveSettings
from otel_bridge.exporter.upstream import Upstream, open_upstream
from otel_bridge.ingest.child import Child, background
from otel_bridge.telemetry import log

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping, Sequence
    from pathlib import Path

    from otel_bridge.exporter.base import Target
    from otel_bridge.queue.base import Outbox
    from otel_bridge.telemetry import Telemetry


class Delivery:
    """The destinations at work."""

    def __init__(self, destinations: Sequence[Destination]) -> None:
        self.destinations: Final = destinations

    @property
    def upstream(self) -> Upstream | None:
        """Return the first Weave server among them: it answers Weave's API where no store does."""
        return next((one.target for one in self.destinations if isinstance(one.target, Upstream)), None)

    @property
    def health(self) -> Mapping[str, str]:
        """Return a word on each destination, by its name."""
        return {one.settings.name: one.health for one in self.destinations}

    async def drain(self, seconds: float, hurry: asyncio.Event) -> None:
        """Send what waits, for so many seconds at most, or until `hurry` is set; the rest stays queued."""
        work = asyncio.ensure_future(asyncio.gather(*(one.drain() for one in self.destinations)))
        told = asyncio.ensure_future(hurry.wait())
        try:
            await asyncio.wait((work, told), timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            told.cancel()
            work.cancel()
            with suppress(asyncio.CancelledError):
                await work
        waiting = sum(total.waiting for one in self.destinations for total in one.outbox.sizes().totals)
        if waiting:
            log().info("calls_stay_queued", calls=waiting)


@asynccontextmanager
async def open_delivery(
    settings: Sequence[WeaveSettings | OtlpHttpSettings],
    outbox: Outbox,
    queue_file: Path,
    telemetry: Telemetry,
    *,
    default_project: str | None,
) -> AsyncGenerator[Delivery]:
    """Deliver what the queue holds for the length of the block.

    Raise StartError when a key cannot be read or the renderer cannot start.
    """
    metrics = ExporterMetrics(telemetry)
    telemetry.registry.register(QueueCollector(outbox))
    arguments, decode = [str(queue_file)], frames.decode_message
    renderer = Child("renderer", "otel_bridge.exporter.renderer", arguments, telemetry, decode=decode)
    async with AsyncExitStack() as owned:
        targets = [await owned.enter_async_context(_open_target(one, default_project)) for one in settings]
        owned.push_async_callback(renderer.stop)
        await renderer.start()
        await owned.enter_async_context(background(renderer.supervise(_nothing)))
        destinations = [
            Destination(
                one,
                outbox=outbox,
                renderer=renderer,
                target=target,
                metrics=metrics,
                options=one.options,
                move=_moves(one, default_project),
            )
            for one, target in zip(settings, targets, strict=True)
        ]
        for destination in destinations:
            await owned.enter_async_context(background(destination.run()))
        yield Delivery(destinations)


@asynccontextmanager
async def _open_target(
    settings: WeaveSettings | OtlpHttpSettings, default_project: str | None
) -> AsyncGenerator[Target]:
    """Lend what a destination is sent through; raise StartError."""
    if isinstance(settings, WeaveSettings):
        async with open_upstream(settings) as upstream:
            yield upstream
        return
    from otel_bridge.exporter.otlp import open_otlp  # noqa: PLC0415 - most bridges pass no spans on

    async with open_otlp(settings, default_project) as target:
        yield target


def _moves(settings: WeaveSettings | OtlpHttpSettings, default_project: str | None) -> Mapping[str, str]:
    """Tell what projects are called at a destination."""
    if isinstance(settings, OtlpHttpSettings) or not default_project or not settings.project:
        return {}
    return {default_project: settings.project}


async def _nothing() -> None:
    """Do nothing: a renderer that was started again has opened the queue itself."""
