"""The routes that current SDKs write to, with the project in the path (weave-api.md §1.3)."""

from __future__ import annotations

from tests.contract.api.bodies import (
    PROJECT,
    a_batch,
    a_start,
    a_whole_call,
    an_end,
    call_id,
    trace_id,
    without,
)

V2 = f"/v2/{PROJECT}"


async def test_complete_calls_are_kept_and_answered_with_an_empty_object(api):
    reply = await api.post(f"{V2}/calls/complete", a_batch(a_whole_call(1), a_whole_call(2)))

    assert (reply.status, reply.json) == (200, {})
    assert await api.ids() == [1, 2]
    assert (await api.call(2))["output"] == {"answer": 2}


async def test_an_empty_batch_of_complete_calls_is_legal(api):
    reply = await api.post(f"{V2}/calls/complete", a_batch())

    assert (reply.status, reply.json) == (200, {})


async def test_an_eager_call_is_a_start_and_an_end(api):
    started = await api.post(f"{V2}/call/start", {"start": a_start(1)})
    assert (started.status, started.json) == (200, {"id": call_id(1), "trace_id": trace_id(1)})
    assert (await api.call(1))["summary"]["weave"]["status"] == "running"

    ended = await api.post(f"{V2}/call/end", {"end": an_end(1)})
    assert (ended.status, ended.json) == (200, {})
    assert (await api.call(1))["summary"]["weave"]["status"] == "success"


async def test_an_end_that_overtakes_its_start_is_held(api):
    reply = await api.post(f"{V2}/call/end", {"end": an_end(1)})
    assert reply.status == 200

    await api.post(f"{V2}/call/start", {"start": a_start(1)})
    assert (await api.call(1))["ended_at"] is not None


async def test_the_trace_id_header_is_ignored(api):
    reply = await api.post(f"{V2}/call/start", {"start": a_start(1)}, {"X-Weave-Trace-Id": trace_id(9)})

    assert reply.json["trace_id"] == trace_id(1)


async def test_a_body_of_another_project_than_the_paths_is_refused(api):
    other = "/v2/acme/other"
    for path, body in (
        ("calls/complete", a_batch(a_whole_call(1))),
        ("call/start", {"start": a_start(1)}),
        ("call/end", {"end": an_end(1)}),
    ):
        reply = await api.post(f"{other}/{path}", body)
        assert reply.status == 400
        assert reply.json["reason"].endswith("project_id is not the project of the path")
    assert await api.query() == []


async def test_an_escaped_project_in_the_path_is_read(api):
    project = "acme/my app é"
    reply = await api.post(
        "/v2/acme/my%20app%20%C3%A9/calls/complete", a_batch(a_whole_call(1, project_id=project))
    )

    assert reply.status == 200
    assert (await api.call(1, project))["project_id"] == project


async def test_a_complete_call_needs_its_ids(api):
    reply = await api.post(f"{V2}/calls/complete", a_batch(without(a_whole_call(1), "trace_id")))

    assert reply.status == 422
    assert reply.json["detail"][0]["loc"] == ["body", "batch", 0, "trace_id"]
