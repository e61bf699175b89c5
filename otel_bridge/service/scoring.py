"""The worker processes that score: started when there is something to do, ended when there is nothing.

A bridge that scores nothing has none of them, and has loaded nothing of scoring.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from contextlib import asynccontextmanager, suppress
from itertools import count
from typing import TYPE_CHECKING, Final

import orjson
from msgspec import Struct

from otel_bridge.ingest.address import url_of
from otel_bridge.ingest.child import RESTART_SECONDS, background
from otel_bridge.telemetry import log

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from otel_bridge.config import BridgeConfig
    from otel_bridge.http.listener import Bound
    from otel_bridge.store.scoring.base import Scoring
    from otel_bridge.telemetry import Telemetry

MODULE: Final = "otel_bridge.scoring.worker"
IDLE_SECONDS: Final = 60.0
"""How long workers stay when nothing is to be done: starting them again takes a second of CPU."""
STOP_SECONDS: Final = 10.0
"""For what a worker is busy with when it is told to stop; what it does not finish is lent again. Less where
`shutdown_timeout` leaves less."""
LEFT_SECONDS: Final = 5.0
"""What is left of `shutdown_timeout` for all that stops after the workers."""
STEADY_SECONDS: Final = 60.0
"""A worker that lived so long did not die of its start."""


class Job(Struct, frozen=True, kw_only=True):
    """What workers are told on their standard input, as JSON; its end tells them to stop.

    `scoring` is the JSON of `ScoringSettings`, `kafka` of `KafkaSettings` (or null), with their secrets:
    standard input is seen by nobody else, as arguments and environment are.
    """

    url: str
    token: str
    confined: bool = False
    scoring: bytes
    kafka: bytes = b"null"
    log_level: str
    log_format: str

    def line(self, worker: str) -> bytes:
        """Return the line for one worker."""
        said = {
            "url": self.url,
            "token": self.token,
            "confined": self.confined,
            "worker": worker,
            "scoring": orjson.Fragment(self.scoring),
            "kafka": orjson.Fragment(self.kafka),
            "log_level": self.log_level,
            "log_format": self.log_format,
        }
        return orjson.dumps(said) + b"\n"


class Workers:
    """`processes` of them, each started again when it dies. `always`: also while nothing is to be done.

    `module` is run as their program; `hurry`, when it is set, lets none of them finish.
    """

    def __init__(
        self,
        ledger: Scoring,
        job: Job,
        telemetry: Telemetry,
        *,
        processes: int,
        always: bool = False,
        hurry: asyncio.Event | None = None,
        idle_seconds: float = IDLE_SECONDS,
        stop_seconds: float = STOP_SECONDS,
        module: str = MODULE,
    ) -> None:
        self._ledger = ledger
        self._job = job
        self._telemetry = telemetry
        self._always = always
        self._hurry = hurry or asyncio.Event()
        self._idle_seconds = idle_seconds
        self._stop_seconds = stop_seconds
        self._command = (sys.executable, "-P", "-m", module)
        self._processes = processes
        self._names = count(1)
        self._running: set[int] = set()
        self._restarting = 0

    @property
    def health(self) -> str:
        """A word for the probes: off, idle, working or restarting."""
        if not self._processes:
            return "off"
        if self._restarting:
            return "restarting"
        return "working" if self._running else "idle"

    @property
    def pids(self) -> frozenset[int]:
        """Which processes run now."""
        return frozenset(self._running)

    async def run(self) -> None:
        """Have workers whenever there is something to do. Never returns; cancelled, it ends them first."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._tell())
            for _ in range(self._processes):
                group.create_task(self._keep())

    async def _tell(self) -> None:
        seen = -1
        while True:
            seen = await self._ledger.changes(seen)
            backlog = self._ledger.backlog()
            self._telemetry.scoring_pending(queued=backlog.queued, leased=backlog.leased, ended=backlog.ended)

    async def _keep(self) -> None:
        """Run one worker after the other."""
        loop, attempt = asyncio.get_running_loop(), 0
        while True:
            await self._work_to_do()
            began = loop.time()
            try:
                code = await self._work()
            except OSError as error:  # no more processes, no more memory
                log().error("scoring worker cannot be started", reason=str(error))
            else:
                if code is None:
                    attempt = 0
                    continue
                log().error("scoring worker ended, starting it again", exit_code=code)
            attempt = 0 if loop.time() - began > STEADY_SECONDS else attempt
            self._telemetry.note("scoring_worker_restarts")
            self._restarting += 1
            try:
                await asyncio.sleep(RESTART_SECONDS[min(attempt, len(RESTART_SECONDS) - 1)])
            finally:
                self._restarting -= 1
            attempt += 1

    async def _work(self) -> int | None:
        """Run a worker until nothing is to be done (None) or it ends by itself (its exit code)."""
        process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            process_group=0,  # Ctrl-C in a terminal is for the service: it tells the worker
        )
        self._running.add(process.pid)
        try:
            with suppress(ConnectionError):  # it is dead already: its exit code tells
                assert process.stdin is not None
                process.stdin.write(
                    self._job.line(f"{socket.gethostname()}-{os.getpid()}-{next(self._names)}")
                )
                await process.stdin.drain()
            return await self._ended_or_idle(process)
        finally:
            await self._stop(process)
            self._running.discard(process.pid)

    async def _ended_or_idle(self, process: asyncio.subprocess.Process) -> int | None:
        ended = asyncio.create_task(process.wait())
        idle = asyncio.create_task(self._nothing_to_do())
        try:
            await asyncio.wait({ended, idle}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (ended, idle):
                task.cancel()
            await asyncio.wait({ended, idle})
        return process.returncode

    async def _stop(self, process: asyncio.subprocess.Process) -> None:
        """Let a worker finish what it is busy with; kill it when that takes too long."""
        if process.returncode is not None:
            return
        assert process.stdin is not None
        process.stdin.close()
        waits = {asyncio.create_task(process.wait()), asyncio.create_task(self._hurry.wait())}
        try:
            await asyncio.wait(waits, timeout=self._stop_seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if process.returncode is None:
                log().warning("scoring worker does not stop, killing it")
                with suppress(ProcessLookupError):
                    process.kill()
            for task in waits:
                task.cancel()
            await process.wait()

    async def _work_to_do(self) -> None:
        while not self._always:
            seen = await self._ledger.changes(-1)
            if self._ledger.backlog().any:
                return
            await self._ledger.changes(seen)

    async def _nothing_to_do(self) -> None:
        """Return when there has been nothing to do for a while."""
        while True:
            seen = await self._ledger.changes(-1)
            patience = None if self._always or self._ledger.backlog().any else self._idle_seconds
            try:
                async with asyncio.timeout(patience):
                    await self._ledger.changes(seen)
            except TimeoutError:
                return


@asynccontextmanager
async def open_workers(
    config: BridgeConfig,
    ledger: Scoring,
    telemetry: Telemetry,
    api: Bound,
    hurry: asyncio.Event,
    *,
    token: str = "",
) -> AsyncGenerator[Workers]:
    """Have workers of the API at `api` for the length of the block; `token` is what they show there.

    At its end they finish what they are busy with.
    """
    scoring = config.scoring
    job = Job(
        url=url_of(api.host, api.port),
        token=token,
        confined=config.api_security.asks,
        scoring=b"{}" if scoring is None else scoring.in_the_clear().encode(),
        kafka=b"null" if config.kafka is None else config.kafka.in_the_clear().encode(),
        log_level=config.log_level,
        log_format=config.log_format,
    )
    workers = Workers(
        ledger,
        job,
        telemetry,
        processes=1 if scoring is None else scoring.workers,
        always=scoring is not None and scoring.jobs != "store",
        hurry=hurry,
        stop_seconds=min(STOP_SECONDS, max(0.0, config.shutdown_timeout.total_seconds() - LEFT_SECONDS)),
    )
    async with background(workers.run()):
        yield workers
