"""What one may ask of the statistics of calls (`contract/weave-api.md` §3.1), and of those of feedback."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from otel_bridge.model.query import CallsFilter

__all__ = ["FeedbackChoice", "FeedbackMetric", "MetricSpec", "StatsQuery"]


class MetricSpec(Struct, frozen=True):
    """One metric and what is wanted of it; the names are rows of `stats.metrics`.

    A percentile is given as it was written: the shortest text of a number from 0 to 100.
    """

    metric: str
    aggregations: tuple[str, ...] = ("sum",)
    percentiles: tuple[str, ...] = ()


class StatsQuery(Struct, frozen=True, kw_only=True, tag="stats"):
    """Aggregates of the calls that started in `[start, end)`, whole seconds since the epoch.

    `granularity` None chooses a bucket's seconds by the length of the range. `timezone` is a known IANA name.
    """

    project_id: str
    start: int
    end: int
    granularity: int | None = None
    timezone: str = "UTC"
    usage_metrics: tuple[MetricSpec, ...] = ()
    call_metrics: tuple[MetricSpec, ...] = ()
    filter: CallsFilter = CallsFilter()


class FeedbackMetric(Struct, frozen=True):
    """What is wanted of the values at a place of a payload; `value_type` says how they are read.

    numeric: JSON numbers. boolean: true and false, as 1 and 0. categorical: text, and each text of a list.
    `aggregations` and `percentiles` are as in `MetricSpec`; a categorical one knows `count` only.
    """

    name: str
    path: tuple[str | int, ...]
    value_type: Literal["numeric", "boolean", "categorical"]
    aggregations: tuple[str, ...] = ()
    percentiles: tuple[str, ...] = ()


class FeedbackChoice(Struct, frozen=True):
    """Which feedback is meant; None chooses all. A ref that ends in `:*` means any version."""

    feedback_type: str | None = None
    trigger_ref: str | None = None
    runnable_ref: str | None = None
