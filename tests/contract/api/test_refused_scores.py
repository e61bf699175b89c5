"""What `POST /calls/score` refuses: everything that is wrong, named in one answer."""

from __future__ import annotations

import pytest

from otel_bridge.api.scoring.asking import MAX_REQUEST_SCORERS, _named
from tests.contract.api.bodies import PROJECT, call_id
from tests.contract.api.scores import CODE, PATH, a_request, counts, publish, serve_scoring


@pytest.fixture
async def api(serve):
    """With the calls 1, 2 and 3."""
    return await serve_scoring(serve)


async def test_all_unknown_calls_are_named_with_404(api):
    reply = await api.post(PATH, a_request(1, 98, 99))

    assert reply.status == 404
    assert reply.json["unknown_calls"] == [call_id(98), call_id(99)]
    assert call_id(98) in reply.json["reason"]
    assert call_id(99) in reply.json["reason"]
    assert call_id(1) not in reply.json["reason"]


async def test_a_project_that_nobody_knows_has_no_calls(api):
    reply = await api.post(PATH, a_request(1, project_id="no/body"))

    assert (reply.status, reply.json["unknown_calls"]) == (404, [call_id(1)])


@pytest.mark.parametrize(
    ("ref", "why"),
    [
        ("", "is neither a ref"),
        ("not a name", "is neither a ref"),
        ("weave:///only/object", "is neither a ref"),
        (f"weave:///{PROJECT}/object/mine", "is neither a ref"),
        (f"weave:///{PROJECT}/object/mine:", "is neither a ref"),
        (f"weave:///{PROJECT}/call/{call_id(1)}", "names a call, not a scorer"),
        (f"weave:///{PROJECT}/object/mine:abc/attr/model", "names a part of an object"),
        (f"weave:///{PROJECT}/object/nobody:abc", "object nobody:abc is not known"),
        (f"weave:///{PROJECT}/op/nobody:latest", "object nobody:latest is not known"),
        ("valid_jsn", "is no registered scorer; did you mean valid_json?"),
        ("something_else", "is no registered scorer; published ones are named weave:///"),
    ],
)
async def test_a_malformed_or_unknown_scorer_is_told_why(api, ref, why):
    reply = await api.post(PATH, a_request(1, refs=(ref,)))

    assert reply.status == 400
    assert why in reply.json["unusable_scorers"][ref]
    assert why in reply.json["reason"]


@pytest.mark.parametrize(
    ("ref", "why", "told"),
    [
        ("nobody", "is no registered scorer", "'nobody' is no registered scorer"),
        ("ours", "the Python package my is not installed", "'ours': the Python package my is not installed"),
        ("a:b", "a:b is no scorer", "a:b is no scorer"),
        ("", "is neither a ref nor a name", "'' is neither a ref nor a name"),
    ],
)
def test_a_reason_names_its_scorer_once(ref, why, told):
    assert _named(ref, why) == told


async def test_a_scorer_with_code_of_its_own_is_told_what_to_do(api):
    ref = await publish(api, "clever", CODE)
    reply = await api.post(PATH, a_request(1, refs=(ref,)))

    assert reply.status == 400
    assert "stands_in_for: [clever]" in reply.json["reason"]


async def test_an_object_that_was_deleted_scores_nothing(api):
    ref = await publish(api)
    await api.post("/obj/delete", {"project_id": PROJECT, "object_id": "mine"})
    reply = await api.post(PATH, a_request(1, refs=(ref,)))

    assert reply.status == 400
    assert "was deleted" in reply.json["reason"]


async def test_all_that_is_wrong_is_told_in_one_answer(api):
    code = await publish(api, "clever", CODE)
    reply = await api.post(PATH, a_request(1, 98, 99, refs=("valid_json", "nobody", "a b", code)))

    assert reply.status == 400
    assert reply.json["unusable_scorers"].keys() == {"nobody", "a b", code}
    assert reply.json["unknown_calls"] == [call_id(98), call_id(99)]
    named = ("nobody", "a b", "clever", call_id(98), call_id(99))
    assert [name for name in named if name not in reply.json["reason"]] == []


async def test_nothing_of_a_refused_request_is_queued(api):
    await api.post(PATH, a_request(1, 99))
    await api.post(PATH, a_request(1, refs=("valid_json", "nobody")))

    assert await counts(api) == {}


@pytest.mark.parametrize(
    ("body", "places"),
    [
        ({}, [["body", "project_id"], ["body", "call_ids"], ["body", "scorer_refs"]]),
        (a_request(1, more=True), [["body", "more"]]),
        (a_request(1, call_ids="1"), [["body", "call_ids"]]),
        (a_request(1, call_ids=[1]), [["body", "call_ids", 0]]),
        (a_request(1, scorer_refs=[None]), [["body", "scorer_refs", 0]]),
        (a_request(1, call_ids=None), [["body", "call_ids"]]),
        (a_request(1, wb_user_id=7), [["body", "wb_user_id"]]),
    ],
)
async def test_the_body_is_as_strict_as_documented(api, body, places):
    reply = await api.post(PATH, body)

    assert reply.status == 422
    assert [error["loc"] for error in reply.json["detail"]] == places


async def test_the_body_is_checked_before_what_it_names(api):
    assert (await api.post(PATH, a_request(99, refs=("nobody",), more=1))).status == 422
    assert (await api.post(PATH + "?again=perhaps", a_request(1))).status == 422


async def test_more_than_ten_thousand_calls_are_too_many(api):
    reply = await api.post(PATH, a_request(*range(10_001)))

    assert reply.status == 400
    assert reply.json["reason"].startswith("call_ids: 10001 calls")


async def test_there_is_a_limit_to_the_scorers_of_a_request(api):
    refs = [f"s{n}" for n in range(MAX_REQUEST_SCORERS + 1)]
    reply = await api.post(PATH, a_request(1, refs=refs))

    assert reply.status == 400
    assert reply.json["reason"].startswith(f"scorer_refs: {len(refs)} scorers")


async def test_a_bridge_that_keeps_no_calls_says_so(serve):
    api = await serve()
    assert (await api.post(PATH, a_request(1))).status == 501
