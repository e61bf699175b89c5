"""A request of nothing but messages is refused; what attributes hold refuses nothing."""

from __future__ import annotations

import pytest

from otel_bridge.errors import InvalidRequest, RequestTooLarge
from otel_bridge.receiver.base import Encoding
from otel_bridge.receiver.decode import decode
from otel_bridge.receiver.decode.envelopes import MAX_MESSAGES
from otel_bridge.receiver.decode.request import MAX_KEPT_REASONS
from tests.fixtures.otlp_spans import PROJECT, a_message, a_request, an_export

MANY = MAX_MESSAGES + 1


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (b"\x0a\x00" * MANY, Encoding.PROTOBUF),
        (b"\x0a\x02\x12\x00" * MANY, Encoding.PROTOBUF),
        (b'{"resourceSpans":[' + b"{}," * MANY + b"{}]}", Encoding.JSON),
        (b'{"resourceSpans":[{"scopeSpans":[{"spans":[' + b"{}," * MANY + b"{}]}]}]}", Encoding.JSON),
    ],
    ids=["envelopes", "scopes", "json envelopes", "json spans"],
)
def test_too_many_messages_are_refused(body, encoding):
    with pytest.raises(RequestTooLarge, match="made of more than 500,000 messages"):
        decode(an_export(body, encoding=encoding), default_project=PROJECT)


def of_one_large_resource(count: int) -> bytes:
    """A request whose resource has a mebibyte but four bytes."""
    spans = [a_message(span_id=number.to_bytes(8, "big")) for number in range(1, count + 1)]
    return a_request(*spans, resource={"": "x" * ((1 << 20) - 20)}).SerializeToString()


def test_a_large_resource_may_have_many_spans():
    assert len(decode(an_export(of_one_large_resource(256)), default_project=PROJECT).spans) == 256


def test_a_large_resource_with_too_many_spans_is_refused():
    with pytest.raises(RequestTooLarge, match="more than 256 MiB; send fewer items a request"):
        decode(an_export(of_one_large_resource(257)), default_project=PROJECT)


def test_some_empty_messages_are_fine():
    assert decode(an_export(b"\x0a\x00" * 1000), default_project=PROJECT).spans == []


def test_too_many_spans_of_one_scope_are_refused():
    spans = b"\x12\x00" * MANY
    scope = b"\x12" + _varint(len(spans)) + spans
    with pytest.raises(RequestTooLarge):
        decode(an_export(b"\x0a" + _varint(len(scope)) + scope), default_project=PROJECT)


def test_many_unknown_members_are_ignored():
    body = b'{"unknown":[' + b"[]," * MANY + b"[]]}"
    assert decode(an_export(body, encoding=Encoding.JSON), default_project=PROJECT).spans == []


@pytest.mark.parametrize("text", ["\n\0", "\x12\0", "{}", "[]"], ids=repr)
def test_text_that_looks_like_empty_messages_is_just_text(text):
    request = a_request(a_message({"text": text * MANY}))
    assert len(decode(an_export(request.SerializeToString()), default_project=PROJECT).spans) == 1


@pytest.mark.parametrize("body", [b"\x0a\x82" * MANY, b"\x0b" * 3 * MANY, b"\x0f" * 3 * MANY])
def test_wire_that_is_malformed_is_left_to_the_parser(body):
    with pytest.raises(InvalidRequest):
        decode(an_export(body), default_project=PROJECT)


def test_of_many_bad_spans_all_are_counted_and_some_are_named():
    bad = MAX_KEPT_REASONS + 5
    spans = b"\x12\x02\x2a\x00" * bad  # each with an empty name and no ids
    scope = b"\x12" + _varint(len(spans)) + spans
    body = b"\x0a" + _varint(len(scope)) + scope
    decoded = decode(an_export(body), default_project=PROJECT)
    assert decoded.rejected == bad
    assert len(decoded.reasons) == MAX_KEPT_REASONS


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)
