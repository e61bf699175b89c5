"""What an answer of the upstream means."""

from __future__ import annotations

from datetime import UTC, datetime

import orjson
import pytest

from otel_bridge.exporter.verdict import (
    KEPT_ANSWER_BYTES,
    MAX_RETRY_AFTER_SECONDS,
    Again,
    Held,
    Refused,
    Sent,
    TooLarge,
    WholeCallsOnly,
    judge,
    retry_after,
)

TWO = b'{"res":[{"id":"a","trace_id":"b"},{}]}'


@pytest.mark.parametrize(("body", "items"), [(TWO, 2), (b'{"res":[]}', 0), (b"{}", None), (b'{"a":1}', None)])
@pytest.mark.parametrize("status", [200, 201, 202])
def test_a_success_that_reads_like_one_is_sent(status, body, items):
    assert judge(status, {}, body, items=items) == Sent()


@pytest.mark.parametrize(
    ("body", "items"),
    [
        (TWO, 3),
        (TWO, 1),
        (b"{}", 2),
        (b"[]", 0),
        (b'{"res":{}}', 0),
        (TWO[:-1], 2),
        (b"<html>", 2),
        (b"", None),
        (b"[]", None),
        (b"\xff\xfe", None),
        (b'{"res":null}', 0),
    ],
)
def test_a_success_that_reads_otherwise_is_sent_again(body, items):
    verdict = judge(200, {}, body, items=items)
    assert isinstance(verdict, Again)
    assert verdict.status == 200
    assert not verdict.unreachable


@pytest.mark.parametrize("status", [408, 425, 429, 500, 501, 502, 503, 504, 507, 599])
def test_what_may_pass_is_sent_again(status):
    assert judge(status, {"Retry-After": "3"}, b"busy", items=1) == Again(
        f"answered {status}: busy", status, 3.0
    )


@pytest.mark.parametrize("status", [301, 302, 304, 307, 401, 402, 403, 404, 405, 410, 451])
def test_what_a_person_must_change_holds_the_project(status):
    assert judge(status, {}, b"no", items=1) == Held(f"answered {status}: no", status)


@pytest.mark.parametrize("status", [400, 409, 422])
def test_a_bad_call_is_refused_with_the_answer(status):
    assert judge(status, {}, b'{"reason":\n "bad"}', items=1) == Refused(status, '{"reason": "bad"}')


def test_a_missing_call_is_no_missing_project():
    assert isinstance(judge(404, {}, b"", items=None), Held)
    assert isinstance(judge(404, {}, b"", items=None, final=True), Refused)


def test_a_body_that_is_too_large_is_told_apart():
    assert isinstance(judge(413, {}, b"", items=1), TooLarge)


def test_compression_that_is_not_understood_is_told_apart():
    verdict = judge(415, {}, b"", items=1)
    assert isinstance(verdict, Again)
    assert verdict.coding


def test_a_project_of_whole_calls_says_so_in_its_code():
    code = {"reason": "r", "error_code": "CALLS_COMPLETE_MODE_REQUIRED"}
    assert judge(400, {}, orjson.dumps(code), items=1) == WholeCallsOnly()
    assert isinstance(judge(400, {}, orjson.dumps({"error_code": "OTHER"}), items=1), Refused)
    assert isinstance(judge(400, {}, b'{"error_code":7}', items=1), Refused)


def test_little_is_kept_of_a_long_answer():
    verdict = judge(400, {}, b"x" * 1_000_000, items=1)
    assert isinstance(verdict, Refused)
    assert len(verdict.answer) == KEPT_ANSWER_BYTES


NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (None, 0.0),
        ("7", 7.0),
        (" 1.5 ", 1.5),
        ("0", 0.0),
        ("-3", 0.0),
        ("soon", 0.0),
        ("", 0.0),
        ("nan", 0.0),
        ("inf", 0.0),
        ("99999999", MAX_RETRY_AFTER_SECONDS),
        ("Sat, 28 Nov 2026 12:00:10 GMT", 10.0),
        ("Sat, 28 Nov 2026 11:59:00 GMT", 0.0),
        ("Fri, 01 Jan 9999 00:00:00 GMT", MAX_RETRY_AFTER_SECONDS),
        ("Sat, 99 Nov 2026 12:00:10 GMT", 0.0),
    ],
)
def test_retry_after_is_seconds_or_a_date(text, seconds):
    assert retry_after(text, now=NOW) == seconds
