"""The running bridge: who owns what, in which order things open, and how they stop.

Opened from what keeps outwards, closed from the doors inwards: nothing is accepted that cannot be kept.
"""

from __future__ import annotations

import asyncio
import os
import resource
import secrets
import signal
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Final

from msgspec import structs

from otel_bridge.api.scoring.desk import ScoringDesk
from otel_bridge.errors import StartError
from otel_bridge.ingest.address import ADDRESS_FILE, PROBES_FILE, publish_address, withdraw_address
from otel_bridge.ingest.child import background
from otel_bridge.ingest.keeper import open_keeper
from otel_bridge.ingest.settings import QUARANTINE_DIR
from otel_bridge.receiver.allocator import tune_allocator
from otel_bridge.receiver.intake import open_intake
from otel_bridge.receiver.settings import ReceiverSettings
from otel_bridge.service.announcing import Doors, announce
from otel_bridge.service.doors import Api, open_api, open_for_workers, open_otlp, open_probes, reading_page
from otel_bridge.service.keeping import queue_file, writer_settings
from otel_bridge.service.quarantined import QuarantinedBytes
from otel_bridge.service.scoring import open_workers
from otel_bridge.service.securing import open_guards
from otel_bridge.service.state import State
from otel_bridge.service.status import Status, doors_of
from otel_bridge.service.tracing import loaded_traces, quiet_instrumentation
from otel_bridge.telemetry import Telemetry, configure_logging, log

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable
    from pathlib import Path

    from otel_bridge.config import BridgeConfig
    from otel_bridge.exporter.upstream import Upstream
    from otel_bridge.ingest.keeper import Keeper
    from otel_bridge.jobs.base import JobProducer

DATA_DIR_MODE: Final = 0o700
"""Prompts are personal data."""

CLOSE_SECONDS: Final = 5.0
"""What is left of `shutdown_timeout` when sending ends: for closing files and processes."""


class Stop:
    """How the bridge is told to stop: once, and a second time to hurry."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.hurry = asyncio.Event()
        self.at = 0.0

    def __call__(self) -> None:
        """Hear a signal."""
        if self.asked.is_set():
            self.hurry.set()
            return
        self.at = asyncio.get_running_loop().time()
        self.asked.set()


def serve(config: BridgeConfig) -> None:
    """Run the bridge until SIGTERM or SIGINT. Raise StartError when it cannot start."""
    configure_logging(config.log_level, config.log_format)
    quiet_instrumentation(config, os.environ)
    tune_allocator()
    allow_connections()
    for flag in ("--data-dir", "--queue-dir", "--dead-letter-dir"):
        directory = getattr(config, flag[2:].replace("-", "_"))
        if directory is not None:
            make_directory(directory, flag)
    asyncio.run(_serve(config))


def allow_connections() -> None:
    """Take as many open files as the system grants: each connection is one, and shells start with 1,024."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def make_directory(directory: Path, flag: str) -> None:
    """Make a directory for data; raise StartError, which names the flag, when that cannot be."""
    if directory.exists() and not directory.is_dir():
        raise StartError(f"{directory} is no directory; {flag} DIR takes another")
    try:
        directory.mkdir(mode=DATA_DIR_MODE, parents=True, exist_ok=True)
    except OSError as error:
        raise StartError(f"cannot make the directory {directory}: {error.strerror}; see {flag}") from error
    if not os.access(directory, os.W_OK | os.X_OK):
        raise StartError(f"directory {directory} is not writable; {flag} DIR takes another")


async def _serve(config: BridgeConfig) -> None:
    stop = Stop()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    async with open_bridge(config, stop) as doors:
        await asyncio.to_thread(announce, config, doors)
        await stop.asked.wait()
        log().info("stopping")
    log().info("stopped")


@asynccontextmanager
async def open_bridge(config: BridgeConfig, stop: Stop | None = None) -> AsyncGenerator[Doors]:
    """Run a whole bridge for the length of the block; leaving keeps what was accepted, then ends it.

    What waits for an upstream is sent until `stop` hurries or time is up; the rest stays in the queue.
    Raise StartError when a port or the data directory cannot be used.
    """
    stop = stop or Stop()
    telemetry = _telemetry(config)
    state = State()
    try:
        async with AsyncExitStack() as owned:
            await _open_traces(owned, config, telemetry, stop)
            guards = await open_guards(owned, config, telemetry)
            page = None if config.api is None else reading_page(owned, config)
            probes = await open_probes(owned, config, state, telemetry)
            state.keeper = keeper = await _open_keeper(owned, config, telemetry)
            upstream = await _open_delivery(owned, config, keeper, telemetry, state, stop)
            memory = await _open_limiter(owned, config, telemetry)
            intake = await owned.enter_async_context(
                open_intake(keeper.export, telemetry, _receiver_settings(config), closed=memory)
            )
            files = await page if page else None  # before a span is taken: its sender may ask for it at once
            doors = await open_otlp(owned, config, intake, guards)
            status = Status(config, keeper, intake, state)
            jobs = await _open_jobs(owned, config, keeper)
            desk = None if keeper.scoring is None else ScoringDesk(keeper.scoring, config.scoring, jobs)
            parts = Api(config, keeper, intake, state, doors, upstream, files, desk, guards, status)
            api = await open_api(owned, parts)
            if api is not None and desk is not None:
                token = secrets.token_urlsafe()
                bound = await open_for_workers(owned, parts, api, token)
                opening = open_workers(config, desk, telemetry, bound, stop.hurry, token=token)
                state.workers = await owned.enter_async_context(opening)
            found = structs.replace(doors, api=api, api_tls=guards.api.tls is not None, **probes)
            await _publish(owned, config, found, status)
            state.phase = "running"
            yield found
            state.phase = "stopping"
    except* StartError as group:  # a task group wraps what leaves its block
        raise _first(group) from None


def _telemetry(config: BridgeConfig) -> Telemetry:
    telemetry = Telemetry(config.shown)
    telemetry.of_files.register(QuarantinedBytes(config.data_dir / QUARANTINE_DIR))
    return telemetry


async def _open_keeper(owned: AsyncExitStack, config: BridgeConfig, telemetry: Telemetry) -> Keeper:
    settings = writer_settings(config, telemetry.tracing.instance)
    return await owned.enter_async_context(open_keeper(settings, telemetry))


async def _open_traces(owned: AsyncExitStack, config: BridgeConfig, telemetry: Telemetry, stop: Stop) -> None:
    """Begin traces of our own, where the configuration says where they go. Raise StartError."""
    if config.own_traces is not None:
        opened = await asyncio.to_thread(loaded_traces, config)  # the SDK takes a moment
        opening = opened(config.own_traces, telemetry, lambda: _seconds_left(config, stop))
        telemetry.tracing = await owned.enter_async_context(opening)


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


async def _drain(config: BridgeConfig, state: State, stop: Stop) -> None:
    assert state.delivery is not None
    await state.delivery.drain(max(0.0, _seconds_left(config, stop) - CLOSE_SECONDS), stop.hurry)


def _seconds_left(config: BridgeConfig, stop: Stop) -> float:
    """Return what is left of `shutdown_timeout`."""
    spent = asyncio.get_running_loop().time() - stop.at if stop.asked.is_set() else 0.0
    return config.shutdown_timeout.total_seconds() - spent


async def _publish(owned: AsyncExitStack, config: BridgeConfig, doors: Doors, status: Status) -> None:
    """Leave the addresses where other programs of ours find them."""
    status.doors = doors_of(doors)
    probed_tls = doors.api_tls and doors.admin is None
    for name, door, tls in (
        (ADDRESS_FILE, doors.api, doors.api_tls),
        (PROBES_FILE, doors.admin or doors.api, probed_tls),
    ):
        if door is not None:
            owned.push_async_callback(asyncio.to_thread, withdraw_address, config.data_dir, name)
            publish = partial(publish_address, config.data_dir, door.host, door.port, name, tls=tls)
            await asyncio.to_thread(publish)


def _receiver_settings(config: BridgeConfig) -> ReceiverSettings:
    return ReceiverSettings(
        max_request_bytes=config.otlp_http_size,
        max_grpc_bytes=config.otlp_grpc_size,
        keepalive=config.otlp_grpc_keepalive,
        logs=config.logs == "on",
        unsupported_signals=config.unsupported_signals,
        quarantine=config.data_dir / QUARANTINE_DIR,
        drain_seconds=10.0 if config.store else 5.0,
    )


async def _open_jobs(owned: AsyncExitStack, config: BridgeConfig, keeper: Keeper) -> JobProducer | None:
    """Open what scoring jobs travel through, if not the store alone."""
    if config.kafka is None or keeper.scoring is None:
        return None
    from otel_bridge.service.relaying import open_jobs  # noqa: PLC0415 - most bridges have none

    return await open_jobs(owned, config.kafka, keeper.scoring)


async def _open_delivery(
    owned: AsyncExitStack,
    config: BridgeConfig,
    keeper: Keeper,
    telemetry: Telemetry,
    state: State,
    stop: Stop,
) -> Upstream | None:
    """Begin to deliver what waits, where calls or spans go on; return the first Weave server."""
    if keeper.outbox is None:
        return None
    from otel_bridge.exporter.delivery import open_delivery  # noqa: PLC0415 - most bridges have none

    delivery = await owned.enter_async_context(
        open_delivery(
            (*config.upstreams, *config.otlp_receivers),
            keeper.outbox,
            queue_file(config),
            telemetry,
            default_project=config.default_project,
        )
    )
    state.delivery = delivery
    owned.push_async_callback(_drain, config, state, stop)
    return delivery.upstream


def _first(group: BaseExceptionGroup[StartError]) -> StartError:
    inner = group.exceptions[0]
    return _first(inner) if isinstance(inner, BaseExceptionGroup) else inner
