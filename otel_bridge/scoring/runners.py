"""A pool of runner processes: calls in, verdicts out, whatever a scorer does to its process.

Each call has a deadline, at which its runner is killed, however it is busy. A runner that ends by itself
costs the call at fault its verdict, and no other: where it is not plain which call that was, those that were
under way are scored again, each alone. So a scorer may see a call twice.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final, Self

import msgspec

from otel_bridge.ingest.child import background
from otel_bridge.scorer.base import ScorerBusy
from otel_bridge.scoring.course import CannotOpen, Course, Stopped
from otel_bridge.scoring.pending import Pending
from otel_bridge.scoring.runner_process import RunnerProcess

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator, Sequence
    from types import TracebackType

    from otel_bridge.scorer.settings import ScoringSettings
    from otel_bridge.scorer.spec import Spec
    from otel_bridge.scoring.course import Call, Result, Tell

MAX_BATCH_CALLS: Final = 256
MAX_BATCH_BYTES: Final = 4 << 20
"""What a runner is given at a time; a single larger call goes alone."""
OPEN_SECONDS: Final = 120.0
"""To start a runner and to make a scorer ready: it may import large packages."""
IDLE_SECONDS: Final = 60.0


class Runners:
    """Up to `size` runner processes, started when they are needed, ended after `idle_seconds` of nothing."""

    def __init__(
        self,
        settings: ScoringSettings,
        *,
        size: int = 1,
        idle_seconds: float = IDLE_SECONDS,
        open_seconds: float = OPEN_SECONDS,
    ) -> None:
        self._settings = settings
        self._room = asyncio.Semaphore(size)
        self._free: deque[tuple[float, RunnerProcess]] = deque()
        self._idle_seconds = idle_seconds
        self._open_seconds = open_seconds
        self._upkeep = background(self._end_idle())

    async def __aenter__(self) -> Self:
        await self._upkeep.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._upkeep.__aexit__(kind, error, trace)
        while self._free:
            await self._free.popleft()[1].close()

    async def run(self, spec: Spec, lines: Sequence[bytes]) -> AsyncGenerator[tuple[int, Result]]:
        """Score calls, each a line of `/calls/stream_query`: yield its number and what came of it.

        Every call gets one result, in any order. Who stops early should close the generator: what runs then
        is killed.
        """
        found: asyncio.Queue[list[tuple[int, Result]] | None] = asyncio.Queue()
        work = asyncio.create_task(self._carry_out_all(spec, lines, found.put_nowait))
        work.add_done_callback(lambda _: found.put_nowait(None))
        try:
            while (results := await found.get()) is not None:
                for result in results:
                    yield result
            await work
        finally:
            work.cancel()
            await asyncio.wait([work])

    async def _carry_out_all(self, spec: Spec, lines: Sequence[bytes], tell: Tell) -> None:
        async with asyncio.TaskGroup() as group:
            for calls in _batches(lines):
                group.create_task(self._carry_out(spec, calls, tell))

    async def _carry_out(self, spec: Spec, calls: list[Call], tell: Tell) -> None:
        """Score a batch, on as many runners as it takes, one after the other."""
        pending = Pending(calls)
        while batch := pending.next():
            course = Course(batch, seconds=spec.bounds.timeout_seconds, open_seconds=self._open_seconds)
            stopped = await self._followed(spec, course, tell)
            if stopped is not None:
                pending.stopped(course, stopped, tell)

    async def _followed(self, spec: Spec, course: Course, tell: Tell) -> Stopped | None:
        """Carry out a batch on one runner, and return what stopped it, None when it came to its end."""
        try:
            async with self._lent(spec.name) as process:
                await course.carry_out(msgspec.json.encode(spec), process, tell)
        except Stopped as stopped:
            return stopped
        except CannotOpen as error:
            course.fail(str(error), tell)
        except OSError as error:
            reason = f"no process can be started: {error.strerror or error}"
            tell([(number, ScorerBusy(reason)) for number, _ in course.left])
        return None

    @asynccontextmanager
    async def _lent(self, name: str) -> AsyncGenerator[RunnerProcess]:
        """Lend a runner that is ready for a batch; one that does not come back in order is killed."""
        async with self._room:
            process = await self._one()
            process.printed.scorer = name
            try:
                yield process
            except CannotOpen:
                self._free.append((time.monotonic(), process))
                raise
            except BaseException:
                await process.close()
                raise
            self._free.append((time.monotonic(), process))

    async def _one(self) -> RunnerProcess:
        while self._free:
            _, process = self._free.pop()
            if not process.has_ended:
                return process
            await process.close()
        settings = self._settings
        return await RunnerProcess.start(
            python_path=settings.python_path,
            max_memory=int(settings.max_memory or 0),
            max_result=int(settings.max_result),
        )

    async def _end_idle(self) -> None:
        while True:
            await asyncio.sleep(self._idle_seconds / 2)
            while self._free and time.monotonic() - self._free[0][0] > self._idle_seconds:
                await self._free.popleft()[1].close()


def _batches(lines: Sequence[bytes]) -> Iterator[list[Call]]:
    """Cut calls into batches, in their order."""
    batch: list[Call] = []
    size = 0
    for number, line in enumerate(lines):
        if batch and (len(batch) == MAX_BATCH_CALLS or size + len(line) > MAX_BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append((number, line))
        size += len(line)
    if batch:
        yield batch
