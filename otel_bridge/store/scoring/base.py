"""The ledger's promise: one row a task, whatever brings the tasks to the workers.

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
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
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


class Scoring(Protocol):
    """The ledger as the service sees it, on the event loop.

    What a method answers is committed. Each raises Unavailable when it was not kept and may be asked again,
    and InvalidRequest, naming the field, for what makes no sense.
    """

    def backlog(self) -> Backlog:
        """Return how much is to be done, as the writer last told."""

    async def changes(self, seen: int) -> int:
        """Wait until the backlog was told more than `seen` times (0 at first); return how often by now."""

    async def enqueue(self, asked: EnqueueTasks) -> Enqueued:
        """Queue tasks; many of them in several transactions, which may be repeated like one."""

    async def claim(self, asked: ClaimTasks, *, wait_seconds: float = 0.0) -> Claimed:
        """Lend tasks; when there is nothing to lend, wait for it so long."""

    async def renew(self, asked: RenewTasks) -> Renewed:
        """Lend tasks on."""

    async def settle(self, asked: SettleTasks) -> Settled:
        """Take outcomes."""
