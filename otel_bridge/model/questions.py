"""What one may ask beside lists of calls (`contract/weave-api.md` §5.3). Times are microseconds, UTC."""

from __future__ import annotations

from typing import TypeAlias

from msgspec import Struct

from otel_bridge.model.query import CallsFilter, CallsQuery, Operation, SortBy
from otel_bridge.model.scoring import TaskState  # noqa: TC001 - msgspec reads the annotations
from otel_bridge.model.stats import FeedbackChoice, FeedbackMetric, StatsQuery


class AskFeedback(Struct, frozen=True, kw_only=True, tag="feedback"):
    """Feedback of a project; `fields` None is all members, no `sort_by` is as it came."""

    project_id: str
    fields: tuple[str, ...] | None = None
    query: Operation | None = None
    sort_by: tuple[SortBy, ...] = ()
    limit: int | None = None
    offset: int = 0


class AskPrices(Struct, frozen=True, kw_only=True, tag="prices"):
    """Prices that a project has of its own; members as in `AskFeedback`."""

    project_id: str
    fields: tuple[str, ...] | None = None
    query: Operation | None = None
    sort_by: tuple[SortBy, ...] = ()
    limit: int | None = None
    offset: int = 0


class AskObject(Struct, frozen=True, kw_only=True, tag="object"):
    """One version of an object: `latest`, `vN` or a digest. `is_op` says which is meant of two of a name."""

    project_id: str
    object_id: str
    digest: str
    metadata_only: bool = False
    is_op: bool | None = None


class ObjectsFilter(Struct, frozen=True, kw_only=True):
    """All members are AND-ed, the entries of a list OR-ed; None means "no filter"."""

    object_ids: tuple[str, ...] | None = None
    is_op: bool | None = None
    latest_only: bool | None = None
    base_object_classes: tuple[str, ...] | None = None
    exclude_base_object_classes: tuple[str, ...] | None = None
    leaf_object_classes: tuple[str, ...] | None = None


class AskObjects(Struct, frozen=True, kw_only=True, tag="objects"):
    """Versions of objects."""

    project_id: str
    filter: ObjectsFilter = ObjectsFilter()
    sort_by: tuple[SortBy, ...] = ()
    limit: int | None = None
    offset: int = 0
    metadata_only: bool = False
    include_storage_size: bool = False


class AskFile(Struct, frozen=True, kw_only=True, tag="file"):
    """The content of a file."""

    project_id: str
    digest: str


class AskTable(Struct, frozen=True, kw_only=True, tag="table"):
    """Rows of a table; without `sort_by` in the order of the table."""

    project_id: str
    digest: str
    row_digests: tuple[str, ...] | None = None
    sort_by: tuple[SortBy, ...] = ()
    limit: int | None = None
    offset: int = 0


class AskTables(Struct, frozen=True, kw_only=True, tag="tables"):
    """How large tables are. `single` asks for one of them, which must be there."""

    project_id: str
    digests: tuple[str, ...]
    include_storage_size: bool = False
    single: bool = False


class AskRefs(Struct, frozen=True, kw_only=True, tag="refs"):
    """The values that refs name. `projects` are globs of those that are looked into, None: all of them."""

    refs: tuple[str, ...]
    projects: tuple[str, ...] | None = None


class AskSizes(Struct, frozen=True, kw_only=True, tag="sizes"):
    """How much a project keeps."""

    project_id: str


class AskProjects(Struct, frozen=True, kw_only=True, tag="projects"):
    """The names of projects that have calls, in their order, as a JSON array."""

    limit: int = 1000


class AskUnknownCalls(Struct, frozen=True, kw_only=True, tag="unknown_calls"):
    """Which of these ids are of no call that can be seen, in their order and each once, as a JSON array."""

    project_id: str
    call_ids: tuple[str, ...]


class AskThreads(Struct, frozen=True, kw_only=True, tag="threads"):
    """Threads with their turns: those that start after and end before, as JSON lines."""

    project_id: str
    thread_ids: tuple[str, ...] | None = None
    after: int | None = None
    before: int | None = None
    sort_by: tuple[SortBy, ...] = ()
    limit: int | None = None
    offset: int = 0


class AskTraceUsage(Struct, frozen=True, kw_only=True, tag="trace_usage"):
    """The usage of each of these calls with that of all calls below it."""

    project_id: str
    filter: CallsFilter = CallsFilter()
    query: Operation | None = None
    include_costs: bool = False
    limit: int = 10_000


class AskCallsUsage(Struct, frozen=True, kw_only=True, tag="calls_usage"):
    """The usage of these calls, each with that of all calls below it."""

    project_id: str
    call_ids: tuple[str, ...]
    include_costs: bool = False
    limit: int = 10_000


class AskFeedbackStats(Struct, frozen=True, kw_only=True, tag="feedback_stats"):
    """Values in feedback that was given in `[start, end)`, whole seconds since the epoch, by buckets of time.

    `granularity` and `timezone` are as in `StatsQuery`.
    """

    project_id: str
    start: int
    end: int
    metrics: tuple[FeedbackMetric, ...]
    granularity: int | None = None
    timezone: str = "UTC"
    choice: FeedbackChoice = FeedbackChoice()


class AskPayloadSchema(Struct, frozen=True, kw_only=True, tag="payload_schema"):
    """Where payloads of feedback hold values that can be counted; `sample` payloads of each type are read."""

    project_id: str
    start: int
    end: int
    sample: int
    choice: FeedbackChoice = FeedbackChoice()


class AskTotalSize(Struct, frozen=True, kw_only=True, tag="total_size"):
    """How many bytes of JSON the traces hold whose roots a query selects."""

    query: CallsQuery


class AskScoring(Struct, frozen=True, kw_only=True, tag="scoring"):
    """How the tasks of a project stand: counts, jobs and errors (`store.scoring.status`).

    `job_id` narrows to what a request asked for, be it queued by another; raise NotFound when it is unknown.
    `limit` bounds the lists of jobs and of errors, the newest first.
    """

    project_id: str
    job_id: str | None = None
    state: TaskState | None = None
    scorer_ref: str | None = None
    limit: int = 20


Beside: TypeAlias = (
    AskFeedback
    | AskPrices
    | AskObject
    | AskObjects
    | AskFile
    | AskTable
    | AskTables
    | AskRefs
    | AskSizes
    | AskProjects
    | AskUnknownCalls
    | AskThreads
    | AskTraceUsage
    | AskCallsUsage
    | AskFeedbackStats
    | AskPayloadSchema
    | AskTotalSize
    | AskScoring
)
"""What the annex answers."""

Question: TypeAlias = Beside | StatsQuery
