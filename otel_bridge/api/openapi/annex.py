"""What the routes about feedback, prices, objects, tables, files and threads answer (`weave-api.md` §5.3).

No postponed annotations here: pydantic reads them.
"""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, RootModel, WithJsonSchema
from typing_extensions import TypedDict

from otel_bridge.api.openapi.calls import OPEN, FeedbackItem, Number, Size, Text
from otel_bridge.weave.schema import Tree

Binary = Annotated[bytes, WithJsonSchema({"type": "string", "format": "binary"})]


class FeedbackCreateRes(BaseModel):
    """What was made of a piece of feedback; the payload of a reaction has its emoji named."""

    id: str
    created_at: datetime
    wb_user_id: str
    payload: Tree


class FeedbackCreateBatchRes(BaseModel):
    """The same for each item, in their order."""

    res: list[FeedbackCreateRes]


class FeedbackQueryRes(BaseModel):
    """Feedback, with the members that `fields` names or all."""

    result: list[FeedbackItem]
    total_count: int = Field(description="All that match, whatever `limit` says.")


class CostCreateRes(BaseModel):
    """The new prices, each by its id and its model."""

    ids: list[Annotated[list[str], Field(min_length=2, max_length=2)]]


class PriceRow(TypedDict, total=False):
    """A price, with the members that `fields` names or all."""

    __pydantic_config__ = OPEN  # type: ignore[misc]  # how pydantic configures a TypedDict

    id: str
    pricing_level: str
    pricing_level_id: str
    provider_id: str
    llm_id: str
    effective_date: datetime
    prompt_token_cost: float
    completion_token_cost: float
    cache_read_input_token_cost: float
    cache_creation_input_token_cost: float
    prompt_token_cost_unit: str
    completion_token_cost_unit: str
    created_by: str
    created_at: datetime


class CostQueryRes(BaseModel):
    """Prices of a project."""

    results: list[PriceRow]


class ObjCreateRes(BaseModel):
    """Where the version is found."""

    digest: str
    object_id: str


class ObjSchema(BaseModel):
    """A version of an object."""

    project_id: str
    object_id: str
    created_at: datetime
    deleted_at: datetime | None
    digest: str
    version_index: int
    is_latest: Literal[0, 1]
    kind: Literal["op", "object"]
    base_object_class: Text
    leaf_object_class: Text
    val: Any
    wb_user_id: Text
    size_bytes: Size
    tags: list[str]
    aliases: list[str]


class ObjReadRes(BaseModel):
    """One version."""

    obj: ObjSchema


class ObjQueryRes(BaseModel):
    """Versions."""

    objs: list[ObjSchema]


class DeletedVersion(BaseModel):
    """A version that is gone."""

    digest: str
    base_object_class: Text
    leaf_object_class: Text


class ObjDeleteRes(BaseModel):
    """What was deleted."""

    num_deleted: int
    deleted_versions: list[DeletedVersion]


class RefsReadBatchRes(BaseModel):
    """The values, in the order of the refs."""

    vals: list[Any]


class TableCreateRes(BaseModel):
    """Where the table and its rows are found."""

    digest: str
    row_digests: list[str]


class TableCreateFromDigestsRes(BaseModel):
    """Where the table is found."""

    digest: str


class TableUpdateRes(BaseModel):
    """Where the new table is found, and the row that each update touched."""

    digest: str
    updated_row_digests: list[str]


class TableRow(BaseModel):
    """A row, and its place in the table."""

    digest: str
    val: Any
    original_index: int


class TableQueryRes(BaseModel):
    """Rows of a table; of one that is not known, none."""

    rows: list[TableRow]


class TableQueryStatsRes(BaseModel):
    """How many rows a table has."""

    count: int


class TableStats(BaseModel):
    """The size of a table."""

    digest: str
    count: int
    storage_size_bytes: Size


class TableQueryStatsBatchRes(BaseModel):
    """The sizes of tables; those that are not known are left out."""

    tables: list[TableStats]


class FileCreateReq(BaseModel):
    """A form with a file in it."""

    project_id: str
    file: Binary
    expected_digest: str = Field(default="", description="Refused with 409 when the file has another one.")


class FileCreateRes(BaseModel):
    """Where the file is found."""

    digest: str


class ThreadSchema(BaseModel):
    """A thread, and what its turns come to."""

    thread_id: str
    turn_count: int
    start_time: datetime
    last_updated: datetime
    first_turn_id: str
    last_turn_id: str
    p50_turn_duration_ms: Number
    p99_turn_duration_ms: Number


class UsageOfModel(BaseModel):
    """Tokens and costs at one model; costs are null unless they were asked for and a price is known."""

    requests: int
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    cache_read_input_tokens: int
    cache_creation_input_tokens: int
    prompt_tokens_total_cost: Number
    completion_tokens_total_cost: Number
    cache_read_input_tokens_total_cost: Number
    cache_creation_input_tokens_total_cost: Number


class UsageRes(BaseModel):
    """Usage by call and model, that of all calls below included."""

    call_usage: dict[str, dict[str, UsageOfModel]]
    unfinished_call_ids: list[str] = Field(description="Calls that still run: their usage may grow.")


class ProjectStatsRes(BaseModel):
    """Bytes; a size that was not wanted is 0."""

    trace_storage_size_bytes: int
    objects_storage_size_bytes: int
    tables_storage_size_bytes: int
    files_storage_size_bytes: int


class ProjectInfo(BaseModel):
    """A project by both its names."""

    external_project_id: str
    internal_project_id: str


class ProjectsInfoRes(RootModel[list[ProjectInfo]]):
    """The projects, in the order of the request."""
