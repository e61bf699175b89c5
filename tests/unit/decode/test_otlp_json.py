"""OTLP/JSON is read as strictly and as leniently as otlp-receiver.md §7 says."""

from __future__ import annotations

import orjson
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from otel_bridge.receiver.decode.otlp_json import to_protobuf
from tests.fixtures.otlp_json import IDS, a_span, body_of, decoded
from tests.fixtures.otlp_spans import SPAN_ID, TRACE_ID, a_request, any_value, pairs


def test_every_field_is_read():
    body = {
        "resourceSpans": [
            {
                "resource": {
                    "attributes": [{"key": "service.name", "value": {"stringValue": "s"}}],
                    "droppedAttributesCount": 1,
                    "entityRefs": [
                        {"schemaUrl": "u", "type": "t", "idKeys": ["a"], "descriptionKeys": ["b"]}
                    ],
                },
                "scopeSpans": [
                    {
                        "scope": {
                            "name": "lib",
                            "version": "1",
                            "attributes": [{"key": "a", "value": {"intValue": "1"}}],
                            "droppedAttributesCount": 2,
                        },
                        "spans": [
                            {
                                "traceId": "0AF7651916CD43DD8448EB211C80319C",
                                "spanId": "b7ad6b7169203331",
                                "traceState": "k=v",
                                "parentSpanId": "706172656e746964",
                                "flags": 257,
                                "name": "n",
                                "kind": 3,
                                "startTimeUnixNano": "1760000000123456999",
                                "endTimeUnixNano": 1760000001623456999,
                                "attributes": [{"key": "x", "value": {"doubleValue": 0.5}}],
                                "droppedAttributesCount": 3,
                                "events": [
                                    {
                                        "timeUnixNano": "5",
                                        "name": "e",
                                        "attributes": [{"key": "y", "value": {"boolValue": True}}],
                                        "droppedAttributesCount": 4,
                                    }
                                ],
                                "droppedEventsCount": 5,
                                "links": [
                                    {
                                        "traceId": "0af7651916cd43dd8448eb211c80319c",
                                        "spanId": "b7ad6b7169203331",
                                        "traceState": "l=w",
                                        "attributes": [{"key": "z", "value": {"bytesValue": "AP8="}}],
                                        "droppedAttributesCount": 6,
                                        "flags": 256,
                                    }
                                ],
                                "droppedLinksCount": 7,
                                "status": {"message": "m", "code": 2},
                            }
                        ],
                        "schemaUrl": "https://example.test/s",
                    }
                ],
                "schemaUrl": "https://example.test/r",
            }
        ]
    }
    message = Span(
        trace_id=TRACE_ID,
        span_id=SPAN_ID,
        trace_state="k=v",
        parent_span_id=b"parentid",
        flags=257,
        name="n",
        kind=3,
        start_time_unix_nano=1760000000123456999,
        end_time_unix_nano=1760000001623456999,
        attributes=pairs({"x": 0.5}),
        dropped_attributes_count=3,
        dropped_events_count=5,
        dropped_links_count=7,
        status={"message": "m", "code": 2},
        events=[
            Span.Event(time_unix_nano=5, name="e", attributes=pairs({"y": True}), dropped_attributes_count=4)
        ],
        links=[
            Span.Link(
                trace_id=TRACE_ID,
                span_id=SPAN_ID,
                trace_state="l=w",
                attributes=pairs({"z": b"\0\xff"}),
                dropped_attributes_count=6,
                flags=256,
            )
        ],
    )
    expected = a_request(message, resource={"service.name": "s"})
    resource_spans = expected.resource_spans[0]
    resource_spans.schema_url = "https://example.test/r"
    resource_spans.resource.dropped_attributes_count = 1
    resource_spans.resource.entity_refs.add(schema_url="u", type="t", id_keys=["a"], description_keys=["b"])
    scope_spans = resource_spans.scope_spans[0]
    scope_spans.schema_url = "https://example.test/s"
    scope_spans.scope.name, scope_spans.scope.version = "lib", "1"
    scope_spans.scope.attributes.extend(pairs({"a": 1}))
    scope_spans.scope.dropped_attributes_count = 2
    assert ExportTraceServiceRequest.FromString(to_protobuf(orjson.dumps(body), {}, [])) == expected


@pytest.mark.parametrize(
    "body", [b"{}", b'{"resourceSpans": null}', b'{"resourceSpans": []}', b"\xef\xbb\xbf {}"]
)
def test_a_request_without_spans_is_fine(body):
    got = decoded(body)
    assert (got.spans, got.rejected, got.warnings, got.counts) == ([], 0, [], {})


def test_unknown_members_are_ignored_everywhere():
    unknown = {"unknown": {"deep": [1]}}
    span = IDS | unknown | {"attributes": [{"key": "k", "value": {"intValue": 1} | unknown} | unknown]}
    body = {
        "resourceSpans": [
            {"resource": unknown, "scopeSpans": [{"scope": unknown, "spans": [span]} | unknown]}
        ]
    }
    got = decoded(orjson.dumps(body | unknown))
    assert (got.spans[0].attributes, got.counts, got.warnings) == ({"k": 1}, {}, [])


def test_null_is_absent():
    assert a_span(name=None, kind=None, attributes=None, status=None, events=[None]).name == ""


def test_of_a_member_sent_twice_the_last_counts():
    body = body_of(IDS | {"name": "first"}).replace(b'"name":"first"', b'"name":"first","name":"last"')
    assert decoded(body).spans[0].name == "last"


@pytest.mark.parametrize("name", ["SPAN_KIND_CLIENT"])
def test_enum_names_are_read_with_a_warning(name):
    got = decoded(body_of(IDS | {"kind": name, "status": {"code": "STATUS_CODE_ERROR"}}))
    assert (got.spans[0].message.kind, got.spans[0].message.status.code) == (3, 2)
    assert got.counts == {"json_enum_names": 2}
    assert len(got.warnings) == 1


def test_an_enum_number_nobody_knows_is_kept():
    assert a_span(kind=77).message.kind == 77


def test_of_two_values_the_last_is_taken_with_a_warning():
    got = decoded(body_of(IDS | {"attributes": [{"key": "k", "value": {"intValue": 1, "stringValue": "x"}}]}))
    assert got.spans[0].attributes == {"k": "x"}
    assert got.counts == {"json_two_values": 1}
    assert len(got.warnings) == 1


def test_string_table_references_are_counted():
    got = decoded(body_of(IDS | {"attributes": [{"keyStrindex": 1, "value": {"stringValueStrindex": 2}}]}))
    assert got.counts == {"string_table_references": 2}


class TestSnakeCase:
    def test_a_request_that_is_all_snake_case_succeeds_with_a_warning(self):
        got = decoded(b'{"resource_spans": [{"scope_spans": []}]}')
        assert (got.spans, got.rejected, got.counts) == ([], 0, {"json_snake_case": 1})
        assert len(got.warnings) == 1
        assert "lowerCamelCase" in got.warnings[0]

    def test_snake_case_members_of_a_span_are_ignored_and_counted(self):
        got = decoded(body_of(IDS | {"start_time_unix_nano": 5, "end_time_unix_nano": 6}))
        assert got.spans[0].start_ns == 0
        assert (got.counts, got.warnings) == ({"json_snake_case": 1}, [])

    def test_attribute_keys_are_no_members(self):
        got = decoded(body_of(IDS | {"attributes": [{"key": "trace_id", "value": {"stringValue": "x"}}]}))
        assert got.counts == {}


class TestIds:
    @pytest.mark.parametrize(
        ("sent", "said"),
        [
            ("abcdef", "trace_id has 3 bytes, not 16"),
            ("", "trace_id is missing"),
            (None, "trace_id is missing"),
            ("0" * 32, "trace_id is all zeros"),
            ("z" * 32, "trace_id is not hexadecimal"),
            ("abc", "trace_id is not hexadecimal"),
            ("CvdlGRbNQ92ESOshHIAxnA==", "trace_id is not hexadecimal"),
            ("0a f7651916cd43dd8448eb211c80319", "trace_id is not hexadecimal"),
        ],
    )
    def test_a_bad_id_rejects_its_span_only(self, sent, said):
        got = decoded(body_of(IDS, IDS | {"traceId": sent, "name": "bad"}))
        assert (len(got.spans), got.rejected) == (1, 1)
        assert got.reasons == [f'span "bad" rejected: {said}']

    def test_a_parent_that_is_not_hexadecimal_makes_a_root(self):
        got = decoded(body_of(IDS | {"parentSpanId": "zzzzzzzzzzzzzzzz"}))
        assert got.spans[0].parent_id is None
        assert got.counts == {"bad_parent_ids": 1}


def test_json_and_protobuf_of_one_request_are_one_request():
    sent = {"s": "x", "i": 7, "b": True, "d": 0.25, "l": [1, "a"], "m": {"k": None}, "y": b"\xff"}
    json = a_span(attributes=[{"key": key, "value": as_json(value)} for key, value in sent.items()])
    assert list(json.message.attributes) == [
        pair for pair in pairs(sent) if pair.value == any_value(sent[pair.key])
    ]


def as_json(value) -> dict:
    match value:
        case None:
            return {}
        case bool():
            return {"boolValue": value}
        case int():
            return {"intValue": str(value)}
        case float():
            return {"doubleValue": value}
        case str():
            return {"stringValue": value}
        case bytes():
            return {"bytesValue": "/w=="}
        case list():
            return {"arrayValue": {"values": [as_json(item) for item in value]}}
    return {"kvlistValue": {"values": [{"key": key, "value": as_json(item)} for key, item in value.items()]}}
