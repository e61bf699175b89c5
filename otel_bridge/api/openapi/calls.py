"""What the routes about calls answer, as pydantic models (`contract/weave-api.md` §1.3, §2.6, §2.7).

No postponed annotations here: pydantic reads them.
"""

from datetime import datetime
from typing import Annotated, Any, TypeAlias

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from otel_bridge.weave.schema import SummaryInsertMap, TraceStatus, Tree

OPEN = ConfigDict(extra="allow")
"""More members may come."""
Number: TypeAlias = float | None
Text: TypeAlias = str | None
Size: TypeAlias = int | None


class Empty(BaseModel):
    """Nothing to say beyond the status."""


class CallsScoreRes(BaseModel):
    """Empty on purpose; members may be added later."""


class CallStartRes(BaseModel):
    """The ids of a call that was started."""

    id: str
    trace_id: str


class CallEndRes(BaseModel):
    """Empty: the end is kept."""


class CallCreateBatchRes(BaseModel):
    """An answer for each item."""

    res: list[CallStartRes | CallEndRes] = Field(description="One entry per batch item, same order.")


class CallsDeleteRes(BaseModel):
    """How many ids the request named."""

    num_deleted: int


class LLMCostSchema(TypedDict, total=False):
    """What a call cost at one model: tokens, prices a token, and their products."""

    __pydantic_config__ = OPEN  # type: ignore[misc]  # how pydantic configures a TypedDict

    prompt_tokens: Number
    completion_tokens: Number
    requests: Number
    total_tokens: Number
    cache_read_input_tokens: Number
    cache_creation_input_tokens: Number
    prompt_token_cost: Number
    completion_token_cost: Number
    cache_read_input_token_cost: Number
    cache_creation_input_token_cost: Number
    prompt_tokens_total_cost: Number
    completion_tokens_total_cost: Number
    cache_read_input_tokens_total_cost: Number
    cache_creation_input_tokens_total_cost: Number
    prompt_token_cost_unit: Text
    completion_token_cost_unit: Text
    effective_date: Text
    provider_id: Text
    pricing_level: Text
    pricing_level_id: Text
    created_by: Text
    created_at: Text


class FeedbackItem(TypedDict, total=False):
    """A piece of feedback on a call."""

    __pydantic_config__ = OPEN  # type: ignore[misc]  # how pydantic configures a TypedDict

    id: str
    feedback_type: str
    weave_ref: str
    payload: Tree
    creator: Text
    created_at: datetime | None
    wb_user_id: Text
    runnable_ref: Text
    call_ref: Text
    trigger_ref: Text
    annotation_ref: Text
    scorer_tags: list[str]
    scorer_tag_reasons: dict[str, str]
    scorer_tag_confidences: dict[str, float]
    scorer_ratings: dict[str, float]
    scorer_rating_reasons: dict[str, str]
    scorer_rating_confidences: dict[str, float]


class WeaveSummarySchema(TypedDict, total=False):
    """Server-derived; never taken from stored data."""

    __pydantic_config__ = OPEN  # type: ignore[misc]  # how pydantic configures a TypedDict

    status: TraceStatus | None
    trace_name: Annotated[Text, Field(description="Absent when display_name is set.")]
    display_name: Text
    latency_ms: Annotated[Size, Field(description="Absent while running.")]
    costs: dict[str, LLMCostSchema] | None
    feedback: list[FeedbackItem] | None


class SummaryMap(SummaryInsertMap, total=False):
    """What is known of a call once it ended, and what the server derives."""

    __pydantic_config__ = OPEN  # type: ignore[misc]  # how pydantic configures a TypedDict

    weave: WeaveSummarySchema | None


class CallSchema(BaseModel):
    """A call; every member is there, null where nothing is known."""

    id: str
    project_id: str
    op_name: str
    display_name: Text = None
    trace_id: str
    parent_id: Text = None
    thread_id: Text = None
    turn_id: Text = None
    started_at: datetime
    attributes: Tree
    inputs: Tree
    ended_at: datetime | None = None
    exception: Text = None
    output: Any = None
    summary: SummaryMap | None = None
    wb_user_id: Text = None
    wb_username: Text = Field(default=None, description="Left out of the line when null.")
    wb_run_id: Text = None
    wb_run_step: Size = None
    wb_run_step_end: Size = None
    deleted_at: datetime | None = None
    expire_at: datetime | None = Field(default=None, description="Null = no expiry.")
    storage_size_bytes: Size = None
    total_storage_size_bytes: Size = None


class CallsQueryRes(BaseModel):
    """All calls of a query."""

    calls: list[CallSchema]


class CallsQueryStatsRes(BaseModel):
    """How many calls a query has, at most `limit`."""

    count: int
    has_more: bool = Field(description="Whether there are more than `limit`.")
    total_storage_size_bytes: Size = Field(description="Null unless it was asked for.")


class CallReadRes(BaseModel):
    """One call."""

    call: CallSchema | None
