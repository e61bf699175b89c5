"""The body and the answer of `/calls/stats` as pydantic models (`contract/weave-api.md` §3.1).

No postponed annotations here: pydantic reads them.
"""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from otel_bridge.api.queries import CallsFilterBody
from otel_bridge.stats.grid import DAY_SECONDS
from otel_bridge.weave.schema import Closed

MAX_GRANULARITY: Final = 366 * DAY_SECONDS
"""No range is longer; a bucket that began before the calendar does would have no name."""
_YEARS: Final = range(3, 9999)
"""Those in which every instant has a local time, in any zone."""


def _utc(value: datetime) -> datetime:
    """Read a time without a zone as UTC, and cut it to the second (§3.2)."""
    if value.year not in _YEARS:
        raise ValueError("the year is out of range")
    aware = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    return aware.replace(microsecond=0)


def _seconds(value: int) -> int:
    if not 1 <= value <= MAX_GRANULARITY:
        raise ValueError(f"granularity must be 1 to {MAX_GRANULARITY} seconds")
    return value


Moment: TypeAlias = Annotated[datetime, AfterValidator(_utc)]
Granularity: TypeAlias = Annotated[int, AfterValidator(_seconds)]
Percentile: TypeAlias = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]


class AggregationType(StrEnum):
    """What becomes of the values in a bucket."""

    SUM = "sum"
    AVG = "avg"
    MIN = "min"
    MAX = "max"
    COUNT = "count"
    COUNT_TRUE = "count_true"
    COUNT_FALSE = "count_false"


class UsageMetricSpec(Closed):
    """A metric of usage, by model; both lists empty is a sum."""

    metric: Literal[
        "input_tokens",
        "output_tokens",
        "total_tokens",
        "cache_read_input_tokens",
        "cache_creation_input_tokens",
        "input_cost",
        "output_cost",
        "total_cost",
    ]
    aggregations: list[AggregationType] = Field(default=[AggregationType.SUM])
    percentiles: list[Percentile] = Field(default=[], description="Percentiles, 0 to 100.")


class CallMetricSpec(Closed):
    """A metric of calls; both lists empty is a sum."""

    metric: Literal["latency_ms", "call_count", "error_count"]
    aggregations: list[AggregationType] = Field(default=[AggregationType.SUM])
    percentiles: list[Percentile] = Field(default=[], description="Percentiles, 0 to 100.")


class CallStatsReq(Closed):
    """Aggregates over at most 31 days."""

    project_id: str
    start: Moment = Field(description="Inclusive.")
    end: Moment | None = Field(default=None, description="Exclusive; null = now.")
    granularity: Granularity | None = Field(
        default=None,
        description=(
            "Bucket width in seconds; null = chosen from the range;"
            " raised when it would give more than 10000 buckets."
        ),
    )
    usage_metrics: list[UsageMetricSpec] | None = None
    call_metrics: list[CallMetricSpec] | None = None
    filter: CallsFilterBody | None = None
    timezone: str = Field(default="UTC", description="IANA zone name.")


class CallBucket(BaseModel):
    """Plus one member per requested aggregation, for example p95_latency_ms."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, float | str | None]

    timestamp: str = Field(description="ISO 8601 bucket start.")
    count: int = Field(description="Rows behind the bucket.")


class UsageBucket(BaseModel):
    """Plus one member per requested aggregation, for example sum_input_tokens."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, float | str | None]

    timestamp: str = Field(description="ISO 8601 bucket start.")
    count: int = Field(description="Rows behind the bucket.")
    model: str


class CallStatsRes(BaseModel):
    """Buckets in time order, gaps filled."""

    start: datetime
    end: datetime
    granularity: int
    timezone: str
    usage_buckets: list[UsageBucket] = Field(default=[])
    call_buckets: list[CallBucket] = Field(default=[])
