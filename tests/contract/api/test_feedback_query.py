"""Questions for feedback: the language of calls, over either store (weave-api.md §2.3, §5.3)."""

from __future__ import annotations

import pytest

from tests.contract.api.annex import CALL_REF, OBJECT_REF, a_note, a_score, create, eq, found, get
from tests.contract.api.bodies import PROJECT

QUERY = "/feedback/query"


@pytest.fixture
def api(either_api):
    return either_api


async def score_some(api) -> None:
    for number, output in enumerate([{"x": 2}, {"x": 10}, {"x": "b"}, {"y": 1}], 1):
        await create(api, a_score(output, id=str(number)))
    await create(api, a_note("Ünlike", id="note", weave_ref=OBJECT_REF))


@pytest.mark.parametrize(
    ("expression", "ids"),
    [
        ({"$eq": [get("weave_ref"), {"$literal": OBJECT_REF}]}, ["note"]),
        ({"$eq": [{"$literal": OBJECT_REF}, get("weave_ref")]}, ["note"]),
        ({"$in": [get("weave_ref"), [{"$literal": OBJECT_REF}, {"$literal": "x"}]]}, ["note"]),
        ({"$in": [get("id"), []]}, []),
        ({"$gt": [get("payload.output.x"), {"$literal": 5}]}, ["2"]),
        ({"$gt": [get("payload.output.x"), {"$literal": "5"}]}, ["3"]),
        ({"$contains": {"input": get("payload.note"), "substr": {"$literal": "ü"}}}, []),
        (
            {
                "$contains": {
                    "input": get("payload.note"),
                    "substr": {"$literal": "üN"},
                    "case_insensitive": True,
                }
            },
            ["note"],
        ),
        ({"$not": [{"$eq": [get("feedback_type"), {"$literal": "wandb.runnable.judge"}]}]}, ["note"]),
        (
            {
                "$or": [
                    {"$eq": [get("id"), {"$literal": "1"}]},
                    {"$eq": [get("weave_ref"), {"$literal": OBJECT_REF}]},
                ]
            },
            ["1", "note"],
        ),
        (
            {
                "$and": [
                    {"$eq": [get("weave_ref"), {"$literal": CALL_REF}]},
                    {"$or": [{"$eq": [get("id"), {"$literal": "2"}]}, {"$literal": False}]},
                ]
            },
            ["2"],
        ),
        ({"$gte": [get("created_at"), {"$literal": "2020-01-01"}]}, ["1", "2", "3", "4", "note"]),
        ({"$lt": [get("created_at"), {"$literal": 1577836800}]}, []),
        ({"$eq": [get("runnable_ref"), {"$literal": None}]}, ["note"]),
    ],
)
async def test_a_query_finds_feedback_by_the_language_of_calls(api, expression, ids):
    await score_some(api)

    assert [row["id"] for row in await found(api, query={"$expr": expression})] == ids


@pytest.mark.parametrize(
    ("sort_by", "ids"),
    [
        ([{"field": "id", "direction": "desc"}], ["note", "4", "3", "2", "1"]),
        ([{"field": "payload.output.x", "direction": "desc"}], ["2", "1", "3", "4", "note"]),
        ([{"field": "payload.output.x", "direction": "asc"}], ["1", "2", "3", "4", "note"]),
        ([{"field": "created_at", "direction": "asc"}], ["1", "2", "3", "4", "note"]),
        (
            [{"field": "feedback_type", "direction": "asc"}, {"field": "id", "direction": "desc"}],
            ["note", "4", "3", "2", "1"],
        ),
        ([], ["1", "2", "3", "4", "note"]),
    ],
)
async def test_feedback_is_sorted_like_calls_and_else_comes_as_it_came(api, sort_by, ids):
    await score_some(api)

    assert [row["id"] for row in await found(api, sort_by=sort_by)] == ids


async def test_a_page_is_cut_and_the_total_counts_all_that_match(api):
    await score_some(api)
    asked = {"project_id": PROJECT, "limit": 2, "offset": 1, "fields": ["id", "payload.output", "id"]}

    reply = await api.post(QUERY, asked)
    assert reply.json == {
        "result": [
            {"id": "2", "payload": {"output": {"x": 10}}},
            {"id": "3", "payload": {"output": {"x": "b"}}},
        ],
        "total_count": 5,
    }


@pytest.mark.parametrize(
    ("members", "status", "text"),
    [
        ({"query": eq("nothing", 1)}, 422, "Field nothing is not allowed"),
        ({"query": eq("inputs.x", 1)}, 422, "Field inputs.x is not allowed"),
        ({"sort_by": [{"field": "nothing", "direction": "asc"}]}, 422, "Field nothing is not allowed"),
        ({"fields": ["nothing.x"]}, 422, "Field nothing.x is not allowed"),
        ({"query": eq("created_at", "once")}, 400, "date"),
        ({"query": {"$expr": {"$and": []}}}, 400, "$and"),
    ],
)
async def test_a_query_that_makes_no_sense_is_refused(api, members, status, text):
    reply = await api.post(QUERY, {"project_id": PROJECT} | members)

    assert reply.status == status
    assert text in reply.json["reason"]


@pytest.mark.parametrize(
    ("members", "loc"),
    [
        ({"limit": -1}, ["body", "limit"]),
        ({"offset": -1}, ["body", "offset"]),
        ({"query": {"$expr": {"$eq": [1, 2, 3]}}}, ["body", "query", "$expr"]),
        ({"sort_by": [{"field": "id", "direction": "ASC"}]}, ["body", "sort_by", 0, "direction"]),
    ],
)
async def test_a_query_of_the_wrong_shape_is_refused_with_its_place(api, members, loc):
    reply = await api.post(QUERY, {"project_id": PROJECT} | members)

    assert reply.status == 422
    assert reply.json["detail"][0]["loc"][: len(loc)] == loc


async def test_feedback_aggregate_is_not_offered(api):
    reply = await api.post("/feedback/aggregate", {"project_id": PROJECT})
    assert (reply.status, reply.json) == (404, {"detail": "Not Found"})
