"""The worker: what takes tasks, who carries them out, and how all of it stops.

As a child of the service (`python -m otel_bridge.scoring.worker`) it reads one line from its standard input,
`Start` as JSON, and stops when that input ends. `otel-bridge score-worker` runs the same by itself.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec import Raw, Struct

from otel_bridge.scorer.catalogue import registered
from otel_bridge.scorer.settings import ScoringSettings
from otel_bridge.scoring.client import open_client
from otel_bridge.scoring.niceness import WORKER, be_nice
from otel_bridge.scoring.working import Worker
from otel_bridge.telemetry import LogFormat, LogLevel, configure_logging

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

MAX_START_BYTES: Final = 16 << 20


class Start(Struct, frozen=True, kw_only=True):
    """What a worker is told. `scoring` is a `ScoringSettings` as JSON, its secrets in the clear."""

    url: str
    worker: str
    scoring: Raw = Raw(b"{}")
    token: str = ""
    default_project: str | None = None
    log_level: LogLevel = "info"
    log_format: LogFormat = "console"


async def work(start: Start, settings: ScoringSettings, stopping: Callable[[], Awaitable[Any]]) -> None:
    """Take tasks and carry them out until `stopping` returns; then hand back what is held.

    Raise Refused when what answers at the URL lends no tasks.
    """
    known = await asyncio.to_thread(registered, settings)
    async with AsyncExitStack() as owned:
        client = await owned.enter_async_context(
            open_client(start.url, name=start.worker, token=start.token)
        )
        worker = await owned.enter_async_context(open_worker(client, settings, known))
        running = asyncio.create_task(worker.run())
        stop = asyncio.create_task(stopping())
        await asyncio.wait((running, stop), return_when=asyncio.FIRST_COMPLETED)
        ...
