"""What workers send and are told, and how scoring is told of, as pydantic models.

`api.scoring.messages` reads what is sent. No postponed annotations here: pydantic reads them.
"""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from otel_bridge.api.openapi.calls import Size, Text
from otel_bridge.api.scoring.messages import MAX_WAIT_SECONDS
from otel_bridge.model.scoring import TaskState
from otel_bridge.model.tasks import MAX_CLAIM, MAX_LEASE_SECONDS
from otel_bridge.weave.schema import Tree

Worker = Annotated[
    str, Field(min_length=1, max_length=256, description="Who works, by a name that no other worker has.")
]
Many = Annotated[int, Field(ge=0, le=MAX_CLAIM)]
Lease = Annotated[
    float, Field(gt=0, le=MAX_LEASE_SECONDS, description="For how long; after it others may take them.")
]
Count = Annotated[int, Field(ge=0)]
Micros = Annotated[int, Field(description="Microseconds since the Unix epoch, UTC.")]


class ScoringTask(BaseModel):
    """One scorer to be applied to one call."""

    project_id: str
    call_id: str
    scorer_ref: str
    generation: int = Field(default=0, description="How often scoring was asked for again on purpose.")
    job_id: str = ""
    trigger_ref: Text = Field(default=None, description="The monitor that asked.")
    wb_user_id: Text = None


class EndedCallRef(BaseModel):
    """A call that ended in a project which monitors watch."""

    project_id: str
    call_id: str
    ended_at: int = Field(default=0, description="Microseconds since the Unix epoch, UTC; 0 is not known.")


class LeasedTask(BaseModel):
    """A task that is lent; `attempt` counts from 1."""

    task: ScoringTask
    attempt: int
    until: Micros


class ScorerRun(BaseModel):
    """How a scorer ran: kept as a call of its own."""

    op_name: str
    started_at: Micros
    ended_at: Micros
    inputs: Tree
    output: Any
    summary: Tree
    attributes: Tree
    exception: Text = None
    display_name: Text = None


class TaskOutcome(BaseModel):
    """What became of a task. `done` has an output, `failed` an error, `queued` is tried again at `due_at`."""

    task: ScoringTask
    attempt: int
    state: Literal["done", "failed", "queued"]
    output: Any = None
    error: Text = None
    due_at: Size = None
    run: ScorerRun | None = None


class LeaseReq(BaseModel):
    """A worker asks for tasks."""

    worker: Worker
    limit: Many = 100
    lease_seconds: Lease = 60.0
    wait_seconds: Annotated[
        float, Field(ge=0, le=MAX_WAIT_SECONDS, description="How long to wait when there are none.")
    ] = 0.0
    rooms: dict[str, Count] = Field(default={}, description="How many of a scorer, by its ref; 0 is none.")
    each: Count | None = Field(default=None, description="How many of each other scorer.")
    ended: Many | None = Field(
        default=None, description="How many ended calls; as many as tasks if not said."
    )
    keys: list[ScoringTask] | None = Field(default=None, description="Exactly these tasks.")


class LeaseRes(BaseModel):
    """What is lent."""

    leased: list[LeasedTask]
    ended: list[EndedCallRef]
    worn: list[ScoringTask] = Field(
        description="Those of `keys` that have failed now: every worker that took them died."
    )
    due_at: Size = Field(description="When more is due, in microseconds; null when nothing waits.")


class RenewReq(BaseModel):
    """A worker is still busy with tasks."""

    worker: Worker
    tasks: list[ScoringTask]
    lease_seconds: Lease = 60.0


class RenewRes(BaseModel):
    """How many go on; `lost` are no longer the worker's."""

    renewed: int
    lost: list[ScoringTask]


class SettleReq(BaseModel):
    """What became of tasks."""

    worker: Worker
    outcomes: list[TaskOutcome]


class SettleRes(BaseModel):
    """How many outcomes were kept, by state, and how many came too late."""

    kept: int
    ignored: int
    done: int
    failed: int
    queued: int


class EnqueueReq(BaseModel):
    """Tasks that monitors ask for, and the ended calls that led to them."""

    tasks: list[ScoringTask] = []
    ended: list[EndedCallRef] = []
    again: bool = False


class EnqueueRes(BaseModel):
    """How many tasks were queued now."""

    queued: int


class TaskCounts(BaseModel):
    """Tasks by state."""

    queued: int
    leased: int
    done: int
    failed: int


class ScorerInfo(BaseModel):
    """A scorer, and whether it can be used."""

    name: str
    kind: Text = Field(description="What it does: `contains`, `llm_judge`, `python`, …")
    ref: Text = Field(description="Of a published scorer; a registered one goes by its name.")
    description: Text
    usable: bool
    why_not: Text


class ScorersRes(BaseModel):
    """The scorers that can be named in `/calls/score`, and those that cannot, with the reason."""

    scorers: list[ScorerInfo]


class ScoringError(BaseModel):
    """Why a call is not scored, or not yet."""

    call_id: str
    scorer_ref: str
    state: TaskState
    attempt: int
    error: Text
    at: datetime


class ScorerCounts(BaseModel):
    """How the tasks of a scorer stand."""

    scorer_ref: str
    name: str
    counts: TaskCounts
    last_error: ScoringError | None


class ScoringJob(BaseModel):
    """What one request asked for."""

    job_id: str
    asked_at: datetime
    tasks: int


class ScoringStatusRes(BaseModel):
    """How scoring goes: counts, and the newest jobs and errors."""

    counts: TaskCounts
    scorers: list[ScorerCounts]
    jobs: list[ScoringJob]
    errors: list[ScoringError]
    ended_calls: int = Field(description="Calls that ended, and no monitor has looked at yet.")
