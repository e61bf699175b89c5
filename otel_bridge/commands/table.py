"""`otel-bridge stats`: tables of what happened over time, and by model."""

from __future__ import annotations

import sys
from collections import defaultdict
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec
from rich.table import Table
from rich.text import Text

from otel_bridge.commands import asking, shown
from otel_bridge.commands.failing import told
from otel_bridge.commands.moments import local_zone, moment, seconds
from otel_bridge.commands.screen import terminal
from otel_bridge.commands.source import open_source

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

DAY_SECONDS: Final = 86_400
_USAGE: Final = {
    "in": "sum_input_tokens",
    "out": "sum_output_tokens",
    "cached": "sum_cache_read_input_tokens",
    "cost": "sum_total_cost",
}
_CALLS: Final = [
    {"metric": "call_count"},
    {"metric": "error_count"},
    {"metric": "latency_ms", "aggregations": [], "percentiles": [50, 95]},
]


def show_stats(
    *,
    data_dir: Path | None,
    url: str | None,
    project: str,
    ops: tuple[str, ...],
    roots: bool,
    since: str,
    until: str | None,
    every: str | None,
    timezone: str | None,
    as_json: bool,
) -> None:
    """Show the answer of `/calls/stats`, as it is or as tables."""
    now = asking.now()
    with told(), open_source(data_dir, url, project) as source:
        answer = source.stats(
            {
                "project_id": project,
                "start": moment(since, now).isoformat(),
                "end": moment(until, now).isoformat() if until else now.isoformat(),
                "granularity": seconds(every) if every else None,
                "timezone": timezone or local_zone(now),
                "filter": {"op_names": ops or None, "trace_roots_only": roots},
                "call_metrics": _CALLS,
                "usage_metrics": [
                    {"metric": name}
                    for name in ("input_tokens", "output_tokens", "cache_read_input_tokens", "total_cost")
                ],
            }
        )
    if as_json:
        sys.stdout.write(msgspec.json.encode(answer).decode() + "\n")
        return
    _show(answer)


def _show(answer: dict[str, Any]) -> None:
    console = terminal()
    console.print(_over_time(answer), soft_wrap=True)
    if answer["usage_buckets"]:
        console.print()
        console.print(_by_model(answer), soft_wrap=True)
    if answer.get("sampled"):
        console.print("\n≈ estimates (sampled): calls that were kept count for those that were not")


def _over_time(answer: dict[str, Any]) -> Table:
    spent: defaultdict[str, list[float]] = defaultdict(lambda: [0.0] * len(_USAGE))
    for row in answer["usage_buckets"]:
        spent[row["timestamp"]] = _plus(spent[row["timestamp"]], row)
    table = _table(f"time ({answer['timezone']})", "calls", "errors", "p50", "p95", *_USAGE)
    for row in answer["call_buckets"]:
        table.add_row(
            _when(row["timestamp"], answer["granularity"]),
            shown.number(row["sum_call_count"]),
            f"[red]{shown.number(row['sum_error_count'])}[/]" if row["sum_error_count"] else "",
            shown.latency(row["p50_latency_ms"]),
            shown.latency(row["p95_latency_ms"]),
            *_usage_cells(spent[row["timestamp"]]),
        )
    return table


def _by_model(answer: dict[str, Any]) -> Table:
    spent: defaultdict[str, list[float]] = defaultdict(lambda: [0.0] * len(_USAGE))
    calls: defaultdict[str, int] = defaultdict(int)
    for row in answer["usage_buckets"]:
        spent[row["model"]] = _plus(spent[row["model"]], row)
        calls[row["model"]] += row["count"]
    table = _table("model", "calls", *_USAGE)
    for model in sorted(spent, key=lambda model: (-spent[model][-1], -calls[model], model)):
        table.add_row(Text(shown.in_line(model)), shown.number(calls[model]), *_usage_cells(spent[model]))
    return table


def _table(first: str, *others: str) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column(first, no_wrap=True)
    for title in others:
        table.add_column(title, justify="right", no_wrap=True)
    return table


def _plus(sums: Sequence[float], row: dict[str, Any]) -> list[float]:
    return [one + (row[column] or 0) for one, column in zip(sums, _USAGE.values(), strict=True)]


def _usage_cells(sums: Sequence[float]) -> list[str]:
    *tokens, cost = sums
    return [*map(shown.number, tokens), shown.money(cost)]


def _when(timestamp: str, granularity: int) -> str:
    when = datetime.fromisoformat(timestamp)
    return f"{when:%Y-%m-%d}" if granularity % DAY_SECONDS == 0 else f"{when:%Y-%m-%d %H:%M}"
