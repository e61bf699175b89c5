"""Whatever is written as OTLP/JSON is read back as the same spans."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from otel_bridge.queue.payload import pack_spans
from otel_bridge.receiver.base import Encoding
from otel_bridge.receiver.decode import decode
from otel_bridge.receiver.decode.otlp_json import to_protobuf
from otel_bridge.translate import otlp_json
from tests.fixtures.captures import CAPTURES, exports
from tests.fixtures.otlp_spans import PROJECT, a_message, a_request, an_export, decoded
from tests.property.test_translate_spans import messages


def read_back(lines: list[bytes]) -> TracesData:
    """Read documents as a receiver does, one after the other."""
    return TracesData.FromString(b"".join(to_protobuf(line, {}, []) for line in lines))


@given(messages)
def test_a_document_is_read_back_as_the_same_request(message):
    request = a_request(message, resource={"service.name": "s"})
    read = type(request).FromString(to_protobuf(otlp_json.document(request), {}, []))
    assert read.SerializeToString() == request.SerializeToString()  # NaN equals nothing


@given(st.lists(messages, min_size=1, max_size=4))
def test_lines_are_read_back_as_the_same_spans(some):
    request = a_request(*some)
    found = decoded(request).spans
    (line,) = otlp_json.lines(found)
    read = decode(an_export(line, encoding=Encoding.JSON), default_project=PROJECT).spans
    assert [(span.message.SerializeToString(), span.id) for span in read] == [
        (span.message.SerializeToString(), span.id) for span in found
    ]


@pytest.mark.parametrize("capture", CAPTURES)
def test_captures_are_read_back_with_their_resources_and_scopes(capture):
    for export in exports(capture):
        if export.encoding is Encoding.PROTOBUF:
            found = decode(export, default_project=PROJECT).spans
            lines = list(otlp_json.lines(found))
            assert b"\n" not in b"".join(lines)
            assert read_back(lines) == TracesData.FromString(pack_spans(found))


def test_lines_are_cut_where_they_grow_long(monkeypatch):
    monkeypatch.setattr(otlp_json, "LINE_BYTES", 200)
    found = decoded(a_request(*(a_message({"text": "x" * 50}, name=f"{n}") for n in range(9)))).spans
    lines = list(otlp_json.lines(found))
    assert len(lines) > 2
    scopes = [scope for each in read_back(lines).resource_spans for scope in each.scope_spans]
    assert [span for scope in scopes for span in scope.spans] == [span.message for span in found]
