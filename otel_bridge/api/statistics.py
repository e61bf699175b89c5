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
    if not await asyncio.to_thread(is_zone, body.timezone):
        raise zone_unknown(body.timezone)
    return await parts.calls.answer(query)


def stats_query(body: CallStatsReq, *, now: int) -> StatsQuery:
    """Turn a checked question into what a store is asked; raise WriteRefused for a range that is none."""
    start = int(body.start.timestamp())
    end = now if body.end is None else int(body.end.timestamp())
    _check(body, start, end)
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


def zone_unknown(name: str) -> WriteRefused:
    """Refuse a time zone; whether it is known is asked of a file, so not on the event loop."""
    return refused("timezone", "timezone must be the name of an IANA time zone", name)


def _check(body: CallStatsReq, start: int, end: int) -> None:
    if end < start:
        raise refused(None, "end must be after start", None)
    if end - start > MAX_DAYS * DAY_SECONDS:
        raise refused(None, f"start and end must be at most {MAX_DAYS} days apart", None)
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
