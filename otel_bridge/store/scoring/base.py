"""The promise of scoring: one row a task, whatever brings the tasks to the workers.

The key of a task is (project, call, scorer ref). It is queued, leased, done or failed.

* A task is kept before anyone is told so, and is there until its call goes: nothing else removes one that is
  not done. A task never lives longer than calls are kept.
* Asking for a known task changes nothing while it is queued or leased. What has failed is queued again, and
  what is done is when it is asked for `again`: one generation further, so its run and its feedback are new.
* A lease ends. What is not settled by then is lent again. After `MAX_ATTEMPTS` leases that ran out, or were
  taken over from another worker, the task has failed: no task can stop the others by killing its workers.
* Claims are fair: the oldest tasks of each scorer in turn.
* Settling is one transaction: the run as a call, the feedback, the state. `done` counts from any lease of the
  generation that is not done yet; `failed` and `queued` count only from the lease that runs: so a worker that
  was thought dead gives its result once, and its failure not at all. Whatever comes again changes nothing.
* A call that is deleted takes its finished tasks with it; the others have failed, "the call is gone", and
  leave neither run nor feedback.
* In watched projects each call that ends is kept as an ended call, in the transaction that ends it, once; it
  is offered until somebody says, together with the tasks it led to, that it was looked at. Runs of scorers
  are no such calls.
* What a job asked for is remembered as long as its tasks: it knows those that others had queued before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol, TypeAlias, get_args

from msgspec import Struct

from otel_bridge.model.scoring import Task, TaskState

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from otel_bridge.model.scoring import EndedCall
    from otel_bridge.model.tasks import (
        Backlog,
        Claimed,
        ClaimTasks,
        Enqueued,
        EnqueueTasks,
        Renewed,
        RenewTasks,
        Settled,
        SettleTasks,
    )

STATES: Final[tuple[TaskState, ...]] = get_args(TaskState)
CALL_IS_GONE: Final = "the call is gone"
MANY_ENDED: Final = 1_000
"""`Backlog.ended` counts no further."""

Key: TypeAlias = tuple[str, str, str]
"""Project, call and scorer ref."""


class Entry(Struct, frozen=True, kw_only=True):
    """A task as it is kept.

    `due_at` is when it may be lent: for one that is leased, when its lease ends. `attempt` counts leases of
    the generation, `lapsed` those of them that ran out or were taken over. Times are microseconds.
    """

    task: Task
    asked_at: int
    changed_at: int
    due_at: int
    state: TaskState = "queued"
    attempt: int = 0
    lapsed: int = 0
    worker: str | None = None
    error: str | None = None


def key_of(task: Task) -> Key:
    """Return the key of a task."""
    return (task.project_id, task.call_id, task.scorer_ref)


class TaskSlots(Protocol):
    """What the engine needs from a store inside a transaction; later reads see what was kept."""

    def tasks(self, keys: Collection[Key]) -> Mapping[Key, Entry]:
        """Return those of the tasks that are kept."""

    def keep(self, entries: Sequence[Entry]) -> None:
        """Keep tasks, each once, in place of what is kept under their keys."""

    def ask(self, tasks: Sequence[Task], *, now: int) -> None:
        """Remember what was asked for together: the jobs, and who asked, before the tasks are kept."""

    def seen_calls(self, keys: Collection[Key]) -> Collection[tuple[str, str]]:
        """Return which calls of these tasks can be seen, by project and id."""

    def waiting_scorers(self) -> Sequence[str]:
        """Return the scorers with tasks that are queued or leased, those first that have one due longest."""

    def due(self, scorer_ref: str, *, now: int, limit: int) -> Sequence[Entry]:
        """Return the tasks of a scorer that may be lent now, those first that are due longest."""

    def next_due(self, scorer_refs: Collection[str]) -> int | None:
        """Return when the first task of these scorers is due."""

    def due_ended(self, *, now: int, limit: int) -> Sequence[EndedCall]:
        """Return ended calls that may be lent now, those first that ended first."""

    def lend_ended(self, calls: Sequence[EndedCall], *, until: int) -> None:
        """Offer these ended calls to nobody until then."""

    def drop_ended(self, calls: Sequence[EndedCall]) -> None:
        """Forget ended calls; those that are not known, too."""

    def next_ended(self) -> int | None:
        """Return when the first ended call may be lent."""


class StateCount(Struct, frozen=True):
    """How many tasks of a scorer are in a state."""

    scorer_ref: str
    state: TaskState
    count: int


class Job(Struct, frozen=True):
    """What was asked for under one job id: so many tasks, first at `asked_at` (microseconds)."""

    job_id: str
    asked_at: int
    tasks: int


class TaskReads(Protocol):
    """What is told of the tasks of a project."""

    def task_counts(self, project_id: str, job_id: str | None) -> Sequence[StateCount]:
        """Count tasks by scorer and state, in the order of the refs; of one job, where one is named."""

    def troubles(
        self, project_id: str, job_id: str | None, scorer_ref: str, state: TaskState | None, *, limit: int
    ) -> Sequence[Entry]:
        """Return the tasks of a scorer that have an error, those first whose state changed last.

        Of one job, and of one state, where they are named.
        """

    def jobs(self, project_id: str, job_id: str | None, *, limit: int) -> Sequence[Job]:
        """Return the jobs of a project, or the one that is named, the newest first."""

    def ended_count(self, project_id: str) -> int:
        """Count the ended calls that nobody has looked at yet."""


class Scoring(Protocol):
    """Scoring tasks as the service sees them, on the event loop.

    What a method answers is committed. Each raises Unavailable when it was not kept and may be asked again,
    and InvalidRequest, naming the field, for what makes no sense.
    """

    def backlog(self) -> Backlog:
        """Return how much is to be done, as the writer last told."""

    async def changes(self, seen: int) -> int:
        """Wait until the backlog was told more than `seen` times (0 at first); return how often by now."""

    async def enqueue(self, asked: EnqueueTasks) -> Enqueued:
        """Queue tasks; many of them in several transactions, which may be repeated like one."""

    async def claim(self, asked: ClaimTasks) -> Claimed:
        """Lend tasks and ended calls, as many as there are now."""

    async def renew(self, asked: RenewTasks) -> Renewed:
        """Lend tasks on."""

    async def settle(self, asked: SettleTasks) -> Settled:
        """Take outcomes."""
