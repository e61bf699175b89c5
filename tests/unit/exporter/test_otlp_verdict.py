"""What an answer of an OTLP receiver means (`contract/otlp-receiver.md` §3, §4)."""

from __future__ import annotations

import pytest
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from otel_bridge.exporter.otlp_verdict import judge_otlp
from otel_bridge.exporter.verdict import Again, Held, Refused, Sent, TooLarge

PROTOBUF = {"Content-Type": "application/x-protobuf"}
JSON = {"Content-Type": "application/json; charset=utf-8"}


def partial(rejected: int, message: str) -> bytes:
    response = ExportTraceServiceResponse()
    response.partial_success.rejected_spans = rejected
    response.partial_success.error_message = message
    return response.SerializeToString()


@pytest.mark.parametrize(
    ("headers", "body", "verdict"),
    [
        (PROTOBUF, b"", Sent()),
        ({}, b"", Sent()),
        (JSON, b"{}", Sent()),
        ({"Content-Type": "text/plain"}, b"ok", Sent()),
        (PROTOBUF, partial(3, "no room"), Sent(3, "no room")),
        (PROTOBUF, partial(0, "mind the gap"), Sent(0, "mind the gap")),
        (PROTOBUF, partial(-3, ""), Sent(0, "")),
        (JSON, b'{"partialSuccess":{"rejectedSpans":"3","errorMessage":"no room"}}', Sent(3, "no room")),
        (JSON, b'{"partialSuccess":{"rejectedSpans":3}}', Sent(3, "")),
        (JSON, b'{"partialSuccess":null,"more":1}', Sent()),
    ],
)
@pytest.mark.parametrize("status", [200, 202])
def test_a_success_says_what_was_rejected(status, headers, body, verdict):
    assert judge_otlp(status, headers, body) == verdict


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (PROTOBUF, b"<html>"),
        (JSON, b"<html>"),
        (JSON, b"[]"),
        (JSON, b"\xff"),
        ({"Content-Type": "text/html"}, b"<p>"),
    ],
)
def test_a_success_that_is_not_the_receivers_is_none(headers, body):
    verdict = judge_otlp(200, headers, body)
    assert isinstance(verdict, Again)
    assert "not OTLP" in verdict.reason


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_what_may_pass_is_sent_again_no_sooner_than_asked(status):
    verdict = judge_otlp(status, {"Retry-After": "7"}, b"busy")
    assert verdict == Again(f"answered {status}: busy", status, 7.0)


@pytest.mark.parametrize("status", [400, 409, 422, 500, 501, 505])
def test_what_the_specification_forbids_to_send_again_is_refused_with_the_answer(status):
    said = Status(code=3, message="trace_id is\nshort").SerializeToString()
    assert judge_otlp(status, PROTOBUF, said) == Refused(status, "trace_id is short")
    assert judge_otlp(status, JSON, b'{"code":3,"message":"short"}') == Refused(status, "short")
    assert judge_otlp(status, JSON, b'{"error":"x"}') == Refused(status, '{"error":"x"}')
    assert judge_otlp(status, PROTOBUF, b"no status") == Refused(status, "no status")


@pytest.mark.parametrize("status", [301, 307, 401, 403, 404, 405])
def test_what_a_person_must_change_holds_the_spans(status):
    assert isinstance(judge_otlp(status, {}, b""), Held)


def test_a_request_that_is_too_large_is_told_apart():
    assert judge_otlp(413, {}, b"big") == TooLarge(413, "big")


def test_a_coding_that_is_not_known_is_told_apart_from_a_type_that_is_not():
    coding = judge_otlp(415, {}, b"", gzip=True)
    assert isinstance(coding, Again)
    assert coding.coding
    assert isinstance(judge_otlp(415, {}, b""), Held)
