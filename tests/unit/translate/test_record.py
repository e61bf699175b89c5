"""A stored span is the span that was sent, with its resource and its scope (otel-mapping.md §7)."""

from __future__ import annotations

import re
from base64 import b64encode

import pytest
from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, TracesData

from otel_bridge.receiver.base import Encoding
from otel_bridge.translate.record import pack, unpack
from tests.fixtures.captures import CAPTURES, exports, spans
from tests.fixtures.otlp_spans import a_message, a_request, a_span, decoded

HEX_ID = re.compile(r'("(?:traceId|spanId|parentSpanId)"\s*:\s*")([0-9a-fA-F]*)"')

# Fields 1001 (text), 1002 (varint), 1003 (fixed 32), 1004 (fixed 64), 1005 (group): nobody knows them.
UNKNOWN = b"\xca\x3e\x03new\xd0\x3e\x07\xdd\x3e\1\2\3\4\xe1\x3e\1\2\3\4\5\6\7\x08\xeb\x3e\x08\x01\xec\x3e"


def one_by_one(request: ExportTraceServiceRequest):
    """Yield for each span of a request a message that holds only it."""
    for resource_spans in request.resource_spans:
        for scope_spans in resource_spans.scope_spans:
            for span in scope_spans.spans:
                alone = TracesData(resource_spans=[resource_spans])
                del alone.resource_spans[0].scope_spans[:]
                scope = alone.resource_spans[0].scope_spans.add()
                scope.CopyFrom(scope_spans)
                del scope.spans[:]
                scope.spans.add().CopyFrom(span)
                yield alone


def sent_message(export) -> ExportTraceServiceRequest:
    """Read a request with protobuf's own parsers; its JSON parser wants ids in base64."""
    if export.encoding is Encoding.PROTOBUF:
        return ExportTraceServiceRequest.FromString(export.body)
    text = HEX_ID.sub(lambda m: m[1] + b64encode(bytes.fromhex(m[2])).decode() + '"', export.body.decode())
    return json_format.Parse(text, ExportTraceServiceRequest())


@pytest.mark.parametrize("capture", CAPTURES)
def test_the_stored_spans_of_a_capture_are_the_sent_ones(capture):
    sent = [alone for export in exports(capture) for alone in one_by_one(sent_message(export))]
    stored = [TracesData.FromString(pack(span)) for span in spans(capture)]
    assert stored == sent
    assert len(stored) == CAPTURES[capture]["spans"]


@pytest.mark.parametrize("level", ["resource_spans", "scope_spans", "span", "resource", "scope"])
def test_unknown_fields_survive(level):
    request = a_request(a_message({"a": 1}), resource={"service.name": "s"})
    resource_spans = request.resource_spans[0]
    scope_spans = resource_spans.scope_spans[0]
    scope_spans.scope.name = "lib"
    {
        "resource_spans": resource_spans,
        "scope_spans": scope_spans,
        "span": scope_spans.spans[0],
        "resource": resource_spans.resource,
        "scope": scope_spans.scope,
    }[level].MergeFromString(UNKNOWN)
    (span,) = decoded(request).spans
    stored = pack(span)
    assert UNKNOWN in stored
    (sent,) = one_by_one(request)
    assert TracesData.FromString(stored) == sent
    assert unpack(stored).span == span.message.SerializeToString()


def test_schema_urls_survive():
    request = a_request(a_message())
    request.resource_spans[0].schema_url = "https://example.test/r"
    request.resource_spans[0].scope_spans[0].schema_url = "https://example.test/s"
    (span,) = decoded(request).spans
    stored = TracesData.FromString(pack(span)).resource_spans[0]
    assert stored.schema_url == "https://example.test/r"
    assert stored.scope_spans[0].schema_url == "https://example.test/s"


def test_a_missing_resource_stays_missing():
    stored = TracesData.FromString(pack(a_span())).resource_spans[0]
    assert not stored.HasField("resource")
    assert not stored.scope_spans[0].HasField("scope")


@pytest.mark.parametrize("size", [0, 100, 20_000, 3_000_000])
def test_unpacking_finds_the_parts(size):
    request = a_request(a_message({"a": "x" * size}), resource={"b": "y" * size})
    request.resource_spans[0].scope_spans[0].scope.name = "lib"
    (span,) = decoded(request).spans
    parts = unpack(pack(span))
    assert parts.span == span.message.SerializeToString()
    assert ResourceSpans.FromString(parts.resource_wire).resource == request.resource_spans[0].resource
    assert ScopeSpans.FromString(parts.scope_wire).scope.name == "lib"
