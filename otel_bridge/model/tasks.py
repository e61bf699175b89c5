"""What may be asked of the ledger of scoring tasks, and what it answers (`store.scoring.base`).

Times are whole microseconds since the Unix epoch, UTC; lengths of leases are seconds.
"""

from __future__ import annotations

from typing import Final, TypeAlias

from msgspec import Struct

from otel_bridge.model.scoring import (  # noqa: TC001 - msgspec reads the annotations
    EndedCall,
    Leased,
    Outcome,
    Task,
)

MAX_ATTEMPTS: Final = 5
"""Leases of one task that may run out before nobody is lent it again."""
MAX_CLAIM: Final = 1_000
"""Tasks, and ended calls, that one claim lends."""
MAX_LEASE_SECONDS: Final = 3_600
MAX_NAME_CHARS: Final = 512
"""Of the name of a worker, and of the ids of calls and jobs."""
MAX_REF_CHARS: Final = 4_096
"""Of the ref of a scorer."""
MAX_OUTPUT_BYTES: Final = (1 << 20) - 64
"""Of a scorer's output as JSON: the payload around it may hold 1 MiB (`contract/weave-api.md` §4.4)."""


class EnqueueTasks(Struct, frozen=True, kw_only=True, tag="enqueue"):
    """Queue what is not known yet or has failed; `again`: what is done, too.

    A task of a known key that is queued again counts one generation more; the `generation` that is given here
    does not matter. `ended` are calls that were looked at (`Claimed.ended`): they are no longer offered.
    `tell` asks for the tasks themselves.
    """

    tasks: tuple[Task, ...] = ()
    again: bool = False
    ended: tuple[EndedCall, ...] = ()
    tell: bool = False


class Enqueued(Struct, frozen=True, kw_only=True):
    """How many tasks were queued now. `tasks`: which of those asked for wait, queued now or before."""

    queued: int
    tasks: tuple[Task, ...] = ()


class ClaimTasks(Struct, frozen=True, kw_only=True, tag="claim"):
    """Lend tasks to a worker, `limit` at most, the oldest of every scorer in turn.

    `rooms` bounds how many of a scorer (0: none of them), `each` how many of every other scorer.
    With `keys` exactly these, whoever holds them now: those that are done, have failed or are of an older
    generation are left out, and those that are not due yet; those that are unknown are taken up. `ended`: so
    many ended calls with them.
    """

    worker: str
    limit: int = 100
    lease_seconds: int = 60
    rooms: dict[str, int] = {}
    each: int | None = None
    keys: tuple[Task, ...] | None = None
    ended: int = 0


class Claimed(Struct, frozen=True, kw_only=True):
    """What a worker is lent. `due_at`: when more of what it asked for is due, None when nothing waits.

    `worn`: those of the keys it asked for that have failed now, because too many leases ran out.
    """

    leased: tuple[Leased, ...] = ()
    ended: tuple[EndedCall, ...] = ()
    worn: tuple[Task, ...] = ()
    due_at: int | None = None


class RenewTasks(Struct, frozen=True, kw_only=True, tag="renew"):
    """Lend these tasks on to the worker that holds them, for so many seconds from now."""

    worker: str
    tasks: tuple[Task, ...]
    lease_seconds: int = 60


class Renewed(Struct, frozen=True, kw_only=True):
    """How many leases go on. `lost`: the tasks that the worker does not hold any more: it may stop."""

    renewed: int
    lost: tuple[Task, ...] = ()


class SettleTasks(Struct, frozen=True, kw_only=True, tag="settle"):
    """Take what became of leased tasks: their runs, their feedback and their states, all at once."""

    outcomes: tuple[Outcome, ...]


class Settled(Struct, frozen=True, kw_only=True):
    """How many outcomes were taken, and of these by state; the others came too late, or came again."""

    kept: int
    ignored: int = 0
    done: int = 0
    failed: int = 0
    queued: int = 0


class Backlog(Struct, frozen=True, kw_only=True):
    """How much is to be done: tasks by state, and ended calls of watched projects that nobody looked at yet.

    `due_at`: from when on something can be claimed, be it long ago; None when there is nothing.
    """

    queued: int = 0
    leased: int = 0
    ended: int = 0
    due_at: int | None = None

    @property
    def any(self) -> bool:
        """Whether anything is to be done, now or later."""
        return bool(self.queued or self.leased or self.ended)


ScoringChange: TypeAlias = EnqueueTasks | ClaimTasks | RenewTasks | SettleTasks
ScoringAnswer: TypeAlias = Enqueued | Claimed | Renewed | Settled
"""One for each `ScoringChange`, in that order."""
