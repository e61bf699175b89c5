"""The metrics and the aggregations, as tables (`contract/weave-api.md` §3.1-§3.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from msgspec import Struct

from otel_bridge.stats.tally import Tally, percentile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from otel_bridge.model.stats import MetricSpec

Number: TypeAlias = int | float | None

CALL_METRICS: Final = ("latency_ms", "call_count", "error_count")
"""One value a call: milliseconds from start to end, none while it runs; 1; 1 for a call with an exception."""

TOKEN_METRICS: Final = (
    "input_tokens", "output_tokens", "total_tokens", "cache_read_input_tokens", "cache_creation_input_tokens",
)  # fmt: skip
"""One value a call and model: a member of `stats.usage.Usage`."""

COST_METRICS: Final = ("input_cost", "output_cost", "total_cost")
"""Always summed; what they add up is `stats.costs`."""

COST_COLUMNS: Final = {"sum_input_tokens": "input_tokens", "sum_output_tokens": "output_tokens"}
"""What an answer with a cost carries beside it, and of which metric."""

USAGE_METRICS: Final = TOKEN_METRICS + COST_METRICS


class Aggregation(Struct, frozen=True):
    """How a tally becomes a number: from which of its `parts`, and what `read` makes of them.

    `read` sees tallies of no values too: sums, averages and counts of nothing are 0, its extremes are null.
    """

    parts: tuple[str, ...]
    read: Callable[[Tally], Number]


AGGREGATIONS: Final[Mapping[str, Aggregation]] = {
    "sum": Aggregation(("sum",), lambda t: t.sum),
    "avg": Aggregation(("sum", "count"), lambda t: t.sum / t.count if t.count else 0),
    "min": Aggregation(("min",), lambda t: t.min),
    "max": Aggregation(("max",), lambda t: t.max),
    "count": Aggregation(("count",), lambda t: t.count),
    "count_true": Aggregation(("ones",), lambda t: t.ones),
    "count_false": Aggregation(("zeros",), lambda t: t.zeros),
}


class Wanted(Struct, frozen=True):
    """What a store has to find out about one metric: parts of its tallies, and their `values` if need be."""

    metric: str
    parts: frozenset[str]
    values: bool


def wanted(specs: Iterable[MetricSpec], *, and_also: Iterable[Wanted] = ()) -> tuple[Wanted, ...]:
    """Return what a store has to find out for these metrics; those of costs are in `and_also`."""
    parts: dict[str, set[str]] = {}
    values: set[str] = set()
    for spec in specs:
        if spec.metric in COST_METRICS:
            continue
        found = parts.setdefault(spec.metric, set())
        found.update(part for name in spec.aggregations for part in AGGREGATIONS[name].parts)
        if spec.percentiles:
            values.add(spec.metric)
    for one in and_also:
        parts.setdefault(one.metric, set()).update(one.parts)
    return tuple(Wanted(metric, frozenset(found), metric in values) for metric, found in parts.items())


def columns(spec: MetricSpec, of: Tally) -> Iterable[tuple[str, Number]]:
    """Yield the columns of one metric in the order asked for: aggregations, then percentiles."""
    for name in spec.aggregations:
        yield f"{name}_{spec.metric}", AGGREGATIONS[name].read(of)
    for percent in spec.percentiles:
        yield f"p{percent}_{spec.metric}", percentile(of.values, percent, of.reach)
