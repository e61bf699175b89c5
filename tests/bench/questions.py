"""What the benchmarks of reads ask, by name."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import msgspec

from tests.bench.machines import PROJECT

if TYPE_CHECKING:
    from tests.bench.machines import Machine

WEEK: Final = timedelta(days=7)
QUERY, COUNT, STATS = "/calls/stream_query", "/calls/query_stats", "/calls/stats"
NEWEST: Final = [{"field": "started_at", "direction": "desc"}]
SLOWEST: Final = [{"field": "summary.weave.latency_ms", "direction": "desc"}]
BY_MODEL: Final = [{"field": "attributes.model", "direction": "desc"}]

SCANS: Final = ("substring, no hit", "substring of common letters, no hit", "count, JSON filter", "sort by a JSON field")
"""Questions that look into every call there is; a plain scan of their bodies by SQLite is their floor."""


def literal(value: Any) -> dict:
    return {"$literal": value}


def field(name: str) -> dict:
    return {"$getField": name}


def contains(text: str) -> dict:
    return {"$expr": {"$contains": {"input": field("inputs"), "substr": literal(text)}}}


def questions(machine: Machine) -> dict[str, tuple[str, dict]]:
    """What is asked, by name."""
    of = {"project_id": PROJECT}
    newest = of | {"sort_by": NEWEST, "limit": 100}
    lines = machine.ask(QUERY, newest | {"offset": 100}).splitlines()
    some = msgspec.json.decode(lines[50])
    end = datetime.now(UTC)
    week = of | {"start": (end - WEEK).isoformat(), "end": end.isoformat(), "granularity": 3600}
    tokens = [{"metric": name} for name in ("input_tokens", "output_tokens", "total_tokens")]
    latency = [{"metric": "latency_ms", "percentiles": [50, 95]}, {"metric": "error_count"}]
    by_model = {"$expr": {"$eq": [field("attributes.model"), literal("gpt-4o")]}}
    return {
        "point": (QUERY, of | {"filter": {"call_ids": [some["id"]]}}),
        "one trace": (QUERY, of | {"filter": {"trace_ids": [some["trace_id"]]}}),
        "last 100": (QUERY, newest),
        "last 100 of one op": (QUERY, newest | {"filter": {"op_names": [some["op_name"]]}}),
        "roots": (QUERY, newest | {"filter": {"trace_roots_only": True}}),
        "roots by latency": (QUERY, newest | {"filter": {"trace_roots_only": True}, "sort_by": SLOWEST}),
        "errors": (
            QUERY,
            newest | {"query": {"$expr": {"$not": [{"$eq": [field("exception"), literal(None)]}]}}},
        ),
        "JSON filter": (QUERY, newest | {"query": by_model}),
        "substring, hits": (QUERY, newest | {"query": contains("refund policy")}),
        "substring, no hit": (QUERY, newest | {"query": contains("xylophone quartz")}),
        "count": (COUNT, of),
        "count, JSON filter": (COUNT, of | {"query": by_model}),
        "7 days hourly, tokens by model": ("/calls/stats", week | {"usage_metrics": tokens}),
        "7 days hourly, latency and errors": ("/calls/stats", week | {"call_metrics": latency}),
        "7 days hourly, cost by model": (
            "/calls/stats",
            week | {"usage_metrics": [{"metric": "total_cost"}]},
        ),
    }
