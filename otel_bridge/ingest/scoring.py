"""The ledger of scoring as the service sees it (`store.scoring.base.Scoring`)."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final, TypeVar

import msgspec

from otel_bridge.errors import Unavailable
from otel_bridge.ingest.child import UnhandledInChild
from otel_bridge.ingest.scoring_frames import ChangeTasks, TasksChanged
from otel_bridge.ingest.scoring_requests import check_claim
from otel_bridge.model import tasks as t

if TYPE_CHECKING:
    from collections.abc import Iterator

    from otel_bridge.ingest.child import Child
    from otel_bridge.ingest.scoring_frames import BacklogChanged
    from otel_bridge.model.scoring import Task

ENQUEUE_TOGETHER: Final = 1_000
"""Tasks queued in one transaction: some tens of milliseconds of the writer."""

AnswerT = TypeVar("AnswerT", bound=t.ScoringAnswer)


class ServiceScoring:
    """Asks the writer, and remembers what it told of the backlog."""

    def __init__(self) -> None:
        self._writer: Child | None = None
        self._backlog = t.Backlog()
        self._count = 0
        self._changed = asyncio.Event()

    def reach(self, writer: Child) -> None:
        """Take the process that keeps the tasks."""
        self._writer = writer

    def hear(self, told: BacklogChanged) -> None:
        """Take what the writer tells."""
        self._backlog = told.backlog
        self._count += 1
        self._changed.set()

    def backlog(self) -> t.Backlog:
        """Return how much is to be done, as the writer last told."""
        return self._backlog

    async def changes(self, seen: int) -> int:
        """Wait until the backlog was told more than `seen` times (0 at first); return how often by now."""
        while self._count <= seen:
            self._changed.clear()
            await self._changed.wait()
        return self._count

    async def enqueue(self, asked: t.EnqueueTasks) -> t.Enqueued:
        """Queue tasks; what was looked at is told with the last of them."""
        queued = 0
        waiting: list[Task] = []
        for part in _parts(asked):
            answer = await self._ask(part, t.Enqueued)
            queued += answer.queued
            waiting += answer.tasks
        return t.Enqueued(queued=queued, tasks=tuple(waiting))

    async def claim(self, asked: t.ClaimTasks) -> t.Claimed:
        """Lend tasks and ended calls; the writer is asked only when there is something to do."""
        check_claim(asked)
        if self._backlog.any or asked.keys is not None:
            return await self._ask(asked, t.Claimed)
        return t.Claimed()

    async def renew(self, asked: t.RenewTasks) -> t.Renewed:
        """Lend tasks on."""
        return await self._ask(asked, t.Renewed)

    async def settle(self, asked: t.SettleTasks) -> t.Settled:
        """Take outcomes."""
        return await self._ask(asked, t.Settled)

    async def _ask(self, change: t.ScoringChange, expected: type[AnswerT]) -> AnswerT:
        if self._writer is None:
            raise Unavailable("the store is being opened")
        request = ChangeTasks(self._writer.number(), _now())
        reply, body = await self._writer.ask(request, msgspec.json.encode(change))
        if not isinstance(reply, TasksChanged):
            raise UnhandledInChild(f"expected TasksChanged, got {type(reply).__name__}")
        return msgspec.json.decode(body, type=expected)


def _parts(asked: t.EnqueueTasks) -> Iterator[t.EnqueueTasks]:
    tasks = asked.tasks
    last = max(0, len(tasks) - 1) // ENQUEUE_TOGETHER * ENQUEUE_TOGETHER
    for at in range(0, last + 1, ENQUEUE_TOGETHER):
        yield t.EnqueueTasks(
            tasks=tasks[at : at + ENQUEUE_TOGETHER],
            again=asked.again,
            ended=asked.ended if at == last else (),
            tell=asked.tell,
        )


def _now() -> int:
    return time.time_ns() // 1000
