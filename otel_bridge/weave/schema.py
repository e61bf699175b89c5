"""The bodies of the write routes as pydantic models (`contract/weave-api.md` §1.1 and §1.3).

Trees (`attributes`, `inputs`, `output`, `otel_dump`) are `Any` below their first level, so pydantic never
walks them. Objects ignore members they do not know, except `req` and its equals. The class names of the two
kinds of batch items are part of the answers: a 422 shows them in `loc`. (No postponed annotations here:
pydantic reads them.)
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Final, TypeAlias

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SkipValidation,
    TypeAdapter,
    model_validator,
)
from pydantic_core import PydanticKnownError
from typing_extensions import TypedDict

MAX_KEYS: Final = 1000
"""How many members a mapping or list may have where pydantic writes an error for each wrong one."""

Tree: TypeAlias = dict[str, Any]


def few(value: Any) -> Any:
    """Refuse a mapping or list of more members than pydantic should write errors for."""
    if isinstance(value, dict | list) and len(value) > MAX_KEYS:
        kind = "Dictionary" if isinstance(value, dict) else "List"
        size = {"field_type": kind, "max_length": MAX_KEYS, "actual_length": len(value)}
        raise PydanticKnownError("too_long", size)
    return value


class Closed(BaseModel, extra="forbid"):
    """A body, or a part of one, that refuses members it does not know."""

    _few_members = model_validator(mode="before")(few)


class TraceStatus(StrEnum):
    """The keys of `summary.status_counts`."""

    SUCCESS = "success"
    ERROR = "error"
    RUNNING = "running"
    DESCENDANT_ERROR = "descendant_error"


class LLMUsageSchema(TypedDict, total=False):
    """Tokens of one model; other members pass as they are."""

    __pydantic_config__ = ConfigDict(extra="allow")  # type: ignore[misc]  # how pydantic configures a TypedDict

    prompt_tokens: int | None
    input_tokens: int | None
    completion_tokens: int | None
    output_tokens: int | None
    requests: int | None
    total_tokens: int | None
    cache_creation_input_tokens: int | None
    cache_read_input_tokens: int | None


class SummaryInsertMap(TypedDict, total=False):
    """What is known of a call once it ended; other members pass as they are."""

    __pydantic_config__ = ConfigDict(extra="allow")  # type: ignore[misc]  # how pydantic configures a TypedDict

    usage: Annotated[
        dict[str, LLMUsageSchema], BeforeValidator(few), Field(description="Model name to token usage.")
    ]
    status_counts: Annotated[
        dict[TraceStatus, int],
        BeforeValidator(few),
        Field(description="Status to number of calls in the subtree."),
    ]


class StartedCallSchemaForInsert(BaseModel):
    """The start of a call."""

    project_id: str = Field(description="entity/project")
    id: str | None = Field(default=None, description="Generated when absent.")
    op_name: str = Field(description="Plain name (max 128 characters) or op ref.")
    display_name: str | None = Field(default=None, description="Max 1024 characters.")
    trace_id: str | None = Field(default=None, description="Generated when absent.")
    parent_id: str | None = None
    thread_id: str | None = None
    turn_id: str | None = None
    started_at: datetime
    attributes: Tree
    inputs: Tree
    otel_dump: Tree | None = Field(
        default=None, description="Whole original span, kept as the source of truth."
    )
    wb_user_id: str | None = Field(default=None, description="Kept as it is sent: there are no users here.")
    wb_run_id: str | None = None
    wb_run_step: int | None = Field(default=None, description="Not negative.")


class EndedCallSchemaForInsert(BaseModel):
    """The end of a call."""

    project_id: str
    id: str = Field(description="Id of the started call.")
    ended_at: datetime
    started_at: datetime | None = Field(
        default=None,
        description="Optional copy of the start time; lets the end row be found without the start row.",
    )
    exception: str | None = None
    output: Any = None
    summary: SummaryInsertMap
    wb_run_step_end: int | None = None


class CompletedCallSchemaForInsert(BaseModel):
    """Start and end of a call in one object, the unit of `/v2/…/calls/complete`."""

    project_id: str
    id: str
    trace_id: str
    op_name: str
    started_at: datetime
    ended_at: datetime
    display_name: str | None = None
    parent_id: str | None = None
    thread_id: str | None = None
    turn_id: str | None = None
    attributes: Tree
    inputs: Tree
    output: Any = None
    summary: SummaryInsertMap
    otel_dump: Tree | None = None
    exception: str | None = None
    wb_user_id: str | None = None
    wb_run_id: str | None = None
    wb_run_step: int | None = None
    wb_run_step_end: int | None = None


class CallStartReq(Closed):
    """Holds a start and nothing else."""

    start: StartedCallSchemaForInsert


class CallEndReq(Closed):
    """Holds an end and nothing else."""

    end: EndedCallSchemaForInsert


class CallBatchStartMode(BaseModel):
    """A batch item that starts a call."""

    mode: str = "start"
    req: CallStartReq


class CallBatchEndMode(BaseModel):
    """A batch item that ends a call."""

    mode: str = "end"
    req: CallEndReq


class CallCreateBatchReq(BaseModel):
    """Starts and ends of calls, looked at one by one."""

    batch: list[SkipValidation[CallBatchStartMode | CallBatchEndMode]]


class CallsCompleteReq(BaseModel):
    """Whole calls, looked at one by one."""

    batch: list[SkipValidation[CompletedCallSchemaForInsert]]


class CallUpdateReq(BaseModel):
    """A new display name for a call; "" clears it."""

    project_id: str
    call_id: str
    display_name: str | None = None
    wb_user_id: str | None = None


class CallsDeleteReq(BaseModel):
    """Calls that shall go, with their descendants."""

    project_id: str
    call_ids: list[str]
    wb_user_id: str | None = None


BATCH_ITEM: Final[TypeAdapter[CallBatchStartMode | CallBatchEndMode]] = TypeAdapter(
    CallBatchStartMode | CallBatchEndMode
)
"""An item of `/call/upsert_batch`: its `req` decides which of the two it is."""

COMPLETED_ITEM: Final = TypeAdapter(CompletedCallSchemaForInsert)
"""An item of `/v2/…/calls/complete`."""
