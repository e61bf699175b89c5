"""Scoring as it is queued, leased and settled: tasks, outcomes and what is told of them.

A **task** is one scorer to be applied to one call. Its key is `(project_id, call_id, scorer_ref)`; the ref
holds the digest of the scorer, so another version of a scorer is another task. Times are whole microseconds
since the Unix epoch, UTC. `contract/weave-api.md` §4.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from msgspec import Raw, Struct

TaskState: TypeAlias = Literal["queued", "leased", "done", "failed"]
"""A task that failed for now is queued again, and due later."""

MAX_REQUEST_CALLS: Final = 10_000
"""Calls of one `/calls/score`."""
MAX_REQUEST_TASKS: Final = 200_000
"""Calls times scorers of one `/calls/score`."""
MAX_MESSAGE_CALLS: Final = 100
"""Calls of one message of a queue, as Weave's own producer cuts them."""
SCORED_CALL: Final = ("otel_bridge", "scoring", "scored_call")
"""Where in its attributes a run of a scorer names the call that it is about."""


class Task(Struct, frozen=True, kw_only=True):
    """One scorer to be applied to one call.

    `generation` counts how often scoring was asked for again on purpose; `job_id` names the request that
    asked, `trigger_ref` the monitor, where one did.
    """

    project_id: str
    call_id: str
    scorer_ref: str
    generation: int = 0
    job_id: str = ""
    trigger_ref: str | None = None
    wb_user_id: str | None = None

    @property
    def run_id(self) -> str:
        """The id of the call that records the run: the same however often this task is carried out."""
        return self._id(b"run")

    @property
    def trace_id(self) -> str:
        """The trace of that call, 32 hex digits."""
        return self._id(b"trace").replace("-", "")

    @property
    def feedback_id(self) -> str:
        """The id of the feedback that the run gives."""
        return self._id(b"feedback")

    def _id(self, what: bytes) -> str:
        """Return a UUID of version 8 (RFC 9562 §5.8), made of the key: of every result it takes three."""
        from hashlib import blake2b  # noqa: PLC0415 - OpenSSL takes 4 MB of a process, and few score

        key = f"{self.project_id}\n{self.call_id}\n{self.scorer_ref}\n{self.generation}"
        found = blake2b(key.encode(), digest_size=16, person=what).hexdigest()
        return f"{found[:8]}-{found[8:12]}-8{found[13:16]}-b{found[17:20]}-{found[20:]}"


class Leased(Struct, frozen=True, kw_only=True):
    """A task that is lent to a worker until `until`; `attempt` counts its leases, from 1 on."""

    task: Task
    attempt: int
    until: int


class Run(Struct, frozen=True, kw_only=True):
    """How a scorer ran, to be recorded as a call of its own. Members that hold a tree are compact JSON."""

    op_name: str
    started_at: int
    ended_at: int
    inputs: Raw
    output: Raw
    summary: Raw
    attributes: Raw
    exception: str | None = None
    display_name: str | None = None


NO_OUTPUT: Final = Raw(b"null")
"""Of outcomes that have none. A `Raw | None` cannot be decoded: msgspec takes null only."""


class Outcome(Struct, frozen=True, kw_only=True):
    """What became of a leased task.

    `done` has an `output`, which becomes feedback; `failed` has an `error` and gives none. `queued` is tried
    again at `due_at`, and has an `error` that tells why; it has no `run`.
    """

    task: Task
    attempt: int
    state: Literal["done", "failed", "queued"]
    output: Raw = NO_OUTPUT
    error: str | None = None
    due_at: int | None = None
    run: Run | None = None


class EndedCall(Struct, frozen=True):
    """A call of a project that monitors watch has ended; `ended_at` 0: nobody said when."""

    project_id: str
    call_id: str
    ended_at: int = 0
