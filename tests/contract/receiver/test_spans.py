"""Odd spans, the same in both encodings (`contract/otlp-receiver.md` §7, §8)."""

from __future__ import annotations

import orjson
import pytest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue

from tests.contract.receiver.bodies import (
    JSON,
    PROTOBUF,
    TYPES,
    a_span,
    as_json,
    attribute,
    encode,
    nested,
    partial_success,
)

YEAR_2554_NS = (1 << 64) - 1


@pytest.mark.parametrize("content_type", TYPES)
@pytest.mark.parametrize("size", [0, 3, 15, 17])
async def test_r01_an_id_of_another_length_rejects_its_span_alone(bridge, content_type, size):
    bad = a_span(2, trace_id=b"\x01" * size)
    reply = await bridge.send(encode(content_type, a_span(1), bad, a_span(3)), content_type)
    assert (reply.status, partial_success(content_type, reply.body)[0]) == (200, 1)
    assert [span.name for span in bridge.consume.spans] == ["span 1", "span 3"]


@pytest.mark.parametrize("content_type", TYPES)
async def test_r02_ids_of_zeros_reject_their_span(bridge, content_type):
    bad = a_span(2, trace_id=bytes(16)), a_span(3, span_id=bytes(8))
    reply = await bridge.send(encode(content_type, a_span(1), *bad), content_type)
    assert partial_success(content_type, reply.body)[0] == 2
    assert len(bridge.consume.spans) == 1


DEPTHS = [
    ("array", 24, 200),
    ("array", 25, 200),
    ("array", 47, 200),
    ("array", 48, 400),
    ("array", 1000, 400),
    ("kvlist", 24, 200),
    ("kvlist", 25, 200),
    ("kvlist", 31, 200),
    ("kvlist", 32, 400),
    ("kvlist", 300, 400),
]


def body_of_depth(content_type: str, kind: str, levels: int) -> bytes:
    """Write the nesting by hand: protobuf's own writer and reader stop early."""
    if content_type == JSON:
        opening, closing = (
            ('{"arrayValue":{"values":[', "]}}")
            if kind == "array"
            else ('{"kvlistValue":{"values":[{"key":"k","value":', "}]}}")
        )
        value = opening * levels + '{"stringValue":"deep"}' + closing * levels
        text = as_json(a_span(attributes=[attribute(AnyValue(string_value="HERE"))]))
        return text.replace(b'{"stringValue":"HERE"}', value.encode())
    value = AnyValue(string_value="deep").SerializeToString()
    for _ in range(levels):
        if kind == "kvlist":
            value = field(1, b"k") + field(2, value)
        value = field(5 if kind == "array" else 6, field(1, value))
    pair = field(1, b"k") + field(2, value)
    span = a_span().SerializeToString() + field(9, pair)
    return field(1, field(2, field(2, span)))


def field(number: int, data: bytes) -> bytes:
    size, length = len(data), b""
    while size > 127:
        length += bytes((size & 127 | 128,))
        size >>= 7
    return bytes((number << 3 | 2,)) + length + bytes((size,)) + data


@pytest.mark.parametrize("content_type", TYPES)
@pytest.mark.parametrize(("kind", "levels", "status"), DEPTHS)
async def test_r11_nesting_is_answered_alike_in_both_encodings(bridge, content_type, kind, levels, status):
    reply = await bridge.send(body_of_depth(content_type, kind, levels), content_type)
    assert reply.status == status, reply.body
    assert len(bridge.consume.spans) == (status == 200)
    assert bridge.noted("nested_too_deep") == (status == 200 and levels > 24)


@pytest.mark.parametrize("content_type", TYPES)
async def test_r12_times_of_the_year_2554_are_taken(bridge, content_type):
    late = a_span(start_time_unix_nano=YEAR_2554_NS - 1, end_time_unix_nano=YEAR_2554_NS)
    assert (await bridge.send(encode(content_type, late), content_type)).status == 200
    assert [span.end_ns for span in bridge.consume.spans] == [YEAR_2554_NS]


NUMBERS = [
    AnyValue(double_value=float("nan")),
    AnyValue(double_value=float("inf")),
    AnyValue(double_value=float("-inf")),
    AnyValue(double_value=-0.0),
    AnyValue(int_value=-(1 << 63)),
    AnyValue(int_value=(1 << 63) - 1),
]
TEXTS = [AnyValue(string_value=text) for text in ("a\0b", "🙂", "\U0010ffff", "")]


@pytest.mark.parametrize("content_type", TYPES)
@pytest.mark.parametrize("value", NUMBERS, ids=str)
async def test_r13_extreme_numbers_are_taken(bridge, content_type, value):
    body = encode(content_type, a_span(attributes=[attribute(value)]))
    assert (await bridge.send(body, content_type)).status == 200
    assert len(bridge.consume.spans) == 1


@pytest.mark.parametrize("content_type", TYPES)
@pytest.mark.parametrize("value", TEXTS, ids=str)
async def test_r14_any_text_is_taken(bridge, content_type, value):
    body = encode(content_type, a_span(attributes=[attribute(value)]))
    assert (await bridge.send(body, content_type)).status == 200
    assert bridge.consume.spans[0].attributes["k"] == value.string_value


@pytest.mark.parametrize("content_type", TYPES)
async def test_r14_text_that_is_not_utf8_is_400(bridge, content_type):
    body = encode(content_type, a_span(name="MARK")).replace(b"MARK", b"\xff\xfe\xfd\xfc")
    assert (await bridge.send(body, content_type)).status == 400


async def test_r28_snake_case_json_is_a_success_with_a_warning(bridge):
    body = orjson.dumps({"resource_spans": [{"scope_spans": [{"spans": []}]}]})
    reply = await bridge.send(body, JSON)
    rejected, message = partial_success(JSON, reply.body)
    assert (reply.status, rejected) == (200, 0)
    assert "lowerCamelCase" in message or "camelCase" in message or "snake_case" in message
    assert bridge.noted("json_snake_case") == 1


async def test_nested_values_are_what_they_were(bridge):
    await bridge.send(encode(PROTOBUF, a_span(attributes=[attribute(nested("array", 3))])))
    assert bridge.consume.spans[0].attributes["k"] == [[["deep"]]]
