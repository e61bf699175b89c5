"""From bytes to changes, without a socket or a store."""

from __future__ import annotations

import itertools
import subprocess
import sys

import orjson
import pytest

from otel_bridge.model.call import CompletedCall, DeletedCalls, EndedCall, StartedCall, UpdatedCall
from otel_bridge.weave.base import Write
from otel_bridge.weave.decoders import DECODERS
from otel_bridge.weave.fields import MAX_DEPTH
from otel_bridge.weave.writes import WRITES, WriteRefused, decode_write
from tests.contract.api.bodies import (
    PROJECT,
    a_batch,
    a_start,
    a_whole_call,
    an_end,
    call_id,
    end_item,
    start_item,
    trace_id,
)


def decode(route: str, body, project_id: str | None = None):
    numbers = itertools.count(1)
    data = body if isinstance(body, bytes) else orjson.dumps(body)
    return decode_write(
        Write(route=route, body=data, received_at=0, project_id=project_id), lambda: f"new-{next(numbers)}"
    )


def changes(route: str, body, project_id: str | None = None):
    return decode(route, body, project_id).changes


def test_every_route_has_a_decoder_and_every_decoder_a_route():
    assert set(DECODERS) == set(WRITES)


def test_a_start_becomes_a_record_with_compact_trees_and_whole_microseconds():
    body = b"""{"batch": [ {"mode": "start", "req": {"start": {
        "project_id": "acme/app", "id": "0000000000000001", "trace_id": "00000000000000000000000000000001",
        "op_name": "chat", "display_name": "d", "parent_id": "0000000000000002", "thread_id": "t",
        "turn_id": "u", "started_at": "2026-01-02T03:04:05.000001Z", "attributes": { "a" : [1, 2.50, null] },
        "inputs": { }, "otel_dump": { "name" : "chat" }, "wb_user_id": "w", "wb_run_id": "r",
        "wb_run_step": 3, "other": 1 } } } ] }"""

    assert changes("/call/upsert_batch", body) == (
        StartedCall(
            project_id="acme/app",
            id=call_id(1),
            trace_id=trace_id(1),
            op_name="chat",
            started_at=1767323045000001,
            attributes=b'{"a":[1,2.5,null]}',
            inputs=b"{}",
            parent_id=call_id(2),
            display_name="d",
            thread_id="t",
            turn_id="u",
            wb_user_id="w",
            wb_run_id="r",
            wb_run_step=3,
            otel_dump=b'{"name":"chat"}',
        ),
    )


def test_an_end_becomes_a_record():
    end = an_end(1, exception="boom", output=[1], wb_run_step_end=4, started_at="2026-01-02T03:04:05Z")

    assert changes("/call/end", {"end": end}) == (
        EndedCall(
            project_id=PROJECT,
            id=call_id(1),
            ended_at=1767323041500000,
            summary=b"{}",
            output=b"[1]",
            exception="boom",
            wb_run_step_end=4,
        ),
    )


@pytest.mark.parametrize("output", [0, False, "", [], {}])
def test_an_output_that_is_empty_is_an_output(output):
    (end,) = changes("/call/end", {"end": an_end(1, output=output)})

    assert end.output == orjson.dumps(output)


def test_an_output_of_null_is_none():
    (end,) = changes("/call/end", {"end": an_end(1, output=None)})

    assert end.output is None


def test_a_complete_call_is_a_start_and_an_end_that_travel_together():
    (whole,) = changes("/v2/calls/complete", a_batch(a_whole_call(1)), PROJECT)

    (start,) = changes("/call/start", {"start": a_start(1)})
    (end,) = changes("/call/end", {"end": an_end(1)})
    assert whole == CompletedCall(start, end)


def test_an_update_and_a_delete_become_records():
    update = {"project_id": PROJECT, "call_id": call_id(1), "display_name": "\0n"}
    assert changes("/call/update", update) == (
        UpdatedCall(project_id=PROJECT, id=call_id(1), display_name="n"),
    )

    delete = {"project_id": PROJECT, "call_ids": [call_id(1), call_id(2)]}
    assert changes("/calls/delete", delete) == (
        DeletedCalls(project_id=PROJECT, ids=(call_id(1), call_id(2))),
    )


def test_new_ids_go_to_the_call_and_to_the_trace():
    decoded = decode("/call/upsert_batch", a_batch(start_item(1, id=None, trace_id=None)))

    assert (decoded.changes[0].id, decoded.changes[0].trace_id) == ("new-1", "new-2")
    assert decoded.answer == b'{"res":[{"id":"new-1","trace_id":"new-2"}]}'


def test_an_item_is_read_the_same_whether_its_frame_is_the_usual_one_or_not():
    usual = changes("/call/upsert_batch", a_batch(start_item(1), end_item(1)))
    unusual = a_batch({"req": {"start": a_start(1)}, "x": 1}, {"req": {"end": an_end(1)}})

    assert changes("/call/upsert_batch", unusual) == usual


def test_an_empty_parent_id_is_no_parent():
    (start,) = changes("/call/start", {"start": a_start(1, parent_id="")})

    assert start.parent_id is None


def nested(depth: int) -> bytes:
    start = orjson.dumps({"start": a_start(1, inputs={"here": 1})})
    return start.replace(b'{"here":1}', b'{"a":' * depth + b"1" + b"}" * depth)


def test_trees_may_be_deep_but_not_too_deep_to_be_read_back():
    (start,) = changes("/call/start", nested(MAX_DEPTH))
    assert orjson.loads(b'{"attributes":{"otel_span":%b}}' % start.inputs)

    with pytest.raises(WriteRefused) as refused:
        changes("/call/start", nested(MAX_DEPTH + 1))
    assert refused.value.status == 400


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (rb'"cut \ud83d"', "cut \ufffd"),
        (rb'"\ude00\ud83d\ude00\ud83d"', "\ufffd\U0001f600\ufffd"),
        (rb'"\\ud83d \ud83d"', "\\ud83d \ufffd"),
        (rb'"\uD83D\u0041"', "\ufffdA"),
    ],
)
def test_half_a_surrogate_pair_becomes_a_replacement_character(sent, kept):
    body = orjson.dumps({"start": a_start(1, inputs={"text": "here"})}).replace(b'"here"', sent)
    (start,) = changes("/call/start", body)

    assert orjson.loads(start.inputs) == {"text": kept}


def test_a_body_with_half_a_pair_and_another_fault_is_refused():
    with pytest.raises(WriteRefused) as refused:
        changes("/call/start", rb'["\ud83d", }')
    assert orjson.loads(refused.value.body)["detail"][0]["type"] == "json_invalid"


def test_the_routes_can_be_named_without_pydantic():
    code = "import sys, otel_bridge.weave.writes; sys.exit('pydantic' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_decoding_needs_neither_the_web_nor_an_event_loop():
    code = (
        "import sys, otel_bridge.weave.decoders; "
        "print(sorted({'aiohttp', 'grpc', 'asyncio', 'structlog'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)

    assert run.stdout.strip() == "[]"
