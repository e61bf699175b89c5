"""The answer of `/calls/stats` (`weave-api.md` §3): a grid without gaps, filled with what is found."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import orjson

from otel_bridge.errors import InvalidRequest
from otel_bridge.stats import grid
from otel_bridge.stats.costs import WANTED, Costs, Prices, spent
from otel_bridge.stats.measure import Measure, Measured
from otel_bridge.stats.metrics import COST_COLUMNS, COST_METRICS, columns, wanted
from otel_bridge.stats.tally import Cell, Tally

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from otel_bridge.model.stats import MetricSpec, StatsQuery

MAX_VALUES: Final = 5_000_000
"""Buckets times models times columns; more would fill memory with a grid that nobody looks at."""
_MICROS: Final = 1_000_000
_EXACT: Final = 1 << 53
_NOTHING: Final = Tally()
_EMPTY: Final = Cell(0, {})


def answer(query: StatsQuery, measure: Callable[[Measure], Measured], prices: Prices) -> bytes:
    """Measure what is asked for and write it as JSON; raise InvalidRequest when that were too many values."""
    seconds = grid.width(query.start, query.end, query.granularity)
    asked = bool(query.usage_metrics or query.call_metrics)
    body: dict[str, Any] = {
        "start": iso(query.start),
        "end": iso(query.end),
        "granularity": seconds if asked else 0,
        "timezone": query.timezone,
        "usage_buckets": [],
        "call_buckets": [],
    }
    starts = grid.starts(query.start, query.end, seconds, query.timezone) if asked else []
    if starts:
        first, end = query.start * _MICROS, query.end * _MICROS
        asking = Measure(
            project_id=query.project_id,
            filter=query.filter,
            edges=(*(max(at * _MICROS, first) for at in starts), end),
            calls=wanted(query.call_metrics),
            usage=wanted(query.usage_metrics, and_also=WANTED if _with_costs(query) else ()),
        )
        found = measure(asking)
        costs = spent(asking, found, measure, prices) if _with_costs(query) else {}
        shown = [grid.shown(at, query.timezone) for at in starts]
        if found.sampled:
            body["sampled"] = True
        body["usage_buckets"] = _usage(query.usage_metrics, shown, found, costs)
        body["call_buckets"] = _calls(query.call_metrics, shown, found)
    return orjson.dumps(body)


def _calls(specs: Sequence[MetricSpec], shown: Sequence[str], found: Measured) -> list[dict[str, Any]]:
    if not specs:
        return []
    empty = _row(specs, _EMPTY, Costs())
    bound(len(shown) * len(empty))
    rows = []
    for bucket, timestamp in enumerate(shown):
        cell = found.calls.get(bucket)
        rows.append({"timestamp": timestamp} | (_row(specs, cell, Costs()) if cell else empty))
    return rows


def _usage(
    specs: Sequence[MetricSpec],
    shown: Sequence[str],
    found: Measured,
    costs: Mapping[tuple[int, str], Costs],
) -> list[dict[str, Any]]:
    models = sorted({model for _, model, _ in found.usage})
    empty = _row(specs, _EMPTY, Costs())
    bound(len(models) * len(shown) * len(empty))
    rows = []
    for bucket, timestamp in enumerate(shown):
        for model in models:
            cell = found.usage.get((bucket, model, 0))
            row = _row(specs, cell, costs.get((bucket, model), Costs())) if cell else empty
            rows.append({"timestamp": timestamp, "model": model} | row)
    return rows


def bound(values: int) -> None:
    """Raise InvalidRequest when an answer would hold more values than `MAX_VALUES`."""
    if values > MAX_VALUES:
        raise InvalidRequest(
            f"{values} values are more than an answer may hold ({MAX_VALUES});"
            " ask for a larger granularity, or filter"
        )


def _row(specs: Sequence[MetricSpec], cell: Cell, costs: Costs) -> dict[str, Any]:
    row: dict[str, Any] = {}
    beside: dict[str, Any] = {}
    for spec in specs:
        if spec.metric in COST_METRICS:
            row[f"sum_{spec.metric}"] = float(getattr(costs, spec.metric))
            beside = {
                column: cell.tallies.get(metric, _NOTHING).sum for column, metric in COST_COLUMNS.items()
            }
        else:
            row.update(columns(spec, cell.tallies.get(spec.metric, _NOTHING)))
    return {name: _shown(name, value) for name, value in (row | beside | {"count": cell.rows}).items()}


def _shown(name: str, value: Any) -> Any:
    """Round what counts or adds up whole things and is an estimate, since calls were sampled."""
    whole = name.startswith(("sum_", "count")) and not name.endswith("_cost")
    return round(value) if whole and type(value) is float and abs(value) < _EXACT else value


def _with_costs(query: StatsQuery) -> bool:
    return any(spec.metric in COST_METRICS for spec in query.usage_metrics)


def iso(at: int) -> str:
    """Write whole seconds since the epoch as ISO 8601 in UTC."""
    return datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")
