"""The body of `POST /call/upsert_batch` (weave-api.md §1.1)."""

from __future__ import annotations

import orjson

from otel_bridge.translate.batch import upsert_batch
from otel_bridge.translate.calls import translate
from tests.fixtures.otlp_spans import SPAN_ID, TRACE_ID, a_span

ID = SPAN_ID.hex()


def items(*calls) -> list:
    return orjson.loads(upsert_batch(calls))["batch"]


def test_no_calls_are_an_empty_batch():
    assert upsert_batch([]) == b'{"batch":[]}'


def test_a_completed_call_is_a_start_and_an_end():
    start, end = items(translate(a_span({"input.value": "hi", "output.value": 'h"o'}, name="op")))
    assert (start["mode"], end["mode"]) == ("start", "end")
    call = start["req"]["start"]
    assert call.pop("otel_dump")["context"]["span_id"] == ID
    assert call == {
        "project_id": "ent/proj",
        "id": ID,
        "op_name": "op",
        "display_name": None,
        "trace_id": TRACE_ID.hex(),
        "parent_id": None,
        "thread_id": None,
        "turn_id": None,
        "started_at": "2025-10-09T08:53:20.123456Z",
        "attributes": {},
        "inputs": {"input.value": "hi"},
        "wb_user_id": None,
        "wb_run_id": None,
        "wb_run_step": None,
    }
    assert end["req"]["end"] == {
        "project_id": "ent/proj",
        "id": ID,
        "ended_at": "2025-10-09T08:53:21.623456Z",
        "exception": None,
        "output": {"output.value": 'h"o'},
        "summary": {
            "status_counts": {"success": 1, "error": 0},
            "weave": {"status": "success", "latency_ms": 1500, "trace_name": "op"},
        },
        "wb_run_step_end": None,
    }


def test_an_open_call_is_a_start_alone():
    (start,) = items(translate(a_span(end_time_unix_nano=0)))
    assert start["mode"] == "start"


def test_a_dump_rendered_before_is_the_same_as_one_rendered_now():
    span = a_span({"input.value": '{"a": [1]}', "gen_ai.request.model": "m"})
    assert upsert_batch([translate(span, dumped=True)]) == upsert_batch([translate(span)])
