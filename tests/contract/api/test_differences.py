"""Where the bridge differs from Weave on purpose, from the span to the line: see docs/differences.md."""

from __future__ import annotations

import re
from pathlib import Path

import orjson
import pytest

from otel_bridge.receiver.base import Encoding, Export
from otel_bridge.receiver.decode import decode
from otel_bridge.translate.calls import translate
from tests.contract.api.bodies import PROJECT, call_id, trace_id

ROOT = Path(__file__).parents[3]
START_NS = 1767323045123456789
ERROR = 2


def attribute(key: str, value) -> dict:
    kind = {str: "stringValue", bool: "boolValue", int: "intValue", float: "doubleValue"}
    if value is None:
        return {"key": key, "value": {}}
    if isinstance(value, list):
        return {"key": key, "value": {"arrayValue": {"values": [attribute("", v)["value"] for v in value]}}}
    return {"key": key, "value": {kind[type(value)]: value}}


@pytest.fixture
def line(api):
    """Send a span with these attributes; return its line."""

    async def send(attributes: dict | None = None, **members) -> dict:
        span = {
            "traceId": trace_id(1),
            "spanId": call_id(1),
            "name": "GET /Users Chat!",
            "startTimeUnixNano": str(START_NS),
            "endTimeUnixNano": str(START_NS + 2_000_000_999),
            "attributes": [attribute(key, value) for key, value in (attributes or {}).items()],
        } | members
        body = orjson.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]})
        export = Export(body=body, encoding=Encoding.JSON, received_ns=START_NS)
        decoded = decode(export, default_project=PROJECT)
        assert (len(decoded.spans), decoded.rejected) == (1, 0)
        store = api.calls.store
        store.begin()
        store.apply([translate(span) for span in decoded.spans], received_at=START_NS // 1000)
        store.commit()
        return await api.call(1)

    return send


async def test_a_span_name_stays_plain(line):
    assert (await line())["op_name"] == "GET /Users Chat!"


async def test_an_empty_span_name_is_unknown(line):
    assert (await line(name=""))["op_name"] == "unknown"


async def test_times_are_cut_to_microseconds_in_utc(line):
    kept = await line()

    assert kept["started_at"] == "2026-01-02T03:04:05.123456Z"
    assert kept["ended_at"] == "2026-01-02T03:04:07.123457Z"
    assert kept["summary"]["weave"]["latency_ms"] == 2000


async def test_a_scalar_that_conflicts_with_a_subtree_is_kept_beside_it(line):
    kept = await line({"a": "text", "a.b": 1})

    assert kept["attributes"]["a"] == {"_value": "text", "b": 1}


async def test_nothing_in_attributes_rejects_a_span(line):
    kept = await line(
        {"gen_ai.usage.input_tokens": float("1e308"), "a": [1, None, "x"], "b": None, "gen_ai": 5}
    )

    assert kept["attributes"]["otel_span"]["attributes"]["a"] == [1, None, "x"]


async def test_zero_false_and_empty_values_are_values(line):
    kept = await line({"gen_ai.usage.input_tokens": 0, "output.value": "", "input.value": False})

    assert kept["inputs"] == {"input.value": False}
    assert kept["output"] == {"output.value": ""}
    assert kept["summary"]["usage"] == {"usage": {"input_tokens": 0, "total_tokens": 0}}


async def test_a_span_without_tokens_has_no_usage(line):
    assert "usage" not in (await line({"http.method": "GET"}))["summary"]


@pytest.mark.parametrize(
    ("status", "events", "attributes", "exception"),
    [
        ({"code": ERROR, "message": "boom"}, [], {}, "boom"),
        ({"code": ERROR}, [("ValueError", "first"), ("KeyError", "last")], {}, "KeyError: last"),
        ({"code": ERROR}, [], {"error.type": "timeout"}, "timeout"),
        ({"code": ERROR}, [], {}, "error"),
        ({}, [("ValueError", "handled")], {}, None),
    ],
)
async def test_a_failed_span_is_an_error_with_the_best_words_there_are(
    line, status, events, attributes, exception
):
    kept = await line(
        attributes,
        status=status,
        events=[
            {
                "name": "exception",
                "timeUnixNano": "1",
                "attributes": [attribute("exception.type", kind), attribute("exception.message", text)],
            }
            for kind, text in events
        ],
    )
    assert kept["exception"] == exception
    assert kept["summary"]["weave"]["status"] == ("error" if exception else "success")


async def test_only_the_root_span_of_a_thread_is_a_turn(line):
    child = await line({"gen_ai.conversation.id": "t"}, parentSpanId=call_id(9))

    assert (child["thread_id"], child["turn_id"]) == ("t", None)


async def test_the_whole_span_comes_back_with_its_scope_and_resource(line):
    span = (await line({"a": 1}))["attributes"]["otel_span"]

    assert span["name"] == "GET /Users Chat!"
    assert {"context", "kind", "status", "attributes", "events", "links", "resource", "scope"} <= set(span)


async def test_two_spans_under_one_id_are_two_calls(api, line):
    await line(name="one")
    await line(name="other", traceId=trace_id(2))
    await line(name="third", startTimeUnixNano=str(START_NS + 1))

    calls = await api.query()
    assert sorted(call["op_name"] for call in calls) == ["one", "other", "third"]
    assert len({call["id"] for call in calls}) == 3


def test_every_row_of_the_page_names_a_test_that_exists():
    page = (ROOT / "docs" / "differences.md").read_text()
    rows = [
        row for row in page.splitlines() if row.startswith("|") and not row.startswith(("| What", "| ---"))
    ]
    assert len(rows) > 30
    for row in rows:
        named = re.findall(r"`(tests/[\w/.]+)::([\w:]+)`", row)
        assert named, row
        for path, name in named:
            text = (ROOT / path).read_text()
            for part in name.split("::"):
                assert f"def {part}(" in text or f"class {part}:" in text, row
