"""The running bridge: who owns what, in which order things open, and how they stop.

Opened from the store outwards, closed from the doors inwards: nothing is accepted that cannot be kept.
"""

from __future__ import annotations

import asyncio
import os
import resource
import signal
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from otel_bridge import __version__
from otel_bridge.api.answers import refuse
from otel_bridge.api.app import api_app
from otel_bridge.errors import StartError
from otel_bridge.http.guard import guard_for, guarded
from otel_bridge.http.listener import Bound, open_listener
from otel_bridge.ingest.address import publish_address, withdraw_address
from otel_bridge.ingest.keeper import Keeper, open_keeper
from otel_bridge.ingest.settings import WriterSettings
from otel_bridge.page.assets import read_page
from otel_bridge.page.serving import page_routes
from otel_bridge.receiver.allocator import tune_allocator
from otel_bridge.receiver.doors import http2_at_http_door
from otel_bridge.receiver.grpc import open_grpc
from otel_bridge.receiver.http import OtlpHttp, open_http
from otel_bridge.receiver.intake import Intake, open_intake
from otel_bridge.receiver.settings import ReceiverSettings
from otel_bridge.receiver.signals import taken
from otel_bridge.telemetry import Telemetry, configure_logging, log

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator, Mapping

    from otel_bridge.config import BridgeConfig

DATA_DIR_MODE: Final = 0o700
"""Prompts are personal data."""


class Doors(Struct, frozen=True):
    """Where the bridge listens."""

    grpc: Bound
    http: Bound
    api: Bound


class State:
    """What the probes tell."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper
        self.phase = "starting"

    def __call__(self) -> tuple[bool, Mapping[str, str]]:
        """`api.parts.Health`."""
        writer = "ok" if self._keeper.progressing() else "silent"
        disk = "ok" if self._keeper.disk_has_room else "full"
        ok = self.phase == "running" and writer == "ok" and disk == "ok"
        return ok, {"service": self.phase, "writer": writer, "disk": disk}


def serve(config: BridgeConfig) -> None:
    """Run the bridge until SIGTERM or SIGINT. Raise StartError when it cannot start."""
    configure_logging(config.log_level, config.log_format)
    tune_allocator()
    allow_connections()
    make_data_dir(config)
    asyncio.run(_serve(config))


def allow_connections() -> None:
    """Take as many open files as the system grants: each connection is one, and shells start with 1,024."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def make_data_dir(config: BridgeConfig) -> None:
    """Make the data directory; raise StartError when that cannot be."""
    if config.data_dir.exists() and not config.data_dir.is_dir():
        raise StartError(f"{config.data_dir} is no directory; --data-dir DIR takes another")
    try:
        config.data_dir.mkdir(mode=DATA_DIR_MODE, parents=True, exist_ok=True)
    except OSError as error:
        raise StartError(f"cannot make the data directory {config.data_dir}: {error.strerror}") from error
    if not os.access(config.data_dir, os.W_OK | os.X_OK):
        raise StartError(f"data directory {config.data_dir} is not writable")


async def _serve(config: BridgeConfig) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with open_bridge(config) as doors:
        announce(config, doors)
        await stop.wait()
        log().info("stopping")
    log().info("stopped")


@asynccontextmanager
async def open_bridge(config: BridgeConfig) -> AsyncGenerator[Doors]:
    """Run a whole bridge for the length of the block; leaving keeps what was accepted, then ends it.

    Raise StartError when a port or the data directory cannot be used.
    """
    telemetry = Telemetry()
    settings = ReceiverSettings(
        logs=config.logs == "on",
        unsupported_signals=config.unsupported_signals,
        quarantine=config.data_dir / "quarantine",
    )
    try:
        async with AsyncExitStack() as owned:
            keeper = await owned.enter_async_context(open_keeper(_writer_settings(config), telemetry))
            intake = await owned.enter_async_context(open_intake(keeper.export, telemetry, settings))
            state = State(keeper)
            endpoint = config.otlp_grpc
            with naming("--otlp-grpc"):
                grpc = await owned.enter_async_context(
                    open_grpc(intake, endpoint.host, endpoint.port, http_port=config.otlp_http.port)
                )
            endpoint = config.otlp_http
            with naming("--otlp-http"):
                http = await owned.enter_async_context(
                    open_http(intake, endpoint.host, endpoint.port, grpc_port=grpc.port)
                )
            with naming("--api"):
                api = await owned.enter_async_context(_open_api(config, keeper, intake, state, grpc.port))
            owned.push_async_callback(asyncio.to_thread, withdraw_address, config.data_dir)
            await asyncio.to_thread(publish_address, config.data_dir, api.host, api.port)
            state.phase = "running"
            yield Doors(grpc, http, api)
            state.phase = "stopping"
    except* StartError as group:  # a task group wraps what leaves its block
        raise _first(group) from None


@contextmanager
def naming(flag: str) -> Generator[None]:
    """Add the flag that helps to what went wrong."""
    try:
        yield
    except StartError as error:
        raise StartError(f"{error}; {flag} HOST:PORT takes another address") from error


@asynccontextmanager
async def _open_api(
    config: BridgeConfig, keeper: Keeper, intake: Intake, state: State, grpc_port: int
) -> AsyncGenerator[Bound]:
    guard = guard_for(config.api.host)
    otlp = OtlpHttp(intake)
    page = await asyncio.to_thread(read_page, config.default_project)
    app = api_app(
        keeper,
        intake.telemetry,
        inflater=intake.inflater,
        budget=intake.budget,
        health=state,
        default_entity=config.default_project.partition("/")[0],
        extra_routes=otlp.routes(),
        own_routes=page_routes(page),
        middlewares=[guarded(guard, refuse)] if guard else [],
    )
    http2 = http2_at_http_door(intake.telemetry, grpc_port)
    async with open_listener(app, config.api.host, config.api.port, drain=intake.drain, http2=http2) as bound:
        yield bound


def announce(config: BridgeConfig, doors: Doors) -> None:
    """Say what listens where and where data lies: to a person, or as a log event."""
    kept = _limits(config)
    if config.log_format == "json":
        log().info(
            "ready",
            version=__version__,
            otlp_grpc=str(doors.grpc),
            otlp_http=f"http://{doors.http}",
            api=f"http://{doors.api}",
            page=f"http://{doors.api}/",
            data_dir=str(config.data_dir),
            default_project=config.default_project,
            logs=config.logs,
            kept=kept,
        )
        return
    paths = ", ".join(f"/v1/{signal.name}" for signal in taken(logs=config.logs == "on"))
    lines = (
        f"otel-bridge {__version__}",
        f"  OTLP/HTTP  http://{doors.http}  (POST {paths})",
        f"  OTLP/gRPC  {doors.grpc}",
        f"  Weave API  http://{doors.api}  (project {config.default_project})",
        f"  Page       http://{doors.api}/  (open it in a browser)",
        f"  data in    {config.data_dir}  ({kept})",
    )
    print(*lines, sep="\n", flush=True)  # noqa: T201 - this is what a person reads


def _limits(config: BridgeConfig) -> str:
    days = config.retention.total_seconds() / 86_400 if config.retention else None
    age = "kept for ever" if days is None else f"kept {days:g} days"
    size = "any size" if config.max_disk is None else f"at most {config.max_disk.human_readable()}"
    return f"{age}, {size}"


def _writer_settings(config: BridgeConfig) -> WriterSettings:
    return WriterSettings(
        data_dir=str(config.data_dir),
        retention_seconds=int(config.retention.total_seconds()) if config.retention else None,
        max_bytes=int(config.max_disk) if config.max_disk else None,
        default_project=config.default_project,
        options=config.options,
    )


def _first(group: BaseExceptionGroup[StartError]) -> StartError:
    inner = group.exceptions[0]
    return _first(inner) if isinstance(inner, BaseExceptionGroup) else inner
