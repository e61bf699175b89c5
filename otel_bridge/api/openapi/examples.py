"""Bodies that work, by operation: sent in the order of the routes, each is answered with 200.

They tell one story: a chat in the project `acme/app`, feedback on it, its price, and things published beside.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

PROJECT: Final = "acme/app"
TRACE: Final = "0af7651916cd43dd8448eb211c80319c"
CHAT: Final = "b7ad6b7169203331"
TOOL: Final = "00f067aa0ba902b7"
AGENT: Final = "53995c3f42cd8ad8"
FEEDBACK: Final = "0198a0b2-7f00-7c3e-9d3b-2f1d5a6b7c8d"
PRICE: Final = "0198a0b2-7f00-7c3e-9d3b-000000000001"
MODEL: Final = "acme-large"
OBJECT: Final = "weather-settings"
OBJECT_DIGEST: Final = "dHsiBmIf2XpbYA8qzx7mSzCni29AjqoYLHoFKqxX75w"
ROWS: Final = ({"question": "2+2?", "answer": "4"}, {"question": "3+3?", "answer": "6"})
ROW_DIGESTS: Final = (
    "uuURdeE2KrPYMCoguJzuY3YaVup2myeRPo8OrzMGxxU",
    "JmkQzd0fglTmSoiMmYarKjEO6lrImYmjzr3bEIIQ5kA",
)
TABLE_DIGEST: Final = "e7d3bdbedf73a7e901037d13ffeba5468cc49854083598ce17abb09652e1022f"
FILE: Final = "hello"
FILE_DIGEST: Final = "LPJNulXwow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ"

_START: Final = {
    "project_id": PROJECT,
    "id": CHAT,
    "trace_id": TRACE,
    "op_name": "chat",
    "thread_id": "thread-1",
    "turn_id": CHAT,
    "started_at": "2026-01-02T03:04:05.250Z",
    "attributes": {"model": MODEL},
    "inputs": {"question": "What is the capital of France?"},
}
_END: Final = {
    "project_id": PROJECT,
    "id": CHAT,
    "ended_at": "2026-01-02T03:04:06.500Z",
    "output": {"answer": "Paris"},
    "summary": {
        "usage": {MODEL: {"requests": 1, "input_tokens": 12, "output_tokens": 3, "total_tokens": 15}}
    },
}


def _started(call_id: str, op_name: str) -> dict[str, Any]:
    return _START | {"id": call_id, "op_name": op_name, "parent_id": CHAT, "thread_id": None, "turn_id": None}


def _whole(call_id: str, op_name: str) -> dict[str, Any]:
    return _started(call_id, op_name) | _END | {"id": call_id, "summary": {}}


_SAID_CHAT: Final = {"$eq": [{"$getField": "inputs.question"}, {"$literal": _START["inputs"]["question"]}]}  # type: ignore[index]
_FEEDBACK: Final = {
    "project_id": PROJECT,
    "id": FEEDBACK,
    "weave_ref": f"weave:///{PROJECT}/call/{CHAT}",
    "feedback_type": "wandb.note.1",
    "payload": {"note": "short and right"},
}


def _ids(*ids: str) -> dict[str, Any]:
    return {"$or": [{"$eq": [{"$getField": "id"}, {"$literal": one}]} for one in ids]}


_CALLS: Final[Mapping[str, Any]] = {
    "call_upsert_batch": {
        "batch": [{"mode": "start", "req": {"start": _START}}, {"mode": "end", "req": {"end": _END}}]
    },
    "call_start": {"start": _started(TOOL, "search")},
    "call_end": {"end": _END | {"id": TOOL, "summary": {}}},
    "v2_calls_complete": {"batch": [_whole(AGENT, "rank")]},
    "v2_call_start": {"start": _started(AGENT, "rank")},
    "v2_call_end": {"end": _END | {"id": AGENT, "summary": {}}},
    "call_update": {"project_id": PROJECT, "call_id": CHAT, "display_name": "first question"},
    "calls_stream_query": {
        "project_id": PROJECT,
        "filter": {"trace_roots_only": True},
        "query": {"$expr": _SAID_CHAT},
        "sort_by": [{"field": "started_at", "direction": "desc"}],
        "limit": 100,
    },
    "calls_query": {"project_id": PROJECT, "filter": {"call_ids": [CHAT]}, "include_costs": True},
    "calls_spans": {"project_id": PROJECT, "filter": {"trace_ids": [TRACE]}},
    "calls_query_stats": {"project_id": PROJECT, "filter": {"op_names": ["chat"]}},
    "calls_stats": {
        "project_id": PROJECT,
        "start": "2026-01-02T00:00:00Z",
        "end": "2026-01-03T00:00:00Z",
        "granularity": 21_600,
        "usage_metrics": [{"metric": "total_tokens"}, {"metric": "total_cost"}],
        "call_metrics": [
            {"metric": "latency_ms", "aggregations": ["avg"], "percentiles": [50, 99.9]},
            {"metric": "call_count"},
        ],
        "timezone": "Europe/Paris",
    },
    "call_read": {"project_id": PROJECT, "id": CHAT},
    "calls_delete": {"project_id": PROJECT, "call_ids": [AGENT]},
    "threads_stream_query": {"project_id": PROJECT, "limit": 10},
    "trace_usage": {"project_id": PROJECT, "filter": {"trace_ids": [TRACE]}, "include_costs": True},
    "calls_usage": {"project_id": PROJECT, "call_ids": [CHAT]},
    "project_stats": {"project_id": PROJECT},
}
_ANNEX: Final[Mapping[str, Any]] = {
    "feedback_create": _FEEDBACK,
    "feedback_batch_create": {"batch": [_FEEDBACK]},
    "feedback_replace": _FEEDBACK | {"feedback_id": FEEDBACK, "payload": {"note": "short, right and polite"}},
    "feedback_query": {"project_id": PROJECT, "query": {"$expr": _ids(FEEDBACK)}, "limit": 10},
    "feedback_stats": {
        "project_id": PROJECT,
        "start": "2026-01-02T00:00:00Z",
        "end": "2026-01-03T00:00:00Z",
        "granularity": 21_600,
        "feedback_type": "wandb.runnable.quality",
        "metrics": [
            {"json_path": "output.score", "aggregations": ["avg"], "percentiles": [50]},
            {"json_path": "output.passed", "value_type": "boolean"},
        ],
    },
    "feedback_payload_schema": {
        "project_id": PROJECT,
        "start": "2026-01-02T00:00:00Z",
        "end": "2026-01-03T00:00:00Z",
    },
    "feedback_purge": {"project_id": PROJECT, "query": {"$expr": _ids(FEEDBACK)}},
    "cost_create": {
        "project_id": PROJECT,
        "costs": {MODEL: {"prompt_token_cost": 3e-6, "completion_token_cost": 1.5e-5}},
    },
    "cost_query": {"project_id": PROJECT, "sort_by": [{"field": "llm_id", "direction": "asc"}]},
    "cost_purge": {
        "project_id": PROJECT,
        "query": {"$expr": {"$in": [{"$getField": "id"}, [{"$literal": PRICE}]]}},
    },
    "obj_create": {
        "obj": {"project_id": PROJECT, "object_id": OBJECT, "val": {"city": "Paris", "unit": "C"}},
    },
    "obj_read": {"project_id": PROJECT, "object_id": OBJECT, "digest": "latest"},
    "objs_query": {"project_id": PROJECT, "filter": {"latest_only": True, "is_op": False}},
    "refs_read_batch": {"refs": [f"weave:///{PROJECT}/object/{OBJECT}:{OBJECT_DIGEST}/attr/city"]},
    "obj_delete": {"project_id": PROJECT, "object_id": OBJECT, "digests": [OBJECT_DIGEST]},
    "table_create": {"table": {"project_id": PROJECT, "rows": [*ROWS]}},
    "table_create_from_digests": {"project_id": PROJECT, "row_digests": [*ROW_DIGESTS]},
    "table_update": {
        "project_id": PROJECT,
        "base_digest": TABLE_DIGEST,
        "updates": [{"append": {"row": {"question": "4+4?", "answer": "8"}}}, {"pop": {"index": 0}}],
    },
    "table_query": {"project_id": PROJECT, "digest": TABLE_DIGEST, "limit": 100},
    "table_query_stats": {"project_id": PROJECT, "digest": TABLE_DIGEST},
    "table_query_stats_batch": {"project_id": PROJECT, "digests": [TABLE_DIGEST]},
    "file_content": {"project_id": PROJECT, "digest": FILE_DIGEST},
    "files_content": {"project_id": PROJECT, "digest": FILE_DIGEST},
}
_SPAN: Final = {
    "traceId": TRACE,
    "spanId": "e457b5a2e4d86bd1",
    "name": "answer question",
    "startTimeUnixNano": "1767323045250000000",
    "endTimeUnixNano": "1767323046500000000",
    "attributes": [{"key": "input.value", "value": {"stringValue": "What is the capital of France?"}}],
}
_TRACES: Final = {"resourceSpans": [{"resource": {}, "scopeSpans": [{"scope": {}, "spans": [_SPAN]}]}]}
_RECORD: Final = {"traceId": TRACE, "spanId": "e457b5a2e4d86bd1", "body": {"stringValue": "Paris"}}
_LOGS: Final = {"resourceLogs": [{"resource": {}, "scopeLogs": [{"scope": {}, "logRecords": [_RECORD]}]}]}
_METRICS: Final[Mapping[str, Any]] = {
    "resourceMetrics": [{"resource": {}, "scopeMetrics": [{"scope": {}, "metrics": []}]}]
}
_TASK: Final = {
    "project_id": PROJECT,
    "call_id": CHAT,
    "scorer_ref": f"weave:///{PROJECT}/object/valid_json:{FILE_DIGEST}",
}
_WORKER: Final = "worker-1"
_SCORES: Final[Mapping[str, Any]] = {
    "calls_score": {"project_id": PROJECT, "call_ids": [CHAT], "scorer_refs": ["valid_json"]},
    "bridge_scoring_lease": {"worker": _WORKER, "limit": 10, "lease_seconds": 30},
    "bridge_scoring_renew": {"worker": _WORKER, "tasks": [_TASK], "lease_seconds": 30},
    "bridge_scoring_settle": {
        "worker": _WORKER,
        "outcomes": [{"task": _TASK, "attempt": 1, "state": "failed", "error": "it is no JSON"}],
    },
    "bridge_scoring_enqueue": {"tasks": [_TASK]},
}
_OTHERS: Final[Mapping[str, Any]] = {
    "graphql": {
        "query": "query Project($name: String!) { project(name: $name) { name } }",
        "variables": {"name": "app"},
    },
    "service_projects_info": {"project_ids": [PROJECT]},
    "bridge_retranslate": {"project_id": PROJECT},
    "bridge_path": {"receiver": "otlp", "request": ""},
    "bridge_erase": {"project_id": PROJECT, "user": "nobody@example.com", "dry_run": True},
    "bridge_backup": {"directory": "/backups/.monday.unfinished-5f0c", "ticket": "5f0c2a", "stop": True},
} | {
    f"{base}v1_{signal}": body
    for base in ("", "otel_", "agents_otel_")
    for signal, body in (("traces", _TRACES), ("logs", _LOGS), ("metrics", _METRICS))
}

EXAMPLES: Final[Mapping[str, Any]] = {**_CALLS, **_SCORES, **_ANNEX, **_OTHERS}
"""JSON bodies by the ids of their operations."""

FORM_EXAMPLE: Final = {"project_id": PROJECT, "file": FILE}
"""The form of `/file/create`."""
