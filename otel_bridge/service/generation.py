"""What is made from one configuration and goes with it, while sockets, processes and files stay."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct

from otel_bridge.api.scoring.desk import ScoringDesk
from otel_bridge.ingest.child import background
from otel_bridge.ingest.settings import QUARANTINE_DIR
from otel_bridge.page.assets import read_page
from otel_bridge.receiver.settings import ReceiverSettings
from otel_bridge.service.doors import Api, api_sites, otlp_sites, probe_sites
from otel_bridge.service.securing import open_guards

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from otel_bridge.config import BridgeConfig
    from otel_bridge.exporter.upstream import Upstream
    from otel_bridge.ingest.keeper import Keeper
    from otel_bridge.jobs.base import JobProducer
    from otel_bridge.page.assets import Page
    from otel_bridge.receiver.intake import Intake
    from otel_bridge.service.listening import Listening, Site
    from otel_bridge.service.state import State
    from otel_bridge.service.status import Status
    from otel_bridge.telemetry import Telemetry


class Lasting(NamedTuple):
    """What outlives generations and is part of each."""

    telemetry: Telemetry
    state: State
    listening: Listening
    keeper: Keeper
    intake: Intake
    jobs: JobProducer | None
    status: Status
    token: str
    """What the bridge's own workers show."""


class Generation(Struct, frozen=True):
    """The parts of one configuration. `closed` says why nothing is taken now; `owned` closes the parts."""

    config: BridgeConfig
    sites: Mapping[str, Site]
    closed: Callable[[], str | None]
    desk: ScoringDesk | None
    owned: AsyncExitStack


async def open_generation(
    config: BridgeConfig,
    lasting: Lasting,
    upstream: Upstream | None,
    page: asyncio.Task[Page] | None = None,
) -> Generation:
    """Make the parts of a configuration; raise StartError, then nothing is open.

    `upstream` answers the API where there is no store; `page` is the page, where it is being read already.
    """
    async with AsyncExitStack() as owned:
        guards = await open_guards(owned, config, lasting.telemetry)
        closed = await _open_limiter(owned, config, lasting.telemetry)
        intake = lasting.intake.by(receiver_settings(config))
        scoring = lasting.keeper.scoring
        desk = None if scoring is None else ScoringDesk(scoring, config.scoring, lasting.jobs)
        files = None
        if config.api is not None:
            files = await (page or reading_page(config))
        told = (lasting.status, lasting.token)
        beside = (lasting.keeper, intake, lasting.state, upstream, files, desk, guards, *told)
        listening = lasting.listening
        sites = {
            **probe_sites(config, lasting.state, lasting.telemetry, listening),
            **otlp_sites(config, intake, listening, guards),
            **api_sites(Api(config, *beside), listening),
        }
        return Generation(config, sites, closed, desk, owned.pop_all())


def reading_page(config: BridgeConfig) -> asyncio.Task[Page]:
    """Begin to read the page's files, in a thread, beside whatever else has to start."""
    return asyncio.create_task(asyncio.to_thread(read_page, config.default_project or ""))


def receiver_settings(config: BridgeConfig) -> ReceiverSettings:
    """Return what the receivers are told."""
    return ReceiverSettings(
        max_request_bytes=config.otlp_http_size,
        max_grpc_bytes=config.otlp_grpc_size,
        keepalive=config.otlp_grpc_keepalive,
        logs=config.logs == "on",
        unsupported_signals=config.unsupported_signals,
        quarantine=config.data_dir / QUARANTINE_DIR,
        drain_seconds=10.0 if config.store else 5.0,
    )


async def _open_limiter(
    owned: AsyncExitStack, config: BridgeConfig, telemetry: Telemetry
) -> Callable[[], str | None]:
    """Return what says why nothing is taken now; it looks at memory where the configuration names a limit."""
    if config.memory_limiter is None:
        return lambda: None
    from otel_bridge.service.memory import MemoryLimiter, total_bytes  # noqa: PLC0415 - where there is one

    total = await asyncio.to_thread(total_bytes)
    limiter = MemoryLimiter(config.memory_limiter, telemetry, total=total)
    await owned.enter_async_context(background(limiter.watch()))
    return limiter
