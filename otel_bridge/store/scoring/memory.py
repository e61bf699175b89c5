"""Scoring tasks in memory."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from otel_bridge.model.scoring import EndedCall, Task, TaskState
from otel_bridge.model.tasks import Backlog
from otel_bridge.store.scoring.base import CALL_IS_GONE, MANY_ENDED, Job, StateCount, key_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from otel_bridge.store.merge import Held
    from otel_bridge.store.scoring.base import Entry, Key

_OPEN = ("queued", "leased")
_Call = tuple[str, str]


class _Request(Struct, frozen=True):
    """What a job asked for at once."""

    job: tuple[str, str]
    asked_at: int
    keys: frozenset[Key]


class MemoryTasks:
    """`scoring.base.TaskSlots` and `TaskReads` over dictionaries; a copy of it is a transaction."""

    def __init__(self) -> None:
        self._tasks: dict[Key, Entry] = {}
        self._requests: list[_Request] = []
        self._ended: dict[_Call, tuple[int, int]] = {}
        """When each may be lent, and when it ended."""
        self.known: Callable[[_Call], bool] = lambda _call: False
        """Tells which calls can be seen."""

    def copy(self) -> MemoryTasks:
        """Return another one that holds the same."""
        other = MemoryTasks()
        other._tasks, other._ended = dict(self._tasks), dict(self._ended)
        other._requests = list(self._requests)
        return other

    def tasks(self, keys: Collection[Key]) -> dict[Key, Entry]:
        """Return those of the tasks that are kept."""
        return {key: self._tasks[key] for key in keys if key in self._tasks}

    def keep(self, entries: Sequence[Entry]) -> None:
        """Keep tasks."""
        self._tasks.update({key_of(entry.task): entry for entry in entries})

    def ask(self, tasks: Sequence[Task], *, now: int) -> None:
        """Remember what was asked for together."""
        jobs: dict[tuple[str, str], set[Key]] = {}
        for task in tasks:
            if task.job_id:
                jobs.setdefault((task.project_id, task.job_id), set()).add(key_of(task))
        self._requests += [_Request(job, now, frozenset(keys)) for job, keys in jobs.items()]

    def seen_calls(self, keys: Collection[Key]) -> set[_Call]:
        """Return which calls of these tasks can be seen."""
        return {key[:2] for key in keys if self.known(key[:2])}

    def waiting_scorers(self) -> list[str]:
        """Return the scorers with tasks that are queued or leased."""
        first: dict[str, int] = {}
        for entry in self._open():
            ref = entry.task.scorer_ref
            first[ref] = min(first.get(ref, entry.due_at), entry.due_at)
        return sorted(first, key=lambda ref: (first[ref], ref))

    def due(self, scorer_ref: str, *, now: int, limit: int) -> list[Entry]:
        """Return the tasks of a scorer that may be lent now."""
        found = [one for one in self._open() if one.task.scorer_ref == scorer_ref and one.due_at <= now]
        return sorted(found, key=lambda one: one.due_at)[:limit]

    def next_due(self, scorer_refs: Collection[str]) -> int | None:
        """Return when the first task of these scorers is due."""
        return min((one.due_at for one in self._open() if one.task.scorer_ref in scorer_refs), default=None)

    def due_ended(self, *, now: int, limit: int) -> list[EndedCall]:
        """Return ended calls that may be lent now."""
        found = sorted((due_at, call, at) for call, (due_at, at) in self._ended.items() if due_at <= now)
        return [EndedCall(*call, at) for _, call, at in found[:limit]]

    def lend_ended(self, calls: Sequence[EndedCall], *, until: int) -> None:
        """Offer these ended calls to nobody until then."""
        for call in calls:
            key = (call.project_id, call.call_id)
            self._ended[key] = (until, self._ended[key][1])

    def drop_ended(self, calls: Sequence[EndedCall]) -> None:
        """Forget ended calls."""
        for call in calls:
            self._ended.pop((call.project_id, call.call_id), None)

    def next_ended(self) -> int | None:
        """Return when the first ended call may be lent."""
        return min((due_at for due_at, _ in self._ended.values()), default=None)

    def put_ended(self, calls: Iterable[Held], *, now: int) -> None:
        """Keep calls that have ended now."""
        for call in calls:
            self._ended.setdefault((call.project_id, call.id), (now, call.ended_at or 0))

    def calls_deleted(self, calls: Collection[_Call], *, now: int) -> None:
        """Let deleted calls take along what hangs on them."""
        for key in [key for key in self._tasks if key[:2] in calls]:
            entry = self._tasks[key]
            if entry.state in _OPEN:
                gone = replace(entry, state="failed", error=CALL_IS_GONE, worker=None, changed_at=now)
                self._tasks[key] = gone
            else:
                del self._tasks[key]
        for call in calls:
            self._ended.pop(call, None)

    def calls_expired(self, calls: Collection[_Call], *, before: int) -> None:
        """Forget what hangs on these calls, and what was asked for before that time."""
        self._tasks = {
            key: one for key, one in self._tasks.items() if key[:2] not in calls and one.asked_at >= before
        }
        self._ended = {call: at for call, at in self._ended.items() if call not in calls}
        self._requests = [one for one in self._requests if one.asked_at >= before]

    def backlog(self) -> Backlog:
        """Return how much is to be done."""
        states = Counter(one.state for one in self._tasks.values())
        moments = [one.due_at for one in self._open()] + [due_at for due_at, _ in self._ended.values()]
        return Backlog(
            queued=states["queued"],
            leased=states["leased"],
            ended=min(MANY_ENDED, len(self._ended)),
            due_at=min(moments, default=None),
        )

    def task_counts(self, project_id: str, job_id: str | None) -> list[StateCount]:
        """Count tasks by scorer and state."""
        counted = Counter((one.task.scorer_ref, one.state) for one in self._of(project_id, job_id))
        return [StateCount(ref, state, count) for (ref, state), count in sorted(counted.items())]

    def troubles(
        self, project_id: str, job_id: str | None, scorer_ref: str, state: TaskState | None, *, limit: int
    ) -> list[Entry]:
        """Return the tasks of a scorer that have an error."""
        found = [
            one
            for one in self._of(project_id, job_id)
            if one.error is not None and one.task.scorer_ref == scorer_ref and state in {None, one.state}
        ]
        return sorted(found, key=lambda one: -one.changed_at)[:limit]

    def jobs(self, project_id: str, job_id: str | None, *, limit: int) -> list[Job]:
        """Return the jobs of a project."""
        found: dict[str, Job] = {}
        for one in self._requests:
            (project, name), size = one.job, len(one.keys)
            if project == project_id and job_id in {None, name}:
                before = found.pop(name, Job(name, one.asked_at, 0))
                found[name] = Job(name, before.asked_at, before.tasks + size)
        return list(reversed(found.values()))[: max(limit, job_id is not None)]

    def ended_count(self, project_id: str) -> int:
        """Count the ended calls that nobody has looked at yet."""
        return sum(project == project_id for project, _ in self._ended)

    def _open(self) -> list[Entry]:
        return [one for one in self._tasks.values() if one.state in _OPEN]

    def _of(self, project_id: str, job_id: str | None) -> list[Entry]:
        if job_id is None:
            return [one for key, one in self._tasks.items() if key[0] == project_id]
        wanted = {key for one in self._requests if one.job == (project_id, job_id) for key in one.keys}
        return [self._tasks[key] for key in wanted if key in self._tasks]
