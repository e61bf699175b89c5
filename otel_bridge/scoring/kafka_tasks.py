"""The tasks of the messages that a worker has in hand: waiting, lent, or due later. Pure."""

from __future__ import annotations

import heapq
import math
from collections import deque
from itertools import count
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from otel_bridge.jobs.base import Receipt, Taken
    from otel_bridge.model.scoring import Task

Key: TypeAlias = tuple[str, str, str]
State: TypeAlias = Literal["waiting", "lent", "later"]


class _Known:
    """A task, and the messages that ask for it: several when one came again, or somebody asked again."""

    __slots__ = ("messages", "state", "task")

    def __init__(self, task: Task) -> None:
        self.task = task
        self.state: State = "waiting"
        self.messages: set[Receipt] = set()


class _Open:
    """A message, the tasks of it that are not finished, and why it should be buried, if so."""

    __slots__ = ("left", "reasons", "taken")

    def __init__(self, taken: Taken, left: set[Key]) -> None:
        self.taken = taken
        self.left = left
        self.reasons: list[str] = []


class Tasks:
    """What methods return are messages that are finished now, each with the reason to bury it, if any."""

    def __init__(self) -> None:
        self._known: dict[Key, _Known] = {}
        self._open: dict[Receipt, _Open] = {}
        self._queues: dict[str, deque[Key]] = {}
        self._later: list[tuple[float, int, Key]] = []
        self._numbers = count()
        self._turn = 0
        self.waiting = 0

    @property
    def next_at(self) -> float:
        """When the first task is due that waits for its time, as `time.monotonic`; infinite without one."""
        return self._later[0][0] if self._later else math.inf

    def add(self, taken: Taken, tasks: Iterable[Task]) -> Sequence[tuple[Taken, str]]:
        """Take a message; one that asks for nothing is finished."""
        opened = _Open(taken, set())
        for task in tasks:
            key = key_of(task)
            opened.left.add(key)
            known = self._known.get(key)
            if known is None:
                known = self._known[key] = _Known(task)
                self._enqueue(key)
            elif task.generation > known.task.generation:
                known.task = task
            known.messages.add(taken.receipt)
        if not opened.left:
            return [(taken, "")]
        self._open[taken.receipt] = opened
        return []

    def wake(self, now: float) -> None:
        """Let tasks wait whose time has come."""
        while self._later and self._later[0][0] <= now:
            _, _, key = heapq.heappop(self._later)
            known = self._known.get(key)
            if known is not None and known.state == "later":
                known.state = "waiting"
                self._enqueue(key)

    def choose(self, limit: int, rooms: Mapping[str, int], each: int) -> list[Task]:
        """Lend tasks: the oldest of each scorer in turn, as many as there is room for."""
        chosen: list[Task] = []
        left = {ref: min(len(queue), rooms.get(ref, each)) for ref, queue in self._queues.items()}
        order = [ref for ref, room in left.items() if room > 0]
        self._turn += 1
        while order and len(chosen) < limit:
            share = max(1, (limit - len(chosen)) // len(order))
            order = order[self._turn % len(order) :] + order[: self._turn % len(order)]
            for ref in order:
                some = self._lend(ref, min(share, left[ref], limit - len(chosen)))
                left[ref] = 0 if not some else left[ref] - len(some)
                chosen += some
            order = [ref for ref in order if left[ref] > 0]
        return chosen

    def give_back(self, tasks: Iterable[Task]) -> None:
        """Let tasks wait that were chosen in vain."""
        for task in reversed(list(tasks)):
            key = key_of(task)
            known = self._known.get(key)
            if known is not None and known.state == "lent":
                known.state = "waiting"
                self._enqueue(key, first=True)

    def later(self, task: Task, at: float) -> None:
        """Let a task wait until then."""
        key = key_of(task)
        known = self._known.get(key)
        if known is None or known.state == "later":
            return
        if not known.messages:
            del self._known[key]
            return
        known.state = "later"
        heapq.heappush(self._later, (at, next(self._numbers), key))

    def worn(self, task: Task, reason: str) -> None:
        """Note that a task has killed its workers: its messages are to be buried."""
        known = self._known.get(key_of(task))
        for receipt in () if known is None else known.messages:
            self._open[receipt].reasons.append(reason)

    def finish(self, task: Task) -> Sequence[tuple[Taken, str]]:
        """Be done with a task."""
        key = key_of(task)
        known = self._known.pop(key, None)
        if known is None:
            return []
        return [done for receipt in known.messages if (done := self._finished(receipt, key)) is not None]

    def lose(self, lost: Collection[Receipt]) -> None:
        """Forget messages that are somebody else's now, and tasks that only they ask for unless they run."""
        for receipt in lost:
            opened = self._open.pop(receipt, None)
            for key in () if opened is None else opened.left:
                known = self._known[key]
                known.messages.discard(receipt)
                if not known.messages and known.state != "lent":
                    self.waiting -= known.state == "waiting"
                    del self._known[key]

    def _finished(self, receipt: Receipt, key: Key) -> tuple[Taken, str] | None:
        opened = self._open[receipt]
        opened.left.discard(key)
        if opened.left:
            return None
        del self._open[receipt]
        return opened.taken, "; ".join(opened.reasons)

    def _enqueue(self, key: Key, *, first: bool = False) -> None:
        queue = self._queues.setdefault(key[2], deque())
        if first:
            queue.appendleft(key)
        else:
            queue.append(key)
        self.waiting += 1

    def _lend(self, ref: str, limit: int) -> list[Task]:
        """Lend tasks of one scorer; what was forgotten meanwhile is skipped."""
        queue = self._queues[ref]
        found: list[Task] = []
        while queue and len(found) < limit:
            known = self._known.get(queue.popleft())
            if known is not None and known.state == "waiting":
                known.state = "lent"
                self.waiting -= 1
                found.append(known.task)
        if not queue:
            del self._queues[ref]
        return found


def key_of(task: Task) -> Key:
    """Return what names a task, whatever its generation."""
    return task.project_id, task.call_id, task.scorer_ref
