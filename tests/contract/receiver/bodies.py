"""OTLP requests to send."""

from __future__ import annotations

import gzip
import zlib
from typing import Any

import orjson
from backports import zstd
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span

PROTOBUF = "application/x-protobuf"
JSON = "application/json"
TYPES = (PROTOBUF, JSON)
START_NS = 1_790_000_000_000_000_000


def a_span(number: int = 1, **fields: Any) -> Span:
    """A valid span; `fields` win."""
    defaults = {
        "trace_id": bytes(15) + b"\x01",
        "span_id": number.to_bytes(8, "big"),
        "name": f"span {number}",
        "start_time_unix_nano": START_NS + number,
        "end_time_unix_nano": START_NS + number + 1000,
    }
    return Span(**(defaults | fields))


def a_request(*spans: Span) -> ExportTraceServiceRequest:
    scope = ScopeSpans(spans=spans or (a_span(),))
    return ExportTraceServiceRequest(resource_spans=[ResourceSpans(scope_spans=[scope])])


def as_protobuf(*spans: Span) -> bytes:
    return a_request(*spans).SerializeToString()


def json_span(span: Span) -> dict[str, Any]:
    return {
        "traceId": span.trace_id.hex(),
        "spanId": span.span_id.hex(),
        "name": span.name,
        "startTimeUnixNano": str(span.start_time_unix_nano),
        "endTimeUnixNano": str(span.end_time_unix_nano),
        "attributes": [{"key": pair.key, "value": json_value(pair.value)} for pair in span.attributes],
    }


def json_value(value: AnyValue) -> dict[str, Any]:
    match value.WhichOneof("value"):
        case "array_value":
            return {"arrayValue": {"values": [json_value(item) for item in value.array_value.values]}}
        case "kvlist_value":
            pairs = [{"key": pair.key, "value": json_value(pair.value)} for pair in value.kvlist_value.values]
            return {"kvlistValue": {"values": pairs}}
        case "int_value":
            return {"intValue": str(value.int_value)}
        case "double_value":
            text = {"inf": "Infinity", "-inf": "-Infinity", "nan": "NaN"}
            return {"doubleValue": text.get(str(value.double_value), value.double_value)}
        case _:
            return {"stringValue": value.string_value}


def as_json(*spans: Span) -> bytes:
    scope = {"spans": [json_span(span) for span in spans or (a_span(),)]}
    return orjson.dumps({"resourceSpans": [{"scopeSpans": [scope]}]})


def encode(content_type: str, *spans: Span) -> bytes:
    return as_json(*spans) if content_type == JSON else as_protobuf(*spans)


def attribute(value: AnyValue, key: str = "k") -> KeyValue:
    return KeyValue(key=key, value=value)


def nested(kind: str, levels: int) -> AnyValue:
    """A value below this many levels of arrays or key-value lists."""
    value = AnyValue(string_value="deep")
    for _ in range(levels):
        if kind == "array":
            value = AnyValue(array_value=ArrayValue(values=[value]))
        else:
            value = AnyValue(kvlist_value=KeyValueList(values=[attribute(value)]))
    return value


def padded(content_type: str, size: int) -> bytes:
    """A valid request of exactly this many bytes: one span with a long attribute."""
    length, body = size, b""
    while len(body) != size:
        length -= len(body) - size if body else len(encode(content_type, _long("")))
        body = encode(content_type, _long("x" * length))
    return body


def _long(text: str) -> Span:
    return a_span(attributes=[attribute(AnyValue(string_value=text))])


def raw_deflate(data: bytes) -> bytes:
    stream = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return stream.compress(data) + stream.flush()


COMPRESS = {"gzip": gzip.compress, "deflate": zlib.compress, "zstd": zstd.compress}
"""How to compress for a `Content-Encoding`."""


def partial_success(content_type: str, body: bytes) -> tuple[int, str]:
    """Return rejected spans and message of an answer."""
    if content_type == JSON:
        partial = orjson.loads(body).get("partialSuccess", {})
        return int(partial.get("rejectedSpans", "0")), partial.get("errorMessage", "")
    partial = ExportTraceServiceResponse.FromString(body).partial_success
    return partial.rejected_spans, partial.error_message
