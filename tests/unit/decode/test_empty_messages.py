"""A request of nothing but empty messages costs nobody anything."""

from __future__ import annotations

import pytest

from otel_bridge.errors import RequestTooLarge
from otel_bridge.receiver.base import Encoding
from otel_bridge.receiver.decode import decode
from otel_bridge.receiver.decode.export import MAX_EMPTY_MESSAGES, MAX_KEPT_REASONS
from tests.fixtures.otlp_spans import PROJECT, an_export

MANY = MAX_EMPTY_MESSAGES + 1


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (b"\x0a\x00" * MANY, Encoding.PROTOBUF),
        (b"\x0a\x02\x12\x00" * MANY, Encoding.PROTOBUF),
        (b'{"resourceSpans":[' + b"{}," * MANY + b"{}]}", Encoding.JSON),
        (b'{"unknown":[' + b"[]," * MANY + b"[]]}", Encoding.JSON),
    ],
    ids=["envelopes", "scopes", "json envelopes", "json lists"],
)
def test_too_many_empty_messages_are_refused(body, encoding):
    with pytest.raises(RequestTooLarge, match="empty messages"):
        decode(an_export(body, encoding=encoding), default_project=PROJECT)


def test_some_empty_messages_are_fine():
    assert decode(an_export(b"\x0a\x00" * 1000), default_project=PROJECT).spans == []


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
