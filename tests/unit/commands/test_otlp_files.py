"""Spans in files, cut anywhere."""

from __future__ import annotations

import click
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from otel_bridge.commands.otlp_files import messages, to_json


def a_message(name: str, *, links: int = 0) -> bytes:
    data = TracesData()
    span = data.resource_spans.add().scope_spans.add().spans.add(name=name, trace_id=b"\x01" * 16)
    span.span_id, span.kind, span.start_time_unix_nano = b"\xab" * 8, 3, 2**63
    for _ in range(links):
        span.links.add(trace_id=b"\x02" * 16, span_id=b"\x03" * 8)
    return data.SerializeToString()


@given(st.lists(st.text(max_size=300), max_size=5), st.lists(st.integers(1, 400), max_size=12))
def test_messages_come_out_whole_wherever_pieces_are_cut(names, cuts):
    sent = [a_message(name) for name in names]
    whole, pieces = b"".join(sent), []
    for cut in cuts:
        pieces.append(whole[:cut])
        whole = whole[cut:]
    assert list(messages(iter([*pieces, whole]))) == sent


@pytest.mark.parametrize(
    "content", [b"x", b"\x12\x00", b"\x0a\x05abc", b"\x0a", b"\x0a\xff\xff\xff\xff\xff\xff\x01"]
)
def test_what_is_no_message_is_told(content):
    with pytest.raises(click.ClickException):
        list(messages(iter([content])))


def test_json_has_hexadecimal_ids_and_numbers_for_enums():
    (span,) = msgspec.json.decode(to_json(a_message("é", links=1)))["resourceSpans"][0]["scopeSpans"][0][
        "spans"
    ]
    assert span == {
        "name": "é",
        "traceId": "01" * 16,
        "spanId": "ab" * 8,
        "kind": 3,
        "startTimeUnixNano": str(2**63),
        "links": [{"traceId": "02" * 16, "spanId": "03" * 8}],
    }
