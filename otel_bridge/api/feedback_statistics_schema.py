"""The bodies and answers of `/feedback/stats` and `/feedback/payload_schema` as pydantic models.

Names are those that Weave's SDK knows; `runnable_ref`, `window_counts`, `feedback_types` and the columns of
categories are ours. Members that nobody knows are ignored, as in all bodies about feedback.
No postponed annotations here: pydantic reads them.
"""

from datetime import datetime
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from otel_bridge.api.statistics_schema import AggregationType, Granularity, Moment, Percentile
from otel_bridge.weave.schema import Closed

ValueType: TypeAlias = Literal["numeric", "boolean", "categorical"]
REF: str = "Exactly this ref; one that ends in `:*` means any version."
MAX_SAMPLE: int = 5000
DEFAULT_SAMPLE: int = 200


class FeedbackChosen(BaseModel):
    """Which feedback is asked about."""

    project_id: str
    start: Moment = Field(description="Inclusive.")
    end: Moment | None = Field(default=None, description="Exclusive; null = now, this second included.")
    feedback_type: str | None = Field(default=None, description="Feedback of this type only.")
    trigger_ref: str | None = Field(default=None, description=REF)
    runnable_ref: str | None = Field(default=None, description=REF)


class FeedbackMetricSpec(Closed):
    """Values at a place of payloads, and what becomes of them."""

    json_path: str = Field(description="Where in the payload: `output`, `output.score`. `\\.` is a dot.")
    value_type: ValueType = Field(
        default="numeric",
        description="numeric: JSON numbers; boolean: true and false; categorical: texts, and those in lists.",
    )
    aggregations: list[AggregationType] = Field(
        default=[],
        description=(
            "Empty: avg, min and max of numbers, count_true and count_false of booleans, count of categories."
            " The avg of a boolean is its rate."
        ),
    )
    percentiles: list[Percentile] = Field(default=[], description="Percentiles of numbers, 0 to 100.")


class FeedbackStatsReq(FeedbackChosen):
    """Values in feedback, by buckets of time."""

    granularity: Granularity | None = Field(
        default=None, description="Bucket width in seconds, as in /calls/stats; null = chosen from the range."
    )
    metrics: list[FeedbackMetricSpec] | None = None
    timezone: str | None = Field(default="UTC", description="IANA zone name.")


class FeedbackBucket(BaseModel):
    """Plus the columns of each metric, for example avg_output_score or counts_output_label."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Any]

    timestamp: str = Field(description="ISO 8601 bucket start.")
    count: int = Field(description="Feedback in the bucket.")


class FeedbackStatsRes(BaseModel):
    """Buckets in time order, gaps filled, and the same of the whole range."""

    start: datetime
    end: datetime
    granularity: int
    timezone: str
    buckets: list[FeedbackBucket]
    window_stats: dict[str, dict[str, float | None]] | None = Field(
        description="By metric, `output_score` for `output.score`, and by aggregation."
    )
    window_counts: dict[str, dict[str, int]] = Field(description="By categorical metric: its categories.")


def _sample(value: int) -> int:
    if not 1 <= value <= MAX_SAMPLE:
        raise ValueError(f"sample_limit must be 1 to {MAX_SAMPLE}")
    return value


class FeedbackPayloadSchemaReq(FeedbackChosen):
    """Where payloads hold values."""

    sample_limit: Annotated[int, AfterValidator(_sample)] = Field(
        default=DEFAULT_SAMPLE, description="Payloads of each type that are looked into, the newest."
    )


class FeedbackPayloadPath(BaseModel):
    """A place of payloads, and how its values are read."""

    json_path: str
    value_type: ValueType


class FeedbackTypePaths(BaseModel):
    """The places of one type of feedback."""

    feedback_type: str
    sampled: int = Field(description="Payloads looked into.")
    paths: list[FeedbackPayloadPath]


class FeedbackPayloadSchemaRes(BaseModel):
    """Places by name; those of all types, and those of each."""

    paths: list[FeedbackPayloadPath]
    feedback_types: list[FeedbackTypePaths]
