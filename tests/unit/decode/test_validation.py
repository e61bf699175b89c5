"""A bad span is rejected alone and named (otlp-receiver.md §8)."""

from __future__ import annotations

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from otel_bridge.errors import InvalidRequest
from otel_bridge.receiver.decode import decode
from tests.fixtures.otlp_spans import (
    END_NS,
    RECEIVED_NS,
    SPAN_ID,
    START_NS,
    TRACE_ID,
    a_message,
    a_request,
    an_export,
    decoded,
)


def test_a_span_is_read():
    request = a_request(a_message({"a": 1}, name="n", parent_span_id=b"parentid"))
    (span,) = decoded(request, wb_run_id="run").spans
    assert (span.trace_id, span.id, span.parent_id) == (TRACE_ID.hex(), SPAN_ID.hex(), b"parentid".hex())
    assert (span.name, span.start_ns, span.end_ns) == ("n", START_NS, END_NS)
    assert span.attributes == {"a": 1}
    assert (span.origin.project_id, span.origin.received_ns, span.origin.wb_run_id) == (
        "ent/proj",
        RECEIVED_NS,
        "run",
    )


@pytest.mark.parametrize(
    "request_",
    [ExportTraceServiceRequest(), a_request(), ExportTraceServiceRequest(resource_spans=[{}])],
    ids=["no bytes", "an empty scope", "an empty resource"],
)
def test_a_request_without_spans_is_fine(request_):
    got = decoded(request_, default_project=None)
    assert (got.spans, got.rejected, got.reasons, got.warnings) == ([], 0, [], [])


@pytest.mark.parametrize("size", [3, 15, 17, 0])
def test_a_trace_id_of_another_length_rejects_its_span_only(size):
    bad = a_message(trace_id=b"x" * size, name="bad")
    got = decoded(a_request(a_message(), bad, a_message(), bad))
    assert (len(got.spans), got.rejected) == (2, 2)
    said = "trace_id is missing" if not size else f"trace_id has {size} bytes, not 16"
    assert got.reasons == [f'span "bad" rejected: {said}'] * 2


@pytest.mark.parametrize("size", [1, 3, 15, 16])
def test_a_span_id_of_another_length_rejects_its_span_only(size):
    got = decoded(a_request(a_message(), a_message(span_id=b"x" * size, name="bad")))
    assert (len(got.spans), got.rejected) == (1, 1)
    assert got.reasons == [f'span "bad" rejected: span_id has {size} byte{"s" * (size > 1)}, not 8']


def test_ids_of_zeros_reject_their_span():
    got = decoded(a_request(a_message(trace_id=bytes(16), span_id=bytes(8), name="zero")))
    assert (got.spans, got.rejected) == ([], 1)
    assert got.reasons == ['span "zero" rejected: trace_id is all zeros, span_id is all zeros']


@pytest.mark.parametrize("parent", [b"abc", b"x" * 16, SPAN_ID], ids=["short", "long", "itself"])
def test_a_malformed_parent_makes_a_root_with_a_warning(parent):
    got = decoded(a_request(a_message(parent_span_id=parent)))
    (span,) = got.spans
    assert span.parent_id is None
    assert span.message.parent_span_id == parent
    assert got.counts == {"bad_parent_ids": 1}
    assert len(got.warnings) == 1
    assert "parent_span_id" in got.warnings[0]


@pytest.mark.parametrize("parent", [b"", bytes(8)])
def test_no_parent_is_no_warning(parent):
    got = decoded(a_request(a_message(parent_span_id=parent)))
    assert (got.spans[0].parent_id, got.warnings, got.counts) == (None, [], {})


def test_duplicate_keys_are_counted_not_warned_about():
    got = decoded(a_request(a_message([("a", 1), ("a", 2)])))
    assert got.spans[0].attributes == {"a": 2}
    assert (got.counts, got.warnings) == ({"duplicate_attribute_keys": 1}, [])


@pytest.mark.parametrize(
    "body",
    [
        b"garbage",
        a_request(a_message()).SerializeToString()[:-3],
        b"\x0a\x05\x12\x03\x12\x01\xff",
        b"\xff" * 50,
    ],
    ids=["text", "cut off", "bad length", "endless varint"],
)
def test_bytes_that_are_no_protobuf_are_refused_in_plain_words(body):
    with pytest.raises(InvalidRequest) as refused:
        decode(an_export(body), default_project="e/p")
    assert "protobuf" in str(refused.value)
    assert "Error" not in str(refused.value)


def test_text_that_is_not_utf8_is_refused():
    body = a_request(a_message(name="????")).SerializeToString().replace(b"????", b"\xff\xfe\xff\xfe")
    with pytest.raises(InvalidRequest, match="UTF-8"):
        decode(an_export(body), default_project="e/p")
