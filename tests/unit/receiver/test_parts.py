"""The small parts of the receivers."""

from __future__ import annotations

import sys

import orjson
import pytest
from google.protobuf import json_format
from google.rpc.status_pb2 import Status

from otel_bridge import errors
from otel_bridge.receiver import allocator, knocks, status
from otel_bridge.receiver.base import Encoding
from otel_bridge.receiver.headers import media_encoding, read_context
from otel_bridge.receiver.seldom import Seldom
from otel_bridge.receiver.settings import ReceiverSettings
from otel_bridge.receiver.success import MAX_BYTES, encode_success

CASES = [
    (errors.InvalidRequest("x"), 400, 3),
    (errors.UnsupportedCoding("x"), 400, 3),
    (errors.TooSlow("x"), 408, 4),
    (errors.RequestTooLarge("x"), 413, 8),
    (errors.Forbidden("x"), 403, 7),
    (errors.UnknownPath("x"), 404, 12),
    (errors.NotBuilt("x"), 501, 12),
    (errors.Refused("x"), 500, 13),
    (errors.Unavailable("x"), 503, 14),
]


@pytest.mark.parametrize(("error", "http", "grpc"), CASES, ids=lambda case: type(case).__name__)
def test_every_error_has_a_status_and_a_code(error, http, grpc):
    assert status.verdict(error) == status.Verdict(http, grpc)


@pytest.mark.parametrize("error", [case[0] for case in CASES], ids=lambda error: type(error).__name__)
def test_both_encodings_of_a_status_say_the_same(error):
    binary = Status.FromString(status.status_bytes(error, Encoding.PROTOBUF))
    text = json_format.Parse(status.status_bytes(error, Encoding.JSON), Status())
    assert binary == text


def test_seldom_is_due_once_a_period_for_each_subject():
    now = [0.0]
    seldom = Seldom(60, clock=lambda: now[0])
    assert [seldom.due("a"), seldom.due("a"), seldom.due("b")] == [True, False, True]
    now[0] = 60.0
    assert (seldom.due("a"), seldom.due("a")) == (True, False)


def test_seldom_forgets_the_oldest_of_very_many_subjects():
    seldom = Seldom(60, clock=lambda: 0.0)
    for number in range(5000):
        assert seldom.due(number)
    assert not seldom.due(4999)
    assert seldom.due(0)


def test_full_success_is_empty():
    assert encode_success(0, "", Encoding.PROTOBUF) == b""
    assert encode_success(0, "", Encoding.JSON) == b"{}"


def test_a_warning_has_a_message_and_no_count():
    assert orjson.loads(encode_success(0, "odd", Encoding.JSON)) == {
        "partialSuccess": {"errorMessage": "odd"}
    }


@pytest.mark.parametrize("encoding", list(Encoding))
@pytest.mark.parametrize("text", ["x" * 100_000, "\x01" * 16_000, "🙂" * 16_000])
def test_an_answer_stays_below_its_limit(encoding, text):
    assert len(encode_success(3, text, encoding)) <= MAX_BYTES


def test_headers_without_a_project_are_no_context():
    context = read_context({"project_id": "", "other": "x"})
    assert (context.project_id, context.wb_run_id, context.escaped) == (None, None, 0)


def test_percent_escapes_are_taken_off_and_counted():
    context = read_context({"project_id": "a%2Fb", "wb_run_id": "r%201"})
    assert (context.project_id, context.wb_run_id, context.escaped) == ("a/b", "r 1", 2)


@pytest.mark.parametrize("content_type", [None, "", "text/plain", "application/grpc", "json"])
def test_other_media_types_are_none_of_ours(content_type):
    assert media_encoding(content_type) is None


def test_a_budget_smaller_than_a_request_is_a_mistake():
    with pytest.raises(ValueError, match="in_flight_bytes"):
        ReceiverSettings(max_request_bytes=10, in_flight_bytes=9)


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's")
def test_the_allocator_is_tuned_once_and_again():
    assert allocator.tune_allocator() == allocator.tune_allocator()


def test_the_allocator_of_another_system_is_left_alone(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    assert allocator.tune_allocator() is False


@pytest.mark.parametrize("size", [0, 16, 88, 92, 200])
def test_a_message_of_the_kernel_without_counts_is_passed_over(size):
    assert knocks.parse(bytes(size)) is None


def test_without_the_kernels_help_nobody_is_watched(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    assert knocks._listen(4317) is None
