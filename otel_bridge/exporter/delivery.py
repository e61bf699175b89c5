"""All destinations of a bridge: opened together, drained together."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import TYPE_CHECKING, TypeAlias

from msgspec import Struct

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


Settings: TypeAlias = "WeaveSettings | OtlpHttpSettings"


class Opened(Struct, frozen=True):
    """A destination's other side, ready to be sent to; `owned` closes it."""

    settings: Settings
    default_project: str | None
    target: Target
    owned: AsyncExitStack


class Ready(Struct, frozen=True):
    """What a delivery is to send to: ready, but not at work."""

    opened: tuple[Opened, ...]

    @property
    def upstream(self) -> Upstream | None:
        """Return the first Weave server among them: it answers Weave's API where no store does."""
        return next((one.target for one in self.opened if isinstance(one.target, Upstream)), None)


class Working(Struct, frozen=True):
    """A destination at work; `running` ends it."""

    opened: Opened
    destination: Destination
    running: AsyncExitStack


class Delivery:
    """The destinations at work; other ones may take their place."""

    def __init__(self, outbox: Outbox, renderer: Child, metrics: ExporterMetrics) -> None:
        self._outbox = outbox
        self._renderer = renderer
        self._metrics = metrics
        self._working: dict[str, Working] = {}
        self._renders = AsyncExitStack()
        self._started = False

    @property
    def destinations(self) -> Sequence[Destination]:
        """Return the destinations at work."""
        return [one.destination for one in self._working.values()]

    @property
    def health(self) -> Mapping[str, str]:
        """Return a word on each destination, by its name."""
        return {name: one.destination.health for name, one in self._working.items()}

    async def ready(self, settings: Sequence[Settings], default_project: str | None) -> Ready:
        """Open what these settings want and what is not open yet; raise StartError, then nothing is."""
        opened: list[Opened] = []
        async with AsyncExitStack() as undo:
            for one in settings:
                before = self._working.get(one.name)
                if before is not None and _alike(before.opened, one, default_project):
                    opened.append(before.opened)
                    continue
                owned = await undo.enter_async_context(AsyncExitStack())
                target = await owned.enter_async_context(_open_target(one, default_project))
                opened.append(Opened(one, default_project, target, owned))
            undo.pop_all()
        return Ready(tuple(opened))

    async def give_up(self, ready: Ready) -> None:
        """Close what was opened for nothing."""
        for one in ready.opened:
            if one not in self._open():
                await one.owned.aclose()

    async def switch(self, ready: Ready) -> AsyncExitStack:
        """Deliver to these from now on; return what closes those that are not among them.

        Raise StartError when the renderer cannot start.

        A request under way is waited for: nothing is sent twice because another destination begins.
        """
        await self._start()
        going = [one for one in self._working.values() if one.opened not in ready.opened]
        await asyncio.gather(*(one.destination.retire() for one in going))
        closing = AsyncExitStack()
        for one in going:
            await one.running.aclose()
            name = one.opened.settings.name
            self._metrics.forget(name)
            del self._working[name]
            closing.push_async_callback(one.opened.owned.aclose)
        for opened in ready.opened:
            if opened.settings.name in self._working:
                await opened.target.renew()  # its file may hold another key
            else:
                await self._begin(opened)
        return closing

    async def _start(self) -> None:
        """Start the renderer, the first time: now there is a queue to read."""
        if not self._started:
            self._renders.push_async_callback(self._renderer.stop)
            await self._renderer.start()
            self._started = True
            await self._renders.enter_async_context(background(self._renderer.supervise(_nothing)))

    async def _begin(self, opened: Opened) -> None:
        destination = Destination(
            opened.settings,
            outbox=self._outbox,
            renderer=self._renderer,
            target=opened.target,
            metrics=self._metrics,
            options=opened.settings.options,
            move=_moves(opened.settings, opened.default_project),
        )
        running = AsyncExitStack()
        await running.enter_async_context(background(destination.run()))
        self._working[opened.settings.name] = Working(opened, destination, running)

    def _open(self) -> list[Opened]:
        return [one.opened for one in self._working.values()]

    async def close(self) -> None:
        """End all of them; what waits stays in the queue."""
        for one in self._working.values():
            await one.running.aclose()
        for one in self._working.values():
            await one.opened.owned.aclose()
        self._working.clear()
        await self._renders.aclose()

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
        waiting = sum(total.waiting for total in self._outbox.sizes().totals)
        if waiting:
            log().info("calls_stay_queued", calls=waiting)


@asynccontextmanager
async def open_delivery(outbox: Outbox, queue_file: Path, telemetry: Telemetry) -> AsyncGenerator[Delivery]:
    """Lend what delivers from the queue for the length of the block; it has no destinations at first."""
    metrics = ExporterMetrics(telemetry)
    telemetry.registry.register(QueueCollector(outbox))
    arguments, decode = [str(queue_file)], frames.decode_message
    renderer = Child("renderer", "otel_bridge.exporter.renderer", arguments, telemetry, decode=decode)
    delivery = Delivery(outbox, renderer, metrics)
    try:
        yield delivery
    finally:
        await delivery.close()


def _alike(opened: Opened, settings: Settings, default_project: str | None) -> bool:
    return opened.settings == settings and opened.default_project == default_project


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
