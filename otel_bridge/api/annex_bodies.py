"""The bodies of the routes that ask about what lies beside calls (`contract/weave-api.md` §5.3).

Members that nobody knows are ignored at the top level and refused inside `filter`, `sort_by` and `query`.
No postponed annotations here: pydantic reads them.
"""

from datetime import datetime
from typing import Annotated, Final

from pydantic import BaseModel, BeforeValidator, Field

from otel_bridge.api.queries import CallsFilterBody, SortByBody
from otel_bridge.weave.expressions import Query
from otel_bridge.weave.schema import Closed, few

MAX_USAGE_CALLS: Final = 100_000
"""How many calls one question about usage may take in."""
DEFAULT_USAGE_CALLS: Final = 10_000

Names = Annotated[list[str], BeforeValidator(few)]
Rows = Annotated[int, Field(ge=0)]
UsageLimit = Annotated[int, Field(ge=1, le=MAX_USAGE_CALLS)]
Sorted = Annotated[list[SortByBody], BeforeValidator(few)]


class RowsQueryReq(BaseModel):
    """The body of `/feedback/query` and `/cost/query`."""

    project_id: str
    fields: Names | None = None
    query: Query | None = None
    sort_by: Sorted | None = None
    limit: Rows | None = None
    offset: Rows | None = None


class ObjReadReq(BaseModel):
    """The body of `/obj/read`."""

    project_id: str
    object_id: str
    digest: str
    metadata_only: bool | None = False
    include_tags_and_aliases: bool | None = False


class ObjectVersionFilter(Closed):
    """`filter` of `/objs/query`; null members do not filter."""

    object_ids: Names | None = None
    is_op: bool | None = None
    latest_only: bool | None = None
    base_object_classes: Names | None = None
    exclude_base_object_classes: Names | None = None
    leaf_object_classes: Names | None = None
    tags: Names | None = None
    aliases: Names | None = None


class ObjQueryReq(BaseModel):
    """The body of `/objs/query`."""

    project_id: str
    filter: ObjectVersionFilter | None = None
    sort_by: Sorted | None = None
    limit: Rows | None = None
    offset: Rows | None = None
    metadata_only: bool | None = False
    include_storage_size: bool | None = False
    include_tags_and_aliases: bool | None = False


class FileContentReq(BaseModel):
    """The body of `/file/content`."""

    project_id: str
    digest: str


class TableRowFilter(Closed):
    """`filter` of `/table/query`."""

    row_digests: Names | None = None


class TableQueryReq(BaseModel):
    """The body of `/table/query`."""

    project_id: str
    digest: str
    filter: TableRowFilter | None = None
    sort_by: Sorted | None = None
    limit: Rows | None = None
    offset: Rows | None = None


class TableQueryStatsReq(BaseModel):
    """The body of `/table/query_stats`."""

    project_id: str
    digest: str


class TableQueryStatsBatchReq(BaseModel):
    """The body of `/table/query_stats_batch`."""

    project_id: str
    digests: Names | None = None
    include_storage_size: bool | None = False


class RefsReadBatchReq(BaseModel):
    """The body of `/refs/read_batch`."""

    refs: Names


class ThreadsFilter(Closed):
    """`filter` of `/threads/stream_query`; null members do not filter."""

    thread_ids: Names | None = None
    after_datetime: datetime | None = None
    before_datetime: datetime | None = None


class ThreadsQueryReq(BaseModel):
    """The body of `/threads/stream_query`."""

    project_id: str
    filter: ThreadsFilter | None = None
    sort_by: Sorted | None = None
    limit: Rows | None = None
    offset: Rows | None = None


class TraceUsageReq(BaseModel):
    """The body of `/trace/usage`."""

    project_id: str
    filter: CallsFilterBody | None = None
    query: Query | None = None
    include_costs: bool | None = False
    limit: UsageLimit = DEFAULT_USAGE_CALLS


class CallsUsageReq(BaseModel):
    """The body of `/calls/usage`."""

    project_id: str
    call_ids: Names
    include_costs: bool | None = False
    limit: UsageLimit = DEFAULT_USAGE_CALLS


class ProjectStatsReq(BaseModel):
    """The body of `/project/stats`; a size that is not wanted is 0."""

    project_id: str
    include_trace_storage_size: bool | None = True
    include_object_storage_size: bool | None = True
    include_table_storage_size: bool | None = True
    include_file_storage_size: bool | None = True


class ProjectsInfoReq(BaseModel):
    """The body of `/service/projects_info`; without `project_ids`: all that have calls."""

    project_ids: Names | None = None
