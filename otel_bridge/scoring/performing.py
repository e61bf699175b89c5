"""How a scorer is applied: in runner processes, or from the event loop over HTTP."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

from otel_bridge.scorer.base import ScorerBusy, ScorerFailed
from otel_bridge.scoring.lane import Tried
from otel_bridge.scoring.runs import Ran, now

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence

    from otel_bridge.scorer.base import Verdict
    from otel_bridge.scorer.spec import Spec
    from otel_bridge.scoring.assignments import Assignment
    from otel_bridge.scoring.reading import CallReader, Line, Wants

RUNNER_BATCH: Final = 100
MOST_REQUESTS: Final = 3
"""Of one run: a token, an answer, and another one where the first was asked for in the wrong way."""
SLOW_MICROSECONDS: Final = 1_000_000
"""A scorer that takes longer for a call does not share processes with others."""


Score: TypeAlias = "Callable[..., Awaitable[Verdict]]"
"""Called with a Spec, a line and a Task; raises ScorerFailed or ScorerBusy."""


class Pool(Protocol):
    """Processes that scorers run in."""

    @property
    def size(self) -> int:
        """How many there are at most."""

    def run(
        self, spec: Spec, lines: Sequence[Line]
    ) -> AsyncGenerator[tuple[int, Verdict | ScorerFailed | ScorerBusy]]:
        """Yield the number of a line and what came of it."""

    async def leave(self) -> None:
        """Use them no more."""


class InRunner:
    """Applies scorers in the processes of a pool; one that turns out to be slow goes on in one of its own."""

    batch: int = RUNNER_BATCH

    def __init__(
        self, reader: CallReader, wants: Wants, pool: Pool, alone: Callable[[], Pool] | None
    ) -> None:
        self._reader = reader
        self._wants = wants
        self._pool = pool
        self._alone = alone
        self.slots = pool.size + 1  # one batch is read while the others are computed

    async def perform(self, held: Sequence[Assignment]) -> AsyncGenerator[Tried]:
        """Carry out tasks of one scorer, in whichever order."""
        lines = await self._reader.read([one.task for one in held], self._wants)
        found: list[tuple[Assignment, Line]] = []
        for one, line in zip(held, lines, strict=True):
            if line is None:
                yield Tried(one, None, None)
            else:
                found.append((one, line))
        if not found:
            return
        started_at = now()
        async with aclosing(self._pool.run(held[0].spec, [line for _, line in found])) as results:
            async for index, result in results:
                one, line = found[index]
                ran = Ran(line, result.started_at or started_at, result.ended_at or now())
                self._note(ran)
                yield Tried(one, ran, result)

    async def close(self) -> None:
        """Let go of processes of its own."""
        await self._pool.leave()

    def _note(self, ran: Ran) -> None:
        if self._alone is not None and ran.ended_at - ran.started_at > SLOW_MICROSECONDS:
            self._pool, self._alone = self._alone(), None


class OverHttp:
    """Applies a scorer that asks elsewhere; `score` raises ScorerFailed or ScorerBusy."""

    batch: int = 1

    def __init__(
        self,
        reader: CallReader,
        wants: Wants,
        score: Score,
        slots: int,
    ) -> None:
        self.slots = slots
        self._reader = reader
        self._wants = wants
        self._score = score

    async def perform(self, held: Sequence[Assignment]) -> AsyncGenerator[Tried]:
        """Carry out tasks, one after the other."""
        for one in held:
            (line,) = await self._reader.read([one.task], self._wants)
            if line is None:
                yield Tried(one, None, None)
                continue
            started_at = now()
            result = await self._result(one, line)
            yield Tried(one, Ran(line, started_at, now()), result)

    async def close(self) -> None:
        """Hold on to nothing."""

    async def _result(self, held: Assignment, line: Line) -> Verdict | ScorerFailed | ScorerBusy:
        """Score one call. Each request that this takes has a deadline of its own."""
        seconds = MOST_REQUESTS * held.spec.bounds.timeout_seconds
        try:
            async with asyncio.timeout(seconds):
                return await self._score(held.spec, line, held.task)
        except TimeoutError:
            return ScorerFailed(f"no result within {seconds:g} s")
        except (ScorerFailed, ScorerBusy) as error:
            return error
