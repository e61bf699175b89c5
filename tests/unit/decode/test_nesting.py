"""R-11: too deep for a call is cut there, too deep for protobuf is refused, in both encodings."""

from __future__ import annotations

import orjson
import pytest

from otel_bridge.errors import InvalidRequest
from otel_bridge.receiver.base import Encoding
from otel_bridge.receiver.decode import decode
from otel_bridge.translate.record import pack
from tests.fixtures.otlp_spans import a_message, a_request, an_export

KINDS = ["list", "kvlist"]
LIMITS = {("list", "span"): 47, ("kvlist", "span"): 31, ("list", "resource"): 48, ("kvlist", "resource"): 32}


def field(number: int, raw: bytes) -> bytes:
    size, length = len(raw), bytearray()
    while size > 127:
        length.append(size & 127 | 128)
        size >>= 7
    return bytes([number << 3 | 2, *length, size]) + raw


def protobuf(kind: str, where: str, levels: int) -> bytes:
    value = field(1, b"leaf")
    for _ in range(levels):
        value = (
            field(5, field(1, value))
            if kind == "list"
            else field(6, field(1, field(1, b"k") + field(2, value)))
        )
    pair = field(1, b"deep") + field(2, value)
    body = a_request(a_message()).SerializeToString()
    if where == "resource":
        return body + field(1, field(1, field(1, pair)))
    span = a_message().SerializeToString() + field(9, pair)
    return field(1, field(2, field(2, span)))


def json(kind: str, where: str, levels: int) -> bytes:
    head, tail = (
        (b'{"arrayValue":{"values":[', b"]}}")
        if kind == "list"
        else (b'{"kvlistValue":{"values":[{"key":"k","value":', b"}]}}")
    )
    value = head * levels + b'{"stringValue":"leaf"}' + tail * levels
    attributes = b'{"attributes":[{"key":"deep","value":' + value + b"}]"
    span = b',"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331"}'
    if where == "resource":
        return b'{"resourceSpans":[{"resource":' + attributes + b"}}]}"
    return b'{"resourceSpans":[{"scopeSpans":[{"spans":[' + attributes + span + b"]}]}]}"


BODIES = {Encoding.PROTOBUF: protobuf, Encoding.JSON: json}


def decoded(kind, where, levels, encoding):
    export = an_export(BODIES[encoding](kind, where, levels), encoding=encoding)
    return decode(export, default_project="e/p")


@pytest.mark.parametrize("encoding", Encoding)
@pytest.mark.parametrize("kind", KINDS)
def test_24_levels_are_kept(kind, encoding):
    got = decoded(kind, "span", 24, encoding)
    assert orjson.dumps(got.spans[0].attributes).count(b"[" if kind == "list" else b'"k"') == 24
    assert (got.warnings, got.counts) == ([], {})


@pytest.mark.parametrize("encoding", Encoding)
@pytest.mark.parametrize("kind", KINDS)
def test_up_to_the_parsers_limit_the_call_is_cut_and_the_span_whole(kind, encoding):
    for levels in (25, LIMITS[kind, "span"]):
        got = decoded(kind, "span", levels, encoding)
        (span,) = got.spans
        assert b"<nested deeper than 24>" in orjson.dumps(span.attributes)
        assert got.counts == {"nested_too_deep": 1}
        assert "nested" in got.warnings[0]
        assert b"leaf" in pack(span)


@pytest.mark.parametrize("encoding", Encoding)
@pytest.mark.parametrize(("kind", "where"), LIMITS)
def test_the_parsers_limit_is_the_same_for_both_encodings(kind, where, encoding):
    limit = LIMITS[kind, where]
    decoded(kind, where, limit, encoding)
    for levels in (limit + 1, 64, 65, 150, 330, 1000):
        with pytest.raises(InvalidRequest):
            decoded(kind, where, levels, encoding)
