"""The bodies of the routes that write feedback, prices, objects, tables and files, as pydantic models.

`contract/weave-api.md` §4.4 and §5.3. Members that nobody knows are ignored. (No postponed annotations here:
pydantic reads them.)
"""

from datetime import datetime
from typing import Annotated, Any, TypeAlias

from pydantic import BaseModel, BeforeValidator, Field, FiniteFloat, SkipValidation, WithJsonSchema

from otel_bridge.weave.schema import Closed, Tree, few

Reasons: TypeAlias = Annotated[dict[str, str], BeforeValidator(few)]
Numbers: TypeAlias = Annotated[dict[str, FiniteFloat], BeforeValidator(few)]
Tags: TypeAlias = Annotated[list[str], BeforeValidator(few)]
Rate: TypeAlias = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class FeedbackCreateReq(BaseModel):
    """A verdict on a call or an object; `id` is kept when it is given."""

    id: str | None = None
    project_id: str
    weave_ref: str
    creator: str | None = None
    feedback_type: str
    payload: Tree
    annotation_ref: str | None = None
    runnable_ref: str | None = None
    call_ref: str | None = None
    trigger_ref: str | None = None
    queue_id: str | None = None
    scorer_tags: Tags = Field(default_factory=list)
    scorer_tag_reasons: Reasons = Field(default_factory=dict)
    scorer_tag_confidences: Numbers = Field(default_factory=dict)
    scorer_ratings: Numbers = Field(default_factory=dict)
    scorer_rating_reasons: Reasons = Field(default_factory=dict)
    scorer_rating_confidences: Numbers = Field(default_factory=dict)
    span_agent_name: str = ""
    span_agent_version: str = ""
    span_status_code: str = "UNSET"
    span_conversation_id: str = ""
    span_trace_id: str = ""
    scorer_trace_id: str = ""
    wb_user_id: str | None = None


class FeedbackReplaceReq(FeedbackCreateReq):
    """Feedback that takes the place of other feedback."""

    feedback_id: str


class FeedbackCreateBatchReq(BaseModel):
    """Verdicts, looked at one by one."""

    batch: list[SkipValidation[FeedbackCreateReq]]


class PurgeQuery(Closed):
    """Which rows go; `weave.purge` reads the expression."""

    expr: Annotated[Any, WithJsonSchema({"type": "object"})] = Field(
        alias="$expr", description='Names ids: {"$eq": [{"$getField": "id"}, {"$literal": "…"}]}, or several.'
    )


class PurgeReq(BaseModel):
    """The body of `/feedback/purge` and `/cost/purge`."""

    project_id: str
    query: PurgeQuery


class ReactionPayload(BaseModel):
    """The payload of `wandb.reaction.1`."""

    emoji: str


class NotePayload(BaseModel):
    """The payload of `wandb.note.1`."""

    note: str = Field(min_length=1, max_length=1024)


class RunnablePayload(BaseModel):
    """The payload of `wandb.runnable.…`."""

    output: Any


class AnnotationPayload(BaseModel):
    """The payload of `wandb.annotation.…`."""

    value: Any


class CostCreateInput(BaseModel):
    """What a token of a model costs."""

    prompt_token_cost: Rate
    completion_token_cost: Rate
    cache_read_input_token_cost: Rate | None = None
    cache_creation_input_token_cost: Rate | None = None
    prompt_token_cost_unit: str | None = None
    completion_token_cost_unit: str | None = None
    effective_date: datetime | None = None
    provider_id: str | None = None


class CostCreateReq(BaseModel):
    """Prices of models by their names."""

    project_id: str
    costs: Annotated[dict[str, CostCreateInput], BeforeValidator(few)]
    wb_user_id: str | None = None


class ObjSchemaForInsert(BaseModel):
    """A version of an object."""

    project_id: str
    object_id: str
    val: Any
    builtin_object_class: str | None = None
    set_base_object_class: str | None = None
    expected_digest: str | None = None
    wb_user_id: str | None = None


class ObjCreateReq(BaseModel):
    """The body of `/obj/create`."""

    obj: ObjSchemaForInsert


class ObjDeleteReq(BaseModel):
    """Which versions go; no digests are all of them."""

    project_id: str
    object_id: str
    digests: Annotated[list[str], BeforeValidator(few)] | None = None


class TableSchemaForInsert(BaseModel):
    """A table; its rows are looked at one by one."""

    project_id: str
    rows: list[SkipValidation[Tree]]
    expected_digest: str | None = None


class TableCreateReq(BaseModel):
    """The body of `/table/create`."""

    table: TableSchemaForInsert


class TableCreateFromDigestsReq(BaseModel):
    """A table of rows that are there; the digests are looked at one by one."""

    project_id: str
    row_digests: list[SkipValidation[str]]
    expected_digest: str | None = None


class AppendSpec(BaseModel):
    """A row at the end."""

    row: Tree


class InsertSpec(BaseModel):
    """A row before another one."""

    index: int = Field(ge=0)
    row: Tree


class PopSpec(BaseModel):
    """A row that goes."""

    index: int = Field(ge=0)


class TableUpdate(Closed):
    """One update: one of the three members."""

    append: AppendSpec | None = None
    insert: InsertSpec | None = None
    pop: PopSpec | None = None


class TableUpdateReq(BaseModel):
    """A table that is another one with updates; they are looked at one by one."""

    project_id: str
    base_digest: str
    updates: list[SkipValidation[TableUpdate]]
