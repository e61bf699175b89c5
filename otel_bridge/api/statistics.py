"""`POST /calls/stats` (`contract/weave-api.md` §3): the question checked, and the endpoint."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from otel_bridge.api.queries import as_filter, check_lists
from otel_bridge.api.statistics_schema import CallMetricSpec, CallStatsReq, UsageMetricSpec
from otel_bridge.model.stats import MetricSpec, StatsQuery
from otel_bridge.stats.grid import DAY_SECONDS, is_zone
from otel_bridge.weave.checked import checked
from otel_bridge.weave.refusals import WriteRefused, reason, unprocessable

if TYPE_CHECKING:
    from datetime import datetime

    from otel_bridge.api.parts import Parts

MAX_DAYS: Final = 31
MAX_COLUMNS: Final = 1000
"""What one question may ask for in each bucket."""
_MICROS: Final = 1_000_000


def asked(document: Any) -> CallStatsReq:
    """Read a question for statistics; raise WriteRefused (422, 400)."""
    check_lists(document)
    return checked(CallStatsReq, document)


async def calls_stats(parts: Parts, body: CallStatsReq) -> bytes:
    """Answer with buckets in order of time, gaps filled."""
    query = stats_query(body, now=parts.clock() // _MICROS)
    await asyncio.to_thread(check_zone, body.timezone)
    return await parts.calls.answer(query)


def stats_query(body: CallStatsReq, *, now: int) -> StatsQuery:
    """Turn a checked question into what a store is asked; raise WriteRefused for a range that is none."""
    start, end = seconds_of(body.start, body.end, until=now, most_days=MAX_DAYS)
    _check_columns(body)
    return StatsQuery(
        project_id=body.project_id,
        start=start,
        end=end,
        granularity=body.granularity,
        timezone=body.timezone,
        usage_metrics=tuple(map(_spec, body.usage_metrics or ())),
        call_metrics=tuple(map(_spec, body.call_metrics or ())),
        filter=as_filter(body.filter),
    )


def check_zone(name: str) -> None:
    """Refuse a time zone that is none; whether it is known is asked of a file, so not on the event loop."""
    if not is_zone(name):
        raise refused("timezone", "timezone must be the name of an IANA time zone", name)


def seconds_of(start: datetime, end: datetime | None, *, until: int, most_days: int) -> tuple[int, int]:
    """Return a range in seconds since the epoch, `until` without an end; refuse one that is too long."""
    first = int(start.timestamp())
    last = until if end is None else int(end.timestamp())
    if last < first:
        raise refused(None, "end must be after start", None)
    if last - first > most_days * DAY_SECONDS:
        raise refused(None, f"start and end must be at most {most_days} days apart", None)
    return first, last


def _check_columns(body: CallStatsReq) -> None:
    specs = [*(body.usage_metrics or ()), *(body.call_metrics or ())]
    if sum(len(spec.aggregations) + len(spec.percentiles) for spec in specs) > MAX_COLUMNS:
        raise reason(400, f"more than {MAX_COLUMNS} aggregations and percentiles")


def refused(member: str | tuple[str | int, ...] | None, message: str, value: Any) -> WriteRefused:
    """Refuse a value as pydantic would; `member` is where it lies in the body, None for the body itself."""
    place = ("body", *((member,) if isinstance(member, str) else member or ()))
    error = {"type": "value_error", "loc": place, "msg": f"Value error, {message}", "input": value}
    return unprocessable([{**error, "ctx": {"error": message}}])


def _spec(body: UsageMetricSpec | CallMetricSpec) -> MetricSpec:
    aggregations = tuple(dict.fromkeys(one.value for one in body.aggregations))
    percentiles = tuple(dict.fromkeys(map(percent, body.percentiles)))
    if not aggregations and not percentiles:
        aggregations = ("sum",)
    return MetricSpec(body.metric, aggregations, percentiles)


def percent(value: float) -> str:
    """Write 95.0 as "95" and 99.9 as "99.9", never with an exponent."""
    text = f"{Decimal(repr(abs(value))):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
