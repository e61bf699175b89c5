"""The reference meaning of what statistics are made of (`contract/weave-api.md` §3.2), one call at a time."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final, TypeVar

from otel_bridge.stats.measure import Measure, Measured
from otel_bridge.stats.tally import Cell, Tally, counted, weighed
from otel_bridge.stats.usage import Usage, usages
from otel_bridge.store.trees import flags, weight

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from otel_bridge.stats.metrics import Wanted
    from otel_bridge.store.merge import Held

KeyT = TypeVar("KeyT")

_CALL_VALUES: Final[Mapping[str, Callable[[Held], int | None]]] = {
    "latency_ms": lambda c: None if c.ended_at is None else (c.ended_at - (c.started_at or 0)) // 1000,
    "call_count": lambda _: 1,
    "error_count": lambda c: 1 if c.exception else 0,
}


def measure(calls: Iterable[tuple[Held, int]], asked: Measure) -> Measured:
    """Add up these calls, all of which match the filter, each with the time at which it is counted."""
    by_bucket: defaultdict[int, list[tuple[Held, float]]] = defaultdict(list)
    by_model: defaultdict[tuple[int, str, int], list[tuple[Usage, float]]] = defaultdict(list)
    for call, at in calls:
        if not asked.edges[0] <= at < asked.edges[-1]:
            continue
        bucket = bisect_right(asked.edges, at) - 1
        stands_for = weight(flags(attributes=call.attributes, summary=None, exception=None))
        by_bucket[bucket].append((call, stands_for))
        for usage in usages(call.summary):
            size = bisect_left(asked.sizes, usage.input_tokens)
            by_model[bucket, usage.model, size].append((usage, stands_for))
    return Measured(
        _cells(by_bucket, asked.calls, lambda call, metric: _CALL_VALUES[metric](call)),
        _cells(by_model, asked.usage, getattr),
        sampled=any(stands_for > 1 for rows in by_bucket.values() for _, stands_for in rows),
    )


def _cells(
    found: Mapping[KeyT, Sequence[tuple[Any, float]]],
    wanted: Sequence[Wanted],
    value: Callable[[Any, str], int | None],
) -> dict[KeyT, Cell]:
    if not wanted:
        return {}
    return {
        key: Cell(
            sum(stands_for for _, stands_for in rows),
            {one.metric: _tally(rows, one.metric, value) for one in wanted},
        )
        for key, rows in found.items()
    }


def _tally(rows: Sequence[tuple[Any, float]], metric: str, value: Callable[[Any, str], int | None]) -> Tally:
    values = [(known, stands_for) for row, stands_for in rows if (known := value(row, metric)) is not None]
    if all(stands_for == 1 for _, stands_for in rows):
        return counted([known for known, _ in values])
    return weighed([known for known, _ in values], [stands_for for _, stands_for in values])
