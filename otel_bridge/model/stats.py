"""What one may ask of the statistics of calls (`contract/weave-api.md` §3.1)."""

from __future__ import annotations

from msgspec import Struct

from otel_bridge.model.query import CallsFilter

__all__ = ["MetricSpec", "StatsQuery"]


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
