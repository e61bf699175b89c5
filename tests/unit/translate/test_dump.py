"""The rendered `otel_dump` (otel-mapping.md §7)."""

from __future__ import annotations

import orjson
import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from otel_bridge.translate.dump import render, render_span
from otel_bridge.translate.record import pack
from tests.fixtures.captures import CAPTURES, spans
from tests.fixtures.otlp_spans import SPAN_ID, TRACE_ID, a_message, a_request, a_span, decoded, pairs


def dump(span) -> dict:
    return orjson.loads(render(pack(span)))


@pytest.mark.parametrize("capture", CAPTURES)
def test_the_dump_of_a_span_is_the_dump_of_its_record(capture):
    for span in spans(capture):
        assert render_span(span) == render(pack(span))


def test_a_plain_span_has_every_member():
    assert dump(a_span(name="x")) == {
        "name": "x",
        "context": {"trace_id": TRACE_ID.hex(), "span_id": SPAN_ID.hex(), "trace_state": ""},
        "kind": "UNSPECIFIED",
        "parent_id": None,
        "start_time": "2025-10-09T08:53:20.123456",
        "end_time": "2025-10-09T08:53:21.623456",
        "status": {"code": "UNSET", "message": ""},
        "attributes": {},
        "events": [],
        "links": [],
        "resource": None,
        "scope": {
            "name": "", "version": "", "attributes": {}, "dropped_attributes_count": 0, "schema_url": "",
        },
        "start_time_unix_nano": "1760000000123456999",
        "end_time_unix_nano": "1760000001623456999",
        "flags": 0,
        "dropped_attributes_count": 0,
        "dropped_events_count": 0,
        "dropped_links_count": 0,
    }  # fmt: skip


def test_a_full_span_keeps_everything():
    message = a_message(
        {"a.b": 1},
        trace_state="k=v",
        parent_span_id=b"parentid",
        kind=Span.SPAN_KIND_CLIENT,
        flags=257,
        dropped_attributes_count=1,
        dropped_events_count=2,
        dropped_links_count=3,
        status=Status(code=Status.STATUS_CODE_ERROR, message='"quoted"\n'),
        events=[
            Span.Event(name="e", time_unix_nano=5, attributes=pairs({"x.y": 1}), dropped_attributes_count=4)
        ],
        links=[
            Span.Link(trace_id=TRACE_ID, span_id=b"12345678", flags=256, attributes=pairs({"rel": "parent"}))
        ],
    )
    request = a_request(message, resource={"service.name": "s"})
    request.resource_spans[0].schema_url = "https://example.test/r"
    scope = request.resource_spans[0].scope_spans[0]
    scope.schema_url = "https://example.test/s"
    scope.scope.name, scope.scope.version = "lib", "1.0"
    got = dump(decoded(request).spans[0])
    assert got["context"]["trace_state"] == "k=v"
    assert got["parent_id"] == b"parentid".hex()
    assert (got["kind"], got["status"]) == ("CLIENT", {"code": "ERROR", "message": '"quoted"\n'})
    assert got["attributes"] == {"a": {"b": 1}}
    assert got["events"] == [
        {"name": "e", "timestamp": 5, "attributes": {"x": {"y": 1}}, "dropped_attributes_count": 4}
    ]
    assert got["links"] == [
        {
            "trace_id": TRACE_ID.hex(),
            "span_id": b"12345678".hex(),
            "trace_state": "",
            "attributes": {"rel": "parent"},
            "dropped_attributes_count": 0,
            "flags": 256,
        }
    ]
    assert got["resource"] == {
        "attributes": {"service": {"name": "s"}},
        "dropped_attributes_count": 0,
        "schema_url": "https://example.test/r",
    }
    assert (got["scope"]["name"], got["scope"]["version"]) == ("lib", "1.0")
    assert got["scope"]["schema_url"] == "https://example.test/s"
    assert (got["flags"], got["dropped_attributes_count"]) == (257, 1)
    assert (got["dropped_events_count"], got["dropped_links_count"]) == (2, 3)


@pytest.mark.parametrize("number", [6, 2**31 - 1, -1])
def test_numbers_nobody_knows_have_the_first_name(number):
    got = dump(a_span(kind=number, status=Status(code=number)))
    assert (got["kind"], got["status"]["code"]) == ("UNSPECIFIED", "UNSET")


def test_whole_seconds_have_no_fraction():
    got = dump(a_span(start_time_unix_nano=1_700_000_000_000_000_999, end_time_unix_nano=2**64 - 1))
    assert got["start_time"] == "2023-11-14T22:13:20"
    assert got["end_time"] == "2554-07-21T23:34:33.709551"


def test_values_that_json_cannot_hold_are_written_as_text():
    got = dump(a_span({"a": float("nan"), "b": float("-inf"), "c": b"\xff", "d": "nul \x00", "e": None}))
    assert got["attributes"] == {"a": "nan", "b": "-inf", "c": "/w==", "d": "nul \x00", "e": None}


def test_a_malformed_parent_is_shown_as_it_was_sent():
    assert dump(a_span(parent_span_id=b"abc"))["parent_id"] == b"abc".hex()


def test_resources_are_not_mixed_up():
    first, second = a_request(a_message(), resource={"a": 1}), a_request(a_message(), resource={"a": 2})
    dumps = [dump(decoded(request).spans[0]) for request in (first, second, first)]
    assert [got["resource"]["attributes"]["a"] for got in dumps] == [1, 2, 1]


def test_a_resource_too_large_to_keep_is_rendered_all_the_same():
    got = dump(decoded(a_request(a_message(), resource={"a": "x" * 50_000})).spans[0])
    assert len(got["resource"]["attributes"]["a"]) == 50_000
