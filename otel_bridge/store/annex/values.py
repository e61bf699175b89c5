"""The reference meaning of values in feedback (`stats.payloads`), over rows in memory."""

from __future__ import annotations

from collections import Counter
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

import orjson

from otel_bridge.query.evaluate import at_path
from otel_bridge.stats.payloads import MAX_SAMPLE_BYTES, Sample, Stretch, is_meant, kept_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from otel_bridge.model.annex import Feedback
    from otel_bridge.model.questions import AskPayloadSchema
    from otel_bridge.model.stats import FeedbackChoice
    from otel_bridge.stats.payloads import Reading

_MICROS: Final = 1_000_000


def values(rows: Iterable[Feedback], reading: Reading) -> Iterator[Stretch]:
    """Yield the values of rows, which stand in the order they came."""
    found = [row for row in rows if reading.start <= row.created_at < reading.end]
    for row in sorted(found, key=attrgetter("created_at")):
        members = orjson.loads(row.members)
        if _chosen(row, members, reading.choice):
            payload = members.get("payload")
            raw = [kept_value(at_path(payload, metric.path)) for metric in reading.metrics]
            yield Stretch([row.created_at], [[one] for one in raw])


def samples(rows: Iterable[Feedback], asked: AskPayloadSchema) -> Iterator[Sample]:
    """Yield payloads, the newest first."""
    taken: Counter[str] = Counter()
    for row in sorted(rows, key=attrgetter("created_at"), reverse=True):
        members = orjson.loads(row.members)
        inside = asked.start * _MICROS <= row.created_at < asked.end * _MICROS
        if inside and _chosen(row, members, asked.choice) and taken[row.feedback_type] < asked.sample:
            taken[row.feedback_type] += 1
            payload = orjson.dumps(members.get("payload"))
            yield Sample(row.feedback_type, payload if len(payload) <= MAX_SAMPLE_BYTES else b"null")


def _chosen(row: Feedback, members: dict[str, Any], choice: FeedbackChoice) -> bool:
    return (
        choice.feedback_type in {None, row.feedback_type}
        and is_meant(members.get("trigger_ref"), choice.trigger_ref)
        and is_meant(members.get("runnable_ref"), choice.runnable_ref)
    )
