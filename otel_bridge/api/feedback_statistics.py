"""`POST /feedback/stats` and `/feedback/payload_schema`: the questions checked, and the endpoints."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from otel_bridge.api.feedback_statistics_schema import FeedbackPayloadSchemaReq, FeedbackStatsReq
from otel_bridge.api.statistics import check_zone, percent, refused, seconds_of
from otel_bridge.model.questions import AskFeedbackStats, AskPayloadSchema
from otel_bridge.model.stats import FeedbackChoice, FeedbackMetric
from otel_bridge.query.fields import UnknownField, path_of
from otel_bridge.stats.payloads import step_of
from otel_bridge.stats.series import columns, slug_of
from otel_bridge.weave.checked import checked
from otel_bridge.weave.refusals import reason

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from otel_bridge.api.feedback_statistics_schema import FeedbackChosen, FeedbackMetricSpec
    from otel_bridge.api.parts import Parts

MAX_DAYS: Final = 366
"""Feedback is fewer than calls are: a year of it may be asked for."""
MAX_METRICS: Final = 50
MAX_METRIC_COLUMNS: Final = 1000
_MICROS: Final = 1_000_000
_DEFAULTS: Final[Mapping[str, tuple[str, ...]]] = {
    "numeric": ("avg", "min", "max"),
    "boolean": ("count_true", "count_false"),
    "categorical": ("count",),
}


def asked_stats(document: Any) -> FeedbackStatsReq:
    """Read a question for values over time; raise WriteRefused (422)."""
    return checked(FeedbackStatsReq, document)


def asked_schema(document: Any) -> FeedbackPayloadSchemaReq:
    """Read a question for places of values; raise WriteRefused (422)."""
    return checked(FeedbackPayloadSchemaReq, document)


async def feedback_stats(parts: Parts, body: FeedbackStatsReq) -> bytes:
    """Answer with buckets in order of time, gaps filled."""
    start, end = _range(body, now=parts.clock() // _MICROS)
    zone = body.timezone or "UTC"
    await asyncio.to_thread(check_zone, zone)
    question = AskFeedbackStats(
        project_id=body.project_id,
        start=start,
        end=end,
        metrics=_metrics(body.metrics or ()),
        granularity=body.granularity,
        timezone=zone,
        choice=_choice(body),
    )
    return await parts.calls.answer(question)


async def payload_schema(parts: Parts, body: FeedbackPayloadSchemaReq) -> bytes:
    """Answer with places that hold values."""
    start, end = _range(body, now=parts.clock() // _MICROS)
    question = AskPayloadSchema(
        project_id=body.project_id, start=start, end=end, sample=body.sample_limit, choice=_choice(body)
    )
    return await parts.calls.answer(question)


def _range(body: FeedbackChosen, *, now: int) -> tuple[int, int]:
    until = now + 1  # the second that is running is in it
    return seconds_of(body.start, body.end, until=until, most_days=MAX_DAYS)


def _choice(body: FeedbackChosen) -> FeedbackChoice:
    return FeedbackChoice(body.feedback_type, body.trigger_ref, body.runnable_ref)


def _metrics(specs: Sequence[FeedbackMetricSpec]) -> tuple[FeedbackMetric, ...]:
    if len(specs) > MAX_METRICS:
        raise reason(400, f"more than {MAX_METRICS} metrics")
    metrics = tuple(_metric(number, spec) for number, spec in enumerate(specs))
    named = Counter(column for metric in metrics for column in columns(metric))
    slugs = Counter(slug_of(metric.name) for metric in metrics)
    twice = next((name for name, times in (*slugs.items(), *named.items()) if times > 1), None)
    if twice is not None:
        raise reason(400, f"two metrics would both be named {twice}")
    if len(named) > MAX_METRIC_COLUMNS:
        raise reason(400, f"more than {MAX_METRIC_COLUMNS} aggregations and percentiles")
    return metrics


def _metric(number: int, spec: FeedbackMetricSpec) -> FeedbackMetric:
    aggregations = tuple(dict.fromkeys(one.value for one in spec.aggregations))
    return FeedbackMetric(
        name=spec.json_path,
        path=_path(number, spec.json_path),
        value_type=spec.value_type,
        aggregations=aggregations or _DEFAULTS[spec.value_type],
        percentiles=tuple(dict.fromkeys(map(percent, spec.percentiles)))
        if spec.value_type == "numeric"
        else (),
    )


def _path(number: int, text: str) -> tuple[str | int, ...]:
    try:
        path = path_of(text, text)
    except UnknownField:
        path = ()
    if not path or any(isinstance(step, str) and step_of(step) is None for step in path):
        raise refused(
            ("metrics", number, "json_path"), "json_path must be steps with dots between them", text
        )
    return path
