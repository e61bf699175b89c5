"""What a refused request is told: every row of weave-api.md §1.2 that exists here."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from otel_bridge.errors import (
    Forbidden,
    InvalidRequest,
    NotBuilt,
    QueryTimeout,
    Refused,
    TooSlow,
    Unavailable,
    UnknownPath,
)
from tests.contract.api.bodies import (
    PROJECT,
    a_batch,
    a_start,
    a_whole_call,
    an_end,
    call_id,
    end_item,
    start_item,
)

RECORDED = orjson.loads((Path(__file__).parents[2] / "fixtures" / "weave" / "refusals.json").read_bytes())
"""Answers of FastAPI 0.165 to bodies that its models of these routes refuse."""


@pytest.mark.parametrize("case", RECORDED, ids=lambda case: case["case"])
async def test_a_body_that_breaks_the_schema_is_answered_as_fastapi_does(api, case):
    path = case["route"].replace("/v2/", f"/v2/{PROJECT}/")
    reply = await api.post(path, case["body"].encode())

    assert (reply.status, reply.json) == (422, case["answer"])
    assert reply.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    ("body", "offset"),
    [(b'{"batch":[}', 10), (b"{", 1), (b"NaN", 0), (b'{"a":1} x', 8), ('{"é":]'.encode(), 5), (b"\xff", 0)],
)
async def test_bad_json_is_told_with_its_offset_in_characters(api, body, offset):
    reply = await api.post("/call/upsert_batch", body)

    (error,) = reply.json["detail"]
    assert reply.status == 422
    assert error["ctx"].keys() == {"error"}
    assert error | {"ctx": None} == {
        "type": "json_invalid",
        "loc": ["body", offset],
        "msg": "JSON decode error",
        "input": {},
        "ctx": None,
    }


@pytest.mark.parametrize(
    ("item", "model", "wanted"),
    [
        ({"mode": "end", "req": {"start": a_start()}}, "CallBatchStartMode", "start"),
        ({"mode": "start", "req": {"end": an_end()}}, "CallBatchEndMode", "end"),
        ({"mode": "zzz", "req": {"end": an_end()}}, "CallBatchEndMode", "end"),
    ],
)
async def test_a_mode_that_contradicts_its_payload_is_refused(api, item, model, wanted):
    reply = await api.post("/call/upsert_batch", a_batch(start_item(1), item))

    (error,) = reply.json["detail"]
    assert reply.status == 422
    assert error["loc"] == ["body", "batch", 1, model, "mode"]
    assert (error["type"], error["input"]) == ("literal_error", item["mode"])
    assert error["msg"] == f"Input should be '{wanted}'"
    assert await api.query() == []


BAD_STARTS = {
    "an upper-case id": ({"id": "00F067AA0BA902B7"}, "id must be"),
    "a short id": ({"id": "abc"}, "id must be"),
    "an empty id": ({"id": ""}, "id must be"),
    "an id with a line feed": ({"id": call_id(1) + "\n"}, "id must be"),
    "an upper-case trace id": ({"trace_id": "A" * 32}, "trace_id must be"),
    "a span id for a trace id": ({"trace_id": call_id(1)}, "trace_id must be"),
    "a bad parent id": ({"parent_id": "nope"}, "parent_id must be"),
    "a long op_name": ({"op_name": "é" * 129}, "op_name is longer than 128 characters"),
    "a long display_name": ({"display_name": "x" * 1025}, "display_name is longer than 1024 characters"),
    "a negative step": ({"wb_run_step": -1}, "wb_run_step must be between"),
    "a huge step": ({"wb_run_step": 2**63}, "wb_run_step must be between"),
    "a project without entity": ({"project_id": "app"}, "project_id must be entity/project"),
    "a project with two slashes": ({"project_id": "a/b/c"}, "project_id must be entity/project"),
    "a project with an empty half": ({"project_id": "a/"}, "project_id must be entity/project"),
    "a time before the year 1": ({"started_at": "0001-01-01T00:00:00+14:00"}, "started_at is outside"),
    "a tree too deep": (
        {"inputs": orjson.loads(b'{"a":' * 300 + b"1" + b"}" * 300)},
        "inputs is nested deeper than",
    ),
}


@pytest.mark.parametrize(("members", "reason"), BAD_STARTS.values(), ids=BAD_STARTS)
async def test_a_start_that_cannot_be_kept_is_named(api, members, reason):
    body = b'{"batch":[%b,%b]}' % tuple(map(dumps_deep, (start_item(1), start_item(2, **members))))
    reply = await api.post("/call/upsert_batch", body)

    assert reply.status == 400
    assert list(reply.json) == ["reason"]
    assert reply.json["reason"].startswith(f"batch[1]: {reason}")
    assert await api.query() == []


def dumps_deep(item: dict) -> bytes:
    """Write JSON that may be deeper than orjson writes it."""
    inputs = item["req"]["start"]["inputs"]
    marked = item | {"req": {"start": item["req"]["start"] | {"inputs": {"here": 1}}}}
    return orjson.dumps(marked).replace(b'{"here":1}', _deep(inputs))


def _deep(value) -> bytes:
    if not isinstance(value, dict):
        return orjson.dumps(value)
    return b"{%b}" % b",".join(orjson.dumps(k) + b":" + _deep(v) for k, v in value.items())


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"id": "X"}, "id must be"),
        ({"wb_run_step_end": -1}, "wb_run_step_end must be between"),
        ({"project_id": "x"}, "project_id must be"),
        ({"summary": {"usage": {"m": {"requests": "9" * 20}}}}, "summary is nested deeper"),
    ],
)
async def test_an_end_that_cannot_be_kept_is_named(api, members, reason):
    reply = await api.post("/call/upsert_batch", a_batch(end_item(1, **members)))

    assert reply.status == 400
    assert reply.json["reason"].startswith(f"batch[0]: {reason}")


@pytest.mark.parametrize(
    ("path", "body", "reason"),
    [
        ("/call/start", {"start": a_start(id="X")}, "start: id must be"),
        ("/call/end", {"end": an_end(id="X")}, "end: id must be"),
        (f"/v2/{PROJECT}/calls/complete", a_batch(a_whole_call(id="X")), "batch[0]: id must be"),
        ("/call/update", {"project_id": PROJECT, "call_id": "X", "display_name": "n"}, "call_id must be"),
        (
            "/call/update",
            {"project_id": PROJECT, "call_id": call_id(1), "display_name": None},
            "display_name",
        ),
        ("/call/update", {"project_id": PROJECT, "call_id": call_id(1)}, "display_name must be given"),
        (
            "/call/update",
            {"project_id": PROJECT, "call_id": call_id(1), "display_name": "x" * 1025},
            "display_name is longer",
        ),
        ("/calls/delete", {"project_id": PROJECT, "call_ids": [call_id(1), "X"]}, "call_ids[1] must be"),
        ("/calls/delete", {"project_id": "x", "call_ids": []}, "project_id must be"),
    ],
)
async def test_the_other_write_routes_name_what_is_wrong(api, path, body, reason):
    reply = await api.post(path, body)

    assert reply.status == 400
    assert reply.json["reason"].startswith(reason)


async def test_more_than_1000_deletes_are_too_many(api):
    ids = [call_id(n) for n in range(1001)]
    assert (await api.post("/calls/delete", {"project_id": PROJECT, "call_ids": ids})).status == 413
    assert (await api.post("/calls/delete", {"project_id": PROJECT, "call_ids": ids[1:]})).status == 200


async def test_a_422_stays_small_whatever_the_body(api):
    reply = await api.post("/call/upsert_batch", a_batch(*[start_item(1, op_name=5)] * 5000))
    assert (reply.status, len(reply.json["detail"])) == (422, 100)

    models = {str(n): 5 for n in range(5000)}
    for summary in ({"usage": models}, {"status_counts": models}):
        reply = await api.post("/call/upsert_batch", a_batch(end_item(1, summary=summary)))
        assert reply.status == 422
        assert reply.json["detail"][-1]["type"] == "too_long"

    for body in (a_batch({"req": models}), a_batch({"mode": "start", "req": models})):
        reply = await api.post("/call/upsert_batch", body)
        assert [error["type"] for error in reply.json["detail"]] == ["too_long", "too_long"]
    reply = await api.post("/calls/stream_query", {"project_id": PROJECT, "filter": models})
    assert [error["type"] for error in reply.json["detail"]] == ["too_long"]

    reply = await api.post("/call/upsert_batch", a_batch({"mode": "start", "req": {"x": "y" * 200_000}}))
    assert reply.status == 422
    assert len(reply.body) < 100_000
    assert [error["loc"][-1] for error in reply.json["detail"]] == ["start", "x", "end", "x"]


ERRORS = {
    Unavailable("no room"): (503, {"reason": "no room"}),
    Refused("never"): (400, {"reason": "never"}),
    InvalidRequest("odd"): (400, {"reason": "odd"}),
    NotBuilt("later"): (501, {"reason": "later"}),
    QueryTimeout("slow"): (504, {"reason": "slow"}),
    TooSlow("slow body"): (408, {"reason": "slow body"}),
    Forbidden("foreign"): (403, {"reason": "foreign"}),
    UnknownPath("what"): (404, {"detail": "Not Found"}),
    RuntimeError("a bug"): (500, {"reason": "Internal server error"}),
}


class Failing:
    """Calls of which every method raises."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    async def write(self, write):
        raise self.error

    async def plan(self, query, *, after=None):
        raise self.error

    async def lines(self, query, seqs):
        raise self.error

    async def count(self, query):
        raise self.error


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize(
    "path", ["/call/upsert_batch", "/calls/stream_query", "/calls/query", "/calls/query_stats"]
)
async def test_every_error_has_its_answer_on_every_route(serve, logged, error, path):
    api = await serve(calls=Failing(error))
    reply = await api.post(path, {"project_id": PROJECT, "batch": []})

    assert (reply.status, reply.json) == ERRORS[error]
    assert reply.headers["Content-Type"] == "application/json"
    assert reply.headers.get("Retry-After") == ("1" if reply.status == 503 else None)
    bugs = api.telemetry.value("otel_bridge_unhandled_errors_total")
    assert bugs == (1 if reply.status == 500 else 0)
    assert [event["event"] for event in logged] == ["api_request_failed"] * int(bugs)


async def test_unknown_paths_and_methods_are_told_as_json(api):
    unknown = await api.post("/call/nothing", {})
    assert (unknown.status, unknown.json) == (404, {"detail": "Not Found"})

    wrong = await api.get("/call/upsert_batch")
    assert (wrong.status, wrong.json) == (405, {"detail": "Method Not Allowed"})
    assert wrong.headers["Allow"] == "POST"
