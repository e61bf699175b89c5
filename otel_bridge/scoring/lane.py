"""The tasks of one scorer: as many at a time as it may take, as fast as it may, and again when it was busy.

Lanes do not wait for each other; what one has no room for is not leased.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import aclosing
from random import random
from typing import TYPE_CHECKING, Final, Protocol

from otel_bridge.backoff import Backoff, Retry
from otel_bridge.errors import Unavailable
from otel_bridge.scorer.base import ScorerBusy, ScorerFailed
from otel_bridge.scoring import runs
from otel_bridge.scoring.pace import Pace
from otel_bridge.telemetry import log

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterable, Sequence

    from aiolimiter import AsyncLimiter

    from otel_bridge.model.scoring import Outcome
    from otel_bridge.scorer.base import Verdict
    from otel_bridge.scorer.spec import Spec
    from otel_bridge.scoring.assignments import Assignment

LONGEST_WAIT_HERE: Final = 10.0
"""Seconds. A task that has to wait longer is handed back, to be due then."""
MICROSECONDS: Final = 1_000_000
LONGEST_RETRY_AFTER: Final = 3600.0
BRIDGE_SECONDS: Final = 1.0
"""Before calls are read again that could not be, and as much again at random."""
RETRY: Final = Retry(initial_interval=1.0, max_interval=300.0, multiplier=3.0)


class Tried:
    """What came of carrying out one task: `ran` is None when its call is gone."""

    __slots__ = ("held", "ran", "result")

    def __init__(
        self, held: Assignment, ran: runs.Ran | None, result: Verdict | ScorerFailed | ScorerBusy | None
    ) -> None:
        self.held: Final = held
        self.ran: Final = ran
        self.result: Final = result


class Performer(Protocol):
    """Applies one scorer to calls. `slots` batches of up to `batch` tasks may be under way at a time."""

    slots: int
    batch: int

    def perform(self, held: Sequence[Assignment]) -> AsyncGenerator[Tried]:
        """Carry out tasks; those that are not yielded are tried again."""

    async def close(self) -> None:
        """Let go of processes."""


class Lane:
    """One scorer's tasks; `settle` takes the outcome of each."""

    def __init__(
        self,
        spec: Spec,
        performer: Performer,
        settle: Callable[[Outcome], None],
        limiter: AsyncLimiter | None = None,
    ) -> None:
        self.spec: Final = spec
        self.held = 0
        self.idle_since = asyncio.get_running_loop().time()
        self._performer = performer
        self._settle = settle
        self._backlog: deque[Assignment] = deque()
        self._running: set[asyncio.Task[None]] = set()
        self._waiting: dict[Assignment, asyncio.TimerHandle] = {}
        self._pace = Pace(limiter, slots=performer.slots, most=performer.batch)
        self._stopping = False

    @property
    def room(self) -> int:
        """How many more tasks may be leased for this scorer."""
        return self._pace.room(self.held)

    def add(self, tasks: Iterable[Assignment]) -> None:
        """Take tasks."""
        for one in tasks:
            one.spec = self.spec
            self._backlog.append(one)
            self.held += 1
        self._start()

    async def stop(self, seconds: float) -> None:
        """Let what runs finish for so long; then stop it. What was not settled stays with the worker."""
        self._stopping = True
        self._backlog.clear()
        for timer in self._waiting.values():
            timer.cancel()
        if self._running:
            await asyncio.wait(self._running, timeout=seconds)
        for running in self._running:
            running.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    async def close(self) -> None:
        """Let go of what the scorer ran in."""
        await self._performer.close()

    def _start(self) -> None:
        while not self._stopping and self._backlog and len(self._running) < self._performer.slots:
            many = min(len(self._backlog), self._pace.batch)
            batch = [self._backlog.popleft() for _ in range(many)]
            running = asyncio.create_task(self._work(batch))
            self._running.add(running)
            running.add_done_callback(self._ended)

    def _ended(self, running: asyncio.Task[None]) -> None:
        self._running.discard(running)
        self._start()

    async def _work(self, batch: list[Assignment]) -> None:
        """Carry out a batch; whatever goes wrong costs its tasks a try, never the lane."""
        left = dict.fromkeys(batch)
        try:
            await self._pace.admit(len(batch))
            await self._perform(left)
        except Unavailable as error:  # the bridge, not the scorer: this is no try
            log().warning("calls_not_read", scorer=self.spec.name, tasks=len(left), reason=str(error))
            for one in left:
                self._after(BRIDGE_SECONDS * (1 + random()), one)  # noqa: S311 - no secret
        except Exception as error:  # noqa: BLE001 - the top of a task
            reason = str(error) or type(error).__name__
            log().warning("scoring_stumbled", scorer=self.spec.name, tasks=len(left), reason=reason)
            for one in left:
                self._again(one, reason)

    async def _perform(self, left: dict[Assignment, None]) -> None:
        """Carry out a batch; what is done is no longer in `left`."""
        async with aclosing(self._performer.perform(tuple(left))) as results:
            async for tried in results:
                del left[tried.held]
                self._take(tried)

    def _take(self, tried: Tried) -> None:
        if (ran := tried.ran) is not None:
            self._pace.took((ran.ended_at - ran.started_at) / MICROSECONDS, len(ran.line))
        match tried.result:
            case None:
                self._done(runs.not_run(tried.held, runs.GONE))
            case ScorerBusy() as busy:
                self._again(tried.held, str(busy), tried)
            case ScorerFailed() as error:
                tried.held.tries += 1
                self._done(_failed(tried, error))
            case verdict:
                assert tried.ran is not None
                tried.held.tries += 1
                self._done(runs.scored(tried.held, tried.ran, verdict))

    def _again(self, held: Assignment, reason: str, last: Tried | None = None) -> None:
        """Try a task again later, here or elsewhere; when it was tried often enough it has failed."""
        held.tries += 1
        busy = last.result if last is not None and isinstance(last.result, ScorerBusy) else None
        if held.attempt >= self.spec.bounds.attempts:
            self._done(runs.not_run(held, reason) if last is None or busy is None else _failed(last, busy))
            return
        backoff = Backoff(RETRY)
        backoff.attempts = held.attempt - 1
        asked = min(LONGEST_RETRY_AFTER, busy.retry_after or 0.0) if busy is not None else 0.0
        wait = backoff.next(at_least=asked)
        if asked:
            self._pace.shut(wait)
        if wait > LONGEST_WAIT_HERE:
            self._done(runs.later(held, reason, wait))
        else:
            self._after(wait, held)

    def _after(self, seconds: float, held: Assignment) -> None:
        self._waiting[held] = asyncio.get_running_loop().call_later(seconds, self._retry, held)

    def _retry(self, held: Assignment) -> None:
        del self._waiting[held]
        self._backlog.append(held)
        self._start()

    def _done(self, outcome: Outcome) -> None:
        self.held -= 1
        self.idle_since = asyncio.get_running_loop().time()
        self._settle(outcome)


def _failed(tried: Tried, error: ScorerFailed | ScorerBusy) -> Outcome:
    if tried.ran is None:
        return runs.not_run(tried.held, str(error))
    return runs.failed(tried.held, tried.ran, error)
