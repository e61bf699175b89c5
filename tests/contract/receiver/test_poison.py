"""Bugs of ours lose nothing (R-25, `contract/otlp-receiver.md` §4)."""

from __future__ import annotations

import orjson
import pytest

from tests.contract.receiver.bodies import JSON, TYPES, a_span, encode

BUG = ZeroDivisionError("/secret/path")


@pytest.mark.parametrize("content_type", TYPES)
async def test_r25_an_unhandled_exception_is_503_logged_and_counted(bridge, content_type, logged):
    bridge.consume.fail_next(BUG)
    reply = await bridge.send(encode(content_type), content_type)
    assert (reply.status, reply.error[0], reply.headers["Retry-After"]) == (503, 14, "1")
    assert b"secret" not in reply.body
    assert b"ZeroDivision" not in reply.body
    (event,) = [event for event in logged if event["event"] == "unhandled_error"]
    assert event["exc_info"] is BUG
    assert bridge.noted("unhandled_errors") == 1


async def test_the_same_body_three_times_is_refused_for_good_and_kept_once(serve, tmp_path):
    bridge = await serve(quarantine=tmp_path / "quarantine")
    bridge.consume.fail_next(BUG, BUG, BUG, BUG)
    codes = [(await bridge.send(encode(JSON), JSON)).status for _ in range(4)]
    assert codes == [503, 503, 500, 500]
    (kept,) = (tmp_path / "quarantine").iterdir()
    assert (kept.suffix, kept.read_bytes()) == (".json", encode(JSON))
    assert bridge.noted("quarantined_requests") == 2


async def test_a_poison_body_is_taken_once_the_bug_is_gone(bridge):
    bridge.consume.fail_next(BUG, BUG, BUG)
    codes = [(await bridge.send(encode(JSON), JSON)).status for _ in range(4)]
    assert codes == [503, 503, 500, 200]


async def test_different_bodies_do_not_add_up(bridge):
    bridge.consume.fail_next(*[BUG] * 6)
    codes = [(await bridge.send(encode(JSON, a_span(n)), JSON)).status for n in range(1, 7)]
    assert codes == [503] * 6


async def test_the_quarantine_stays_within_its_bytes_and_drops_the_oldest(serve, tmp_path):
    bodies = [encode(JSON, a_span(n)) for n in range(1, 4)]
    bridge = await serve(quarantine=tmp_path, poison_after=1, quarantine_bytes=2 * len(bodies[0]))
    bridge.consume.fail_next(*[BUG] * 3)
    assert [(await bridge.send(body, JSON)).status for body in bodies] == [500] * 3
    assert [path.read_bytes() for path in sorted(tmp_path.iterdir())] == bodies[1:]


async def test_a_quarantine_that_cannot_be_written_changes_no_answer(serve, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    bridge = await serve(quarantine=tmp_path / "file", poison_after=1)
    bridge.consume.fail_next(BUG)
    assert (await bridge.send(encode(JSON), JSON)).status == 500


async def test_spans_that_met_a_bug_are_counted(bridge):
    bridge.consume.fail_next(BUG, BUG, BUG)
    for _ in range(3):
        await bridge.send(encode(JSON, a_span(1), a_span(2)), JSON)
    assert bridge.spans("refused", encoding="json") == 4
    assert bridge.spans("failed", encoding="json") == 2


async def test_a_bug_of_the_http_layer_is_503_too(bridge, monkeypatch):
    monkeypatch.setattr("otel_bridge.receiver.http.encode_success", lambda *_: 1 / 0)
    reply = await bridge.send(encode(JSON), JSON)
    assert (reply.status, reply.error[0], bridge.noted("unhandled_errors")) == (503, 14, 1)
    assert orjson.loads(reply.body)["message"] == "an internal error; try again"
