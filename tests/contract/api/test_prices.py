"""Prices of a project over the API (weave-api.md §5.3)."""

from __future__ import annotations

import pytest

from tests.contract.api.annex import get
from tests.contract.api.bodies import PROJECT

RATES = {"prompt_token_cost": 1e-6, "completion_token_cost": 2e-6}


@pytest.fixture
def api(either_api):
    return either_api


async def create(api, costs: dict, **members) -> list:
    reply = await api.post("/cost/create", {"project_id": PROJECT, "costs": costs} | members)
    assert reply.status == 200, reply.body
    return reply.json["ids"]


async def found(api, **members) -> list[dict]:
    reply = await api.post("/cost/query", {"project_id": PROJECT} | members)
    assert reply.status == 200, reply.body
    return reply.json["results"]


async def test_a_price_is_kept_and_found_with_what_was_left_out(api):
    (pair,) = await create(api, {"m": RATES})

    (price,) = await found(api)
    assert pair == [price["id"], "m"]
    assert price == {
        "id": pair[0],
        "pricing_level": "project",
        "pricing_level_id": PROJECT,
        "provider_id": "default",
        "llm_id": "m",
        "effective_date": price["created_at"],
        "prompt_token_cost": 1e-6,
        "completion_token_cost": 2e-6,
        "cache_read_input_token_cost": 0.0,
        "cache_creation_input_token_cost": 0.0,
        "prompt_token_cost_unit": "USD",
        "completion_token_cost_unit": "USD",
        "created_by": "",
        "created_at": price["created_at"],
    }


async def test_a_price_says_from_when_on_it_holds_and_whose_it_is(api):
    cost = RATES | {
        "effective_date": "1998-10-03T00:00:00",
        "provider_id": "acme",
        "cache_read_input_token_cost": 3e-7,
        "prompt_token_cost_unit": "EUR",
    }
    await create(api, {"m": cost}, wb_user_id="ann")

    (price,) = await found(api)
    assert price["effective_date"] == "1998-10-03T00:00:00Z"
    assert (price["provider_id"], price["created_by"], price["prompt_token_cost_unit"]) == (
        "acme",
        "ann",
        "EUR",
    )
    assert price["cache_read_input_token_cost"] == 3e-7


async def test_several_models_are_priced_at_once(api):
    ids = await create(api, {"a": RATES, "b": RATES})

    assert [name for _, name in ids] == ["a", "b"] == [price["llm_id"] for price in await found(api)]
    assert await create(api, {}) == []


ONE_IS_ONE = {"$eq": [{"$literal": "1"}, {"$literal": "1"}]}


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        (ONE_IS_ONE, ["a", "b", "c"]),
        (
            {"$and": [ONE_IS_ONE, {"$in": [get("llm_id"), [{"$literal": "c"}, {"$literal": "a"}]]}]},
            ["a", "c"],
        ),
        ({"$gt": [get("prompt_token_cost"), {"$literal": 0}]}, ["b", "c"]),
        ({"$gt": [get("prompt_token_cost"), {"$literal": 1.5e-6}]}, ["c"]),
        ({"$lt": [get("effective_date"), {"$literal": "2001-01-01"}]}, ["a"]),
    ],
)
async def test_a_query_finds_prices(api, expression, names):
    for number, name in enumerate("abc"):
        date = f"200{number}-01-01T00:00:00Z" if number else "2000-01-01T00:00:00Z"
        await create(api, {name: RATES | {"prompt_token_cost": number * 1e-6, "effective_date": date}})

    assert [price["llm_id"] for price in await found(api, query={"$expr": expression})] == names


async def test_prices_are_sorted_cut_and_reduced_to_fields(api):
    await create(
        api, {name: RATES | {"prompt_token_cost": cost} for name, cost in [("a", 2e-6), ("b", 1e-6)]}
    )

    sort_by = [{"field": "prompt_token_cost", "direction": "asc"}]
    assert await found(api, sort_by=sort_by, fields=["llm_id"]) == [{"llm_id": "b"}, {"llm_id": "a"}]
    assert await found(api, sort_by=sort_by, fields=["llm_id"], limit=1, offset=1) == [{"llm_id": "a"}]


async def test_a_purge_removes_what_it_names_in_its_project(api):
    ids = dict(map(reversed, await create(api, {"a": RATES, "b": RATES, "c": RATES})))
    expression = {"$in": [get("id"), [{"$literal": ids["a"]}, {"$literal": ids["b"]}]]}

    for project, left in [("acme/other", ["a", "b", "c"]), (PROJECT, ["c"])]:
        reply = await api.post("/cost/purge", {"project_id": project, "query": {"$expr": expression}})
        assert (reply.status, reply.json) == (200, {})
        assert [price["llm_id"] for price in await found(api)] == left


@pytest.mark.parametrize(
    ("cost", "loc"),
    [
        ({"prompt_token_cost": 1}, ["body", "costs", "m", "completion_token_cost"]),
        (RATES | {"prompt_token_cost": -1}, ["body", "costs", "m", "prompt_token_cost"]),
        (RATES | {"prompt_token_cost": "much"}, ["body", "costs", "m", "prompt_token_cost"]),
        (RATES | {"effective_date": "soon"}, ["body", "costs", "m", "effective_date"]),
        (1, ["body", "costs", "m"]),
    ],
)
async def test_a_price_that_does_not_fit_the_schema_is_named(api, cost, loc):
    reply = await api.post("/cost/create", {"project_id": PROJECT, "costs": {"ok": RATES, "m": cost}})

    assert (reply.status, reply.json["detail"][0]["loc"]) == (422, loc)
    assert await found(api) == []


@pytest.mark.parametrize(
    ("name", "cost", "text"),
    [
        ("", RATES, "costs."),
        ("m", RATES | {"provider_id": "x" * 1025}, "provider_id"),
        ("x" * 1025, RATES, "name"),
    ],
)
async def test_a_price_that_breaks_a_rule_is_refused(api, name, cost, text):
    reply = await api.post("/cost/create", {"project_id": PROJECT, "costs": {name: cost}})

    assert reply.status == 400
    assert text in reply.json["reason"]


async def test_too_many_prices_and_ids_are_refused(api):
    many = {str(number): RATES for number in range(1001)}
    assert (await api.post("/cost/create", {"project_id": PROJECT, "costs": many})).status == 422

    expression = {"$in": [get("id"), [{"$literal": str(number)} for number in range(1001)]]}
    reply = await api.post("/cost/purge", {"project_id": PROJECT, "query": {"$expr": expression}})
    assert (reply.status, "1000" in reply.json["reason"]) == (400, True)


async def test_a_purge_by_anything_but_ids_is_refused(api):
    query = {"$expr": {"$eq": [get("llm_id"), {"$literal": "m"}]}}

    reply = await api.post("/cost/purge", {"project_id": PROJECT, "query": query})
    assert (reply.status, reply.json["reason"]) == (400, "query: a purge takes $eq, $in, $or on id only")
