"""What the benchmarks of reads ask, by name."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec import Struct

from tests.bench.machines import PROJECT
from tests.bench.otlp_load import Tree

if TYPE_CHECKING:
    import http.client

    from tests.bench.machines import Machine

SECONDS: Final = 20.0
"""As long as one question may be asked again."""
WEEK: Final = timedelta(days=7)
QUERY, COUNT, STATS = "/calls/stream_query", "/calls/query_stats", "/calls/stats"
NEWEST: Final = [{"field": "started_at", "direction": "desc"}]
LISTED: Final = [{"field": name, "direction": "desc"} for name in ("listed_at", "started_at")]
SLOWEST: Final = [{"field": "summary.weave.latency_ms", "direction": "desc"}]
BY_MODEL: Final = [{"field": "attributes.model", "direction": "desc"}]

NO_HIT, NO_HIT_COMMON = "substring, no hit", "substring of common letters, no hit"
JSON_COUNT, JSON_SORT = "count, JSON filter", "sort by a JSON field"
SCANS: Final = frozenset({NO_HIT, NO_HIT_COMMON, JSON_COUNT, JSON_SORT})
"""Questions that look into every call there is: their floor is a scan of the bodies by plain SQLite."""


def literal(value: Any) -> dict:
    return {"$literal": value}


def field(name: str) -> dict:
    return {"$getField": name}


def contains(text: str) -> dict:
    return {"$expr": {"$contains": {"input": field("inputs"), "substr": literal(text)}}}


def within(seconds: int) -> dict:
    """What happened so lately, as the page asks."""
    since = (datetime.now(UTC) - timedelta(seconds=seconds)).isoformat()
    return {"$expr": {"$gte": [field("happened_at"), literal(since)]}}


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
        "last 100 as listed": (QUERY, newest | {"sort_by": LISTED}),
        "last 100 as listed, last hour": (QUERY, newest | {"sort_by": LISTED, "query": within(3600)}),
        "roots as listed": (QUERY, newest | {"sort_by": LISTED, "filter": {"trace_roots_only": True}}),
        "last 100 of one op": (QUERY, newest | {"filter": {"op_names": [some["op_name"]]}}),
        "roots": (QUERY, newest | {"filter": {"trace_roots_only": True}}),
        "roots by latency": (QUERY, newest | {"filter": {"trace_roots_only": True}, "sort_by": SLOWEST}),
        "errors": (
            QUERY,
            newest | {"query": {"$expr": {"$not": [{"$eq": [field("exception"), literal(None)]}]}}},
        ),
        "JSON filter": (QUERY, newest | {"query": by_model}),
        "substring, hits": (QUERY, newest | {"query": contains("refund policy")}),
        NO_HIT: (QUERY, newest | {"query": contains("xylophone quartz")}),
        NO_HIT_COMMON: (QUERY, newest | {"query": contains("the eastern stations")}),
        JSON_SORT: (QUERY, of | {"sort_by": BY_MODEL, "limit": 100}),
        "count": (COUNT, of),
        JSON_COUNT: (COUNT, of | {"query": by_model}),
        "7 days hourly, tokens by model, latency percentiles": (
            STATS,
            week | {"usage_metrics": tokens, "call_metrics": latency},
        ),
        "7 days hourly, tokens by model": (STATS, week | {"usage_metrics": tokens}),
        "7 days hourly, latency and errors": (STATS, week | {"call_metrics": latency}),
        "7 days hourly, cost by model": (STATS, week | {"usage_metrics": [{"metric": "total_cost"}]}),
    }


class Asked(Struct, frozen=True):
    """How one question was answered; CPU seconds are those of one answer."""

    took: list[float]
    status: int
    size: int
    cpu: float


def ask(connection: http.client.HTTPConnection, path: str, body: bytes, rounds: int, pid: int) -> Asked:
    """Ask one question again and again, for `SECONDS` at most."""
    took, status, size, tree = [], 200, 0, Tree(pid)
    until = time.perf_counter() + SECONDS
    while len(took) < rounds and (not took or time.perf_counter() < until) and status == 200:
        started = time.perf_counter()
        connection.request("POST", path, body)
        answer = connection.getresponse()
        size, status = len(answer.read()), answer.status
        took.append(time.perf_counter() - started)
    return Asked(took, status, size, tree.seconds() / len(took))
