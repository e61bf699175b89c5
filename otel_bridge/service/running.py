"""The program `run`: a bridge from its start to its end, told what to do by signals."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import TYPE_CHECKING, Final

from otel_bridge.errors import StartError
from otel_bridge.ingest.child import background
from otel_bridge.receiver.allocator import tune_allocator
from otel_bridge.service.announcing import announce
from otel_bridge.service.bridge import Bridge
from otel_bridge.service.reloading import Reloading
from otel_bridge.service.stop import Stop
from otel_bridge.service.terminal import has_terminal
from otel_bridge.service.tracing import quiet_instrumentation
from otel_bridge.telemetry import configure_logging, log

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from otel_bridge.config import BridgeConfig
    from otel_bridge.service.reloading import Source

DATA_DIR_MODE: Final = 0o700
"""Prompts are personal data."""


def serve(config: BridgeConfig, source: Source | None = None) -> None:
    """Run the bridge until SIGTERM or SIGINT. Raise StartError when it cannot start.

    `source` says where the configuration is read again, at SIGHUP and when its files change; None: never.
    """
    configure_logging(config.log_level, config.log_format)
    quiet_instrumentation(config, os.environ)
    tune_allocator()
    allow_connections()
    for flag in ("--data-dir", "--queue-dir", "--dead-letter-dir"):
        directory = getattr(config, flag[2:].replace("-", "_"))
        if directory is not None:
            make_directory(directory, flag)
    asyncio.run(_serve(config, source))


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


async def _serve(config: BridgeConfig, source: Source | None) -> None:
    stop, reload = Stop(), asyncio.Event()
    loop = asyncio.get_running_loop()
    had_terminal = has_terminal()

    def hang_up() -> None:
        gone = had_terminal and not has_terminal()  # a window was closed
        (stop if gone else reload.set)()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    loop.add_signal_handler(signal.SIGHUP, hang_up)
    async with open_bridge(config, stop) as bridge:
        await asyncio.to_thread(announce, config, bridge.doors)
        async with AsyncExitStack() as owned:
            if source is not None:
                reloading = Reloading(bridge, source, asked=reload)
                await owned.enter_async_context(background(reloading.run()))
            await stop.asked.wait()
            log().info("stopping")
    log().info("stopped")


@asynccontextmanager
async def open_bridge(config: BridgeConfig, stop: Stop | None = None) -> AsyncGenerator[Bridge]:
    """Run a whole bridge for the length of the block; leaving keeps what was accepted, then ends it.

    What waits for an upstream is sent until `stop` hurries or time is up; the rest stays in the queue.
    Raise StartError when a port or the data directory cannot be used.
    """
    try:
        async with AsyncExitStack() as owned:
            bridge = Bridge(config, stop or Stop())
            await bridge.open(owned)
            bridge.state.phase = "running"
            yield bridge
            bridge.state.phase = "stopping"
    except* StartError as group:  # a task group wraps what leaves its block
        raise _first(group) from None


def _first(group: BaseExceptionGroup[StartError]) -> StartError:
    inner = group.exceptions[0]
    return _first(inner) if isinstance(inner, BaseExceptionGroup) else inner
