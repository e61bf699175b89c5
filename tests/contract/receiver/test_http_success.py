"""OTLP/HTTP requests that are taken (`contract/otlp-receiver.md` §1-§3)."""

from __future__ import annotations

import time

import pytest

from otel_bridge.receiver.base import Encoding
from tests.contract.receiver.bodies import COMPRESS, JSON, PROTOBUF, TYPES, a_span, encode, partial_success
from tests.contract.receiver.client import connected, head

ENCODINGS = {PROTOBUF: Encoding.PROTOBUF, JSON: Encoding.JSON}
EMPTY = {PROTOBUF: b"", JSON: b"{}"}
PATHS = (
    "/v1/traces",
    "/v1/traces/",
    "//v1/traces",
    "/otel/v1/traces",
    "/otel/v1/traces/",
    "/agents/otel/v1/traces",
    "/otel/v1/traces/v1/traces",
)


@pytest.mark.parametrize("content_type", [*TYPES, "application/json; charset=utf-8", "APPLICATION/JSON"])
@pytest.mark.parametrize("coding", [None, "identity", *COMPRESS])
async def test_json_http_and_proto_http_are_taken_and_the_data_is_equal(bridge, content_type, coding):
    """TestJSONHTTP and TestProtoHTTP: Uncompressed, UTF8, Uppercase, GzipCompressed, ZstdCompressed."""
    media_type = content_type.partition(";")[0].lower()
    body = encode(media_type)
    wire = COMPRESS[coding](body) if coding in COMPRESS else body
    reply = await bridge.send(wire, content_type, headers={"Content-Encoding": coding} if coding else None)
    assert (reply.status, reply.type, reply.body) == (200, media_type, EMPTY[media_type])
    (export,) = bridge.consume.exports
    assert (export.body, export.encoding) == (body, ENCODINGS[media_type])
    assert [span.name for span in bridge.consume.spans] == ["span 1"]


@pytest.mark.parametrize("content_type", TYPES)
async def test_r22_a_json_answer_names_no_charset(bridge, content_type):
    reply = await bridge.send(encode(content_type), content_type)
    assert reply.headers["Content-Type"] == content_type


@pytest.mark.parametrize("path", PATHS)
async def test_r27_every_spelling_of_the_traces_path_is_answered(bridge, path):
    assert (await bridge.send(encode(PROTOBUF), path=path)).status == 200
    assert len(bridge.consume.spans) == 1


@pytest.mark.parametrize("content_type", TYPES)
async def test_an_empty_request_is_a_success(bridge, content_type):
    reply = await bridge.send(EMPTY[content_type], content_type)
    assert (reply.status, reply.body) == (200, EMPTY[content_type])


@pytest.mark.parametrize("content_type", TYPES)
async def test_partial_success_has_the_exact_count_and_a_reason_in_the_request_encoding(bridge, content_type):
    spans = a_span(1), a_span(2, trace_id=b"short"), a_span(3), a_span(4, span_id=b"")
    reply = await bridge.send(encode(content_type, *spans), content_type)
    rejected, message = partial_success(content_type, reply.body)
    assert (reply.status, reply.type, rejected) == (200, content_type, 2)
    assert "trace_id" in message
    assert "span_id" in message


async def test_spans_are_counted_by_outcome_and_encoding(bridge):
    await bridge.send(encode(JSON, a_span(1), a_span(2), a_span(3, span_id=b"")), JSON)
    assert bridge.spans("accepted", encoding="json") == 2
    assert bridge.spans("rejected", encoding="json") == 1
    assert bridge.requests(200) == 1


async def test_rejected_spans_are_logged_because_no_client_shows_them(bridge, logged):
    for _ in range(2):
        await bridge.send(encode(PROTOBUF, a_span(1, span_id=b"")))
    (event,) = [event for event in logged if event["event"] == "spans_rejected"]
    assert (event["spans"], event["client"]) == (1, "127.0.0.1")


async def test_the_project_header_and_the_run_header_travel_with_the_spans(bridge):
    await bridge.send(encode(PROTOBUF), headers={"project_id": "acme/shop", "wb_run_id": "run-1"})
    (span,) = bridge.consume.spans
    assert (span.origin.project_id, span.origin.wb_run_id) == ("acme/shop", "run-1")


async def test_r26_a_percent_encoded_header_is_read_and_noted(bridge):
    await bridge.send(encode(PROTOBUF), headers={"project_id": "acme%2Fmy%20shop"})
    assert [span.origin.project_id for span in bridge.consume.spans] == ["acme/my shop"]
    assert bridge.noted("percent_encoded_headers") == 1


async def test_the_receive_time_is_now(bridge):
    before = time.time_ns()
    await bridge.send(encode(PROTOBUF))
    assert before <= bridge.consume.exports[0].received_ns <= time.time_ns()


async def test_a_chunked_body_is_taken(bridge):
    async def pieces():
        for byte in encode(PROTOBUF):
            yield bytes((byte,))

    async with bridge.session.post(
        f"{bridge.url}/v1/traces", data=pieces(), headers={"Content-Type": PROTOBUF}
    ) as response:
        assert response.status == 200
    assert len(bridge.consume.spans) == 1


async def test_keep_alive_answers_pipelined_requests_in_order(bridge):
    """TestHTTPServerKeepAlives."""
    first, second = encode(PROTOBUF, a_span(1)), encode(JSON, a_span(2))
    async with connected(bridge.http_port) as raw:
        await raw.send(head(len(first)) + first + head(len(second), JSON) + second)
        assert b"200 OK" in (answer := await raw.head())
        assert PROTOBUF.encode() in answer
        assert b"200 OK" in (answer := await raw.head())
        assert JSON.encode() in answer
    assert [span.name for span in bridge.consume.spans] == ["span 1", "span 2"]


async def test_a_request_is_measured_on_the_wire_inflated_and_in_seconds(bridge):
    body = encode(PROTOBUF)
    wire = COMPRESS["gzip"](body)
    await bridge.send(wire, PROTOBUF, headers={"Content-Encoding": "gzip"})
    sum_of = "otel_bridge_receiver_request_bytes_sum"
    assert bridge.telemetry.value(sum_of, transport="http", size="wire") == len(wire)
    assert bridge.telemetry.value(sum_of, transport="http", size="decoded") == len(body)
    assert bridge.telemetry.value("otel_bridge_receiver_request_seconds_count", transport="http") == 1
