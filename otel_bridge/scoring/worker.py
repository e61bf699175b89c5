"""The process of a worker: how it starts, and how it is told to stop.

As a child of the service (`python -m otel_bridge.scoring.worker`) it reads one line from its standard input,
a `Start` as JSON, and stops when that input ends. `otel-bridge score-worker` runs the same by itself.
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
from otel_bridge.scoring.applying import open_appliers
from otel_bridge.scoring.client import open_client
from otel_bridge.scoring.monitors import Monitors
from otel_bridge.scoring.niceness import WORKER, be_nice
from otel_bridge.scoring.reading import CallReader
from otel_bridge.scoring.resolving import Scorers
from otel_bridge.scoring.source import Ledger
from otel_bridge.scoring.working import Worker
from otel_bridge.telemetry import LogFormat, LogLevel, configure_logging, log

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from otel_bridge.scoring.client import BridgeClient
    from otel_bridge.scoring.source import Source

MAX_START_BYTES: Final = 16 << 20
NOTHING: Final = b"null"


class Start(Struct, frozen=True, kw_only=True):
    """What a worker is told. `scoring` is a `ScoringSettings` as JSON, its secrets in the clear.

    `kafka` are the `KafkaSettings` of the queue that tasks come through, `null` when the bridge lends them.
    `key` is what this worker shows to a bridge elsewhere. `confined`: keys may be for some projects only, so
    objects of one project lead to no other.
    """

    url: str
    worker: str
    scoring: Raw = Raw(b"{}")
    kafka: Raw = Raw(b"null")
    token: str = ""
    key: str = ""
    confined: bool = False
    log_level: LogLevel = "info"
    log_format: LogFormat = "console"


class Stop:
    """Hears SIGTERM and SIGINT."""

    def __init__(self) -> None:
        self._asked = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self._asked.set)

    async def asked(self) -> None:
        """Wait for one of them."""
        await self._asked.wait()


async def work(start: Start, settings: ScoringSettings, stopping: Callable[[], Awaitable[Any]]) -> None:
    """Take tasks and carry them out until `stopping` returns; then hand back what is held.

    Raise Permanent when what answers at the URL lends no tasks.
    """
    known = await asyncio.to_thread(registered, settings)
    lease_seconds = max(1, int(settings.lease.total_seconds()))
    async with AsyncExitStack() as owned:
        opening = open_client(start.url, name=start.worker, token=start.token, key=start.key)
        client = await owned.enter_async_context(opening)
        reader = CallReader(client)
        owned.push_async_callback(reader.close)
        appliers = await owned.enter_async_context(open_appliers(settings, reader))
        source = await _source(owned, start, client, lease_seconds)
        owned.push_async_callback(source.close)
        worker = Worker(
            client,
            source,
            reader,
            lease_seconds=lease_seconds,
            scorers=Scorers(client, known, appliers.check, confined=start.confined),
            appliers=appliers,
            monitors=Monitors(client, settings.monitors, known, source.looked_at, confined=start.confined),
        )
        log().info("worker_started", bridge=start.url, worker=start.worker)
        await worker.run(stopping)
    log().info("worker_stopped", worker=start.worker)


async def _source(owned: AsyncExitStack, start: Start, client: BridgeClient, lease_seconds: int) -> Source:
    """Open what tasks come from. Raise StartError when that is a Kafka which cannot be used."""
    if bytes(start.kafka) == NOTHING:
        return Ledger(client, lease_seconds)
    from otel_bridge.jobs.kafka.consumer import open_consumer  # noqa: PLC0415 - an extra; few workers need it
    from otel_bridge.jobs.kafka.settings import KafkaSettings  # noqa: PLC0415 - as above
    from otel_bridge.scoring.kafka_source import KafkaSource  # noqa: PLC0415 - as above

    settings = KafkaSettings.model_validate_json(bytes(start.kafka))
    consumer = await owned.enter_async_context(open_consumer(settings))
    return KafkaSource(client, consumer, lease_seconds)


async def serve_alone(start: Start, settings: ScoringSettings) -> None:
    """Work until SIGTERM or SIGINT. Raise Permanent when what answers at the URL lends no tasks."""
    be_nice(WORKER)
    await work(start, settings, Stop().asked)


def main() -> None:
    """Work for the service that started this process, until our standard input ends."""
    be_nice(WORKER)
    asyncio.run(_serve_parent())


async def _serve_parent() -> None:
    told = asyncio.StreamReader(limit=MAX_START_BYTES)
    pipe = os.fdopen(sys.stdin.fileno(), "rb", buffering=0, closefd=False)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(told), pipe)
    stop = Stop()
    start = msgspec.json.decode(await told.readline(), type=Start)
    configure_logging(start.log_level, start.log_format)

    async def stopping() -> None:
        either = (asyncio.ensure_future(told.read()), asyncio.ensure_future(stop.asked()))
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        for each in either:
            each.cancel()

    await work(start, ScoringSettings.model_validate_json(bytes(start.scoring)), stopping)


if __name__ == "__main__":
    main()
