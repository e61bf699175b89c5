"""Feedback over the API: what is kept, refused, found and purged (weave-api.md §4.4, §5.3)."""

from __future__ import annotations

import emoji
import orjson
import pytest

from tests.contract.api.annex import (
    CALL_REF,
    OBJECT_REF,
    OP_REF,
    a_note,
    a_reaction,
    a_score,
    create,
    eq,
    feedback_body,
    found,
    get,
)
from tests.contract.api.bodies import PROJECT, call_id, start_item, without

emoji.demojize("👍")  # reads its table now, not on the loop of a test: in the bridge the writer process does

CREATE, BATCH, QUERY = "/feedback/create", "/feedback/batch/create", "/feedback/query"
MEMBERS = {
    "id", "project_id", "weave_ref", "creator", "feedback_type", "payload", "annotation_ref", "runnable_ref",
    "call_ref", "trigger_ref", "queue_id", "scorer_tags", "scorer_tag_reasons", "scorer_tag_confidences",
    "scorer_ratings", "scorer_rating_reasons", "scorer_rating_confidences", "span_agent_name",
    "span_agent_version", "span_status_code", "span_conversation_id", "span_trace_id", "scorer_trace_id",
    "wb_user_id", "created_at",
}  # fmt: skip


@pytest.fixture
def api(either_api):
    return either_api


async def test_feedback_is_kept_with_every_member(api):
    answer = await create(api, feedback_body(creator="Ann", scorer_tags=["good"], wb_user_id="u"))

    (row,) = await found(api)
    assert set(row) == MEMBERS
    assert (row["payload"], row["creator"], row["scorer_tags"]) == ({"value": 1}, "Ann", ["good"])
    assert answer == {name: row[name] for name in ("id", "created_at", "wb_user_id", "payload")}


async def test_an_id_that_the_client_chose_is_kept(api):
    assert (await create(api, a_note(id="mine")))["id"] == "mine"
    assert [row["id"] for row in await found(api)] == ["mine"]


async def test_feedback_that_is_sent_again_is_there_once(api):
    for _ in range(2):
        await create(api, {"batch": [a_note("one", id="1"), a_note("two", id="2")]}, BATCH)

    assert [row["payload"]["note"] for row in await found(api)] == ["one", "two"]


async def test_a_batch_answers_in_order_and_an_empty_one_is_legal(api):
    answer = await create(api, {"batch": [a_note("one"), a_reaction()]}, BATCH)

    assert [entry["payload"].get("note") for entry in answer["res"]] == ["one", None]
    assert await create(api, {"batch": []}, BATCH) == {"res": []}


async def test_one_bad_item_refuses_the_whole_batch_and_is_named(api):
    reply = await api.post(BATCH, {"batch": [a_note("fine"), a_note("x" * 1025)]})

    assert reply.status == 422
    assert reply.json["detail"][0]["loc"] == ["body", "batch", 1, "payload", "note"]
    reply = await api.post(BATCH, {"batch": [a_note("fine"), without(a_note(), "weave_ref"), 1]})
    assert [error["loc"] for error in reply.json["detail"]] == [
        ["body", "batch", 1, "weave_ref"],
        ["body", "batch", 2],
    ]
    reply = await api.post(BATCH, {"batch": [a_note("fine"), a_score(runnable_ref=None)]})
    assert (reply.status, reply.json["reason"][:9]) == (400, "batch[1]:")
    assert await found(api) == []


async def test_a_reaction_gains_its_names_with_and_without_the_tone_of_its_skin(api):
    answer = await create(api, a_reaction("👍🏽"))

    assert answer["payload"] == {
        "emoji": "👍🏽",
        "alias": ":thumbs_up_medium_skin_tone:",
        "detoned": "👍",
        "detoned_alias": ":thumbs_up:",
    }


@pytest.mark.parametrize("text", ["", "a", "👍👍", "👍a", "a👍", ":thumbs_up:"])
async def test_a_reaction_is_exactly_one_emoji(api, text):
    reply = await api.post(CREATE, a_reaction(text))

    assert reply.status == 422
    assert reply.json["detail"][0]["loc"] == ["body", "payload", "emoji"]


@pytest.mark.parametrize("emoji", ["👍", "❤️", "👨‍👩‍👧", "🇩🇪", "1️⃣"])
async def test_an_emoji_may_be_made_of_several_characters(api, emoji):
    assert (await create(api, a_reaction(emoji)))["payload"]["emoji"] == emoji


@pytest.mark.parametrize(
    ("body", "loc"),
    [
        (a_note(""), ["body", "payload", "note"]),
        (a_note("x" * 1025), ["body", "payload", "note"]),
        (feedback_body(feedback_type="wandb.note.1"), ["body", "payload", "note"]),
        (feedback_body(feedback_type="wandb.reaction.1"), ["body", "payload", "emoji"]),
        (a_score() | {"payload": {}}, ["body", "payload", "output"]),
        (
            feedback_body(feedback_type="wandb.annotation.x", annotation_ref=OBJECT_REF, payload={}),
            ["body", "payload", "value"],
        ),
        (without(feedback_body(), "project_id"), ["body", "project_id"]),
        (without(feedback_body(), "weave_ref"), ["body", "weave_ref"]),
        (without(feedback_body(), "feedback_type"), ["body", "feedback_type"]),
        (without(feedback_body(), "payload"), ["body", "payload"]),
        (feedback_body(payload=[1]), ["body", "payload"]),
        (feedback_body(scorer_ratings={"x": "high"}), ["body", "scorer_ratings", "x"]),
        (feedback_body(scorer_tags=["t"] * 1001), ["body", "scorer_tags"]),
    ],
)
async def test_a_member_that_does_not_fit_the_schema_is_named(api, body, loc):
    reply = await api.post(CREATE, body)

    assert reply.status == 422
    assert reply.json["detail"][0]["loc"] == loc
    assert await found(api) == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (a_score(runnable_ref=None), "runnable_ref"),
        (a_score(runnable_ref="weave:///acme/app/object/other:abc"), "runnable_ref"),
        (a_score(runnable_ref="judge"), "runnable_ref"),
        (a_score(runnable_ref=CALL_REF), "runnable_ref"),
        (a_score(runnable_ref=OP_REF, call_ref=None), "call_ref"),
        (a_score(call_ref=OBJECT_REF), "call_ref"),
        (a_score(trigger_ref=CALL_REF), "trigger_ref"),
        (feedback_body(runnable_ref=OBJECT_REF), "runnable_ref"),
        (feedback_body(call_ref=CALL_REF), "call_ref"),
        (feedback_body(trigger_ref=OBJECT_REF), "trigger_ref"),
        (feedback_body(annotation_ref=OBJECT_REF), "annotation_ref"),
        (feedback_body(feedback_type="wandb.annotation.x"), "annotation_ref"),
        (feedback_body(feedback_type="wandb.annotation.x", annotation_ref=OP_REF), "annotation_ref"),
        (feedback_body(id=""), "id"),
        (feedback_body(id="x" * 129), "id"),
        (feedback_body(weave_ref=""), "weave_ref"),
        (feedback_body(feedback_type=""), "feedback_type"),
        (feedback_body(feedback_type="x" * 513), "feedback_type"),
        (feedback_body(creator="x" * 1025), "creator"),
        (feedback_body(payload={"text": "x" * (1 << 20)}), "payload"),
        (feedback_body(project_id="acme"), "project_id"),
    ],
)
async def test_a_value_that_breaks_a_rule_is_refused_and_named(api, body, field):
    if field == "annotation_ref" and "annotation" in body["feedback_type"]:
        body = body | {"payload": {"value": 1}}
    reply = await api.post(CREATE, body)

    assert reply.status == 400
    assert reply.json["reason"].startswith(field)
    assert await found(api) == []


@pytest.mark.parametrize(
    "body",
    [
        a_score(call_ref=None),
        a_score(None),
        a_score({"deep": [1]}, trigger_ref=OBJECT_REF),
        a_score(runnable_ref=OP_REF),
        feedback_body(feedback_type="wandb.annotation.x", annotation_ref=OBJECT_REF, payload={"value": None}),
        feedback_body(feedback_type="wandb.reaction.12"),
        feedback_body(weave_ref=OBJECT_REF),
        feedback_body(weave_ref="weave:///acme/app/agent_turn/1"),
        a_note("x" * 1024),
        feedback_body(payload={}),
        feedback_body(unknown=1),
    ],
)
async def test_what_breaks_no_rule_is_kept(api, body):
    await create(api, body)

    (row,) = await found(api)
    assert row["payload"] == body["payload"]


async def test_feedback_replaces_other_feedback(api):
    old = await create(api, a_note("old"))
    new = await create(api, a_note("new", feedback_id=old["id"]), "/feedback/replace")

    (row,) = await found(api)
    assert (row["id"], row["payload"]) == (new["id"], {"note": "new"})
    assert new["id"] != old["id"]


@pytest.mark.parametrize("also", [{"$eq": [get("id"), {"$literal": "nobody"}]}, None])
async def test_a_purge_removes_what_it_names(api, also):
    for name in ("a", "b", "c"):
        await create(api, a_note(id=name))
    named = [{"$eq": [get("id"), {"$literal": name}]} for name in ("a", "c")]
    query = {"$expr": {"$or": [*named, *([also] if also else [])]}}

    assert await create(api, {"project_id": PROJECT, "query": query}, "/feedback/purge") == {}
    assert [row["id"] for row in await found(api)] == ["b"]
    assert await create(api, {"project_id": PROJECT, "query": eq("id", "b")}, "/feedback/purge") == {}
    assert await found(api) == []


@pytest.mark.parametrize(
    "expression",
    [
        {"$eq": [get("weave_ref"), {"$literal": CALL_REF}]},
        {"$eq": [{"$literal": "a"}, {"$literal": "a"}]},
        {"$in": [get("id"), [{"$literal": "a"}]]},
        {"$not": [{"$eq": [get("id"), {"$literal": "a"}]}]},
        {"$and": [{"$eq": [get("id"), {"$literal": "a"}]}]},
        {"$or": []},
        {"$or": [{"$or": [{"$eq": [get("id"), {"$literal": "a"}]}]}]},
        {"$eq": [get("id"), {"$literal": 1}]},
        {"$eq": [get("id")]},
        {"$gt": [get("id"), {"$literal": ""}]},
        {},
        1,
    ],
)
async def test_a_purge_by_anything_but_ids_is_refused(api, expression):
    await create(api, a_note(id="a"))

    reply = await api.post("/feedback/purge", {"project_id": PROJECT, "query": {"$expr": expression}})
    assert reply.status == 400
    assert reply.json["reason"].startswith("query")
    assert len(await found(api)) == 1


async def test_a_project_does_not_see_or_purge_the_feedback_of_another(api):
    await create(api, a_note(id="a"))
    other = {"project_id": "acme/other", "query": eq("id", "a")}

    await create(api, other, "/feedback/purge")
    assert (await api.post(QUERY, other)).json == {"result": [], "total_count": 0}
    assert len(await found(api)) == 1


async def test_feedback_goes_with_its_call(api):
    await api.upsert(start_item(1), start_item(2, parent_id=call_id(1)), start_item(3))
    for number in (1, 2, 3):
        await create(api, a_note(weave_ref=f"weave:///{PROJECT}/call/{call_id(number)}", id=str(number)))
    await create(api, a_note(weave_ref=OBJECT_REF, id="object"))

    await create(api, {"project_id": PROJECT, "call_ids": [call_id(1)]}, "/calls/delete")
    assert [row["id"] for row in await found(api)] == ["3", "object"]


async def test_feedback_may_come_before_its_call(api):
    await create(api, a_note(id="early"))
    await api.upsert(start_item(1))

    assert [row["id"] for row in await found(api, query=eq("weave_ref", CALL_REF))] == ["early"]


async def test_text_that_looks_like_sql_stays_text(api):
    text = "'); DROP TABLE feedback; --"
    await create(api, feedback_body(id=text, weave_ref=text, feedback_type=text, payload={text: text}))

    (row,) = await found(api, query=eq("weave_ref", text))
    assert (row["id"], row["payload"]) == (text, {text: text})


async def test_a_body_that_is_no_json_or_no_object_is_refused(api):
    for path in (CREATE, BATCH, QUERY, "/feedback/purge", "/feedback/replace"):
        for body in (b"{", b"[]", b"1", orjson.dumps({"batch": 1})):
            assert (await api.post(path, body)).status == 422, (path, body)
