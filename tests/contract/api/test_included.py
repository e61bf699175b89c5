"""`include_feedback` and `include_costs` of a stream query, in Weave's shapes (weave-api.md §2.5)."""

from __future__ import annotations

import pytest
from genai_prices.data_snapshot import get_snapshot

from tests.contract.api.annex import OBJECT_REF, a_note, a_score, create
from tests.contract.api.bodies import PROJECT, call_id, end_with_usage, start_item
from tests.contract.api.openapi import SCHEMAS, problems

get_snapshot()  # reads its prices now, not on the loop of a test: in the bridge the reader process does

USAGE = {"gpt-4o": {"prompt_tokens": 100, "completion_tokens": 20, "requests": 1, "total_tokens": 120}}


@pytest.fixture
def api(either_api):
    return either_api


async def weave(api, number: int = 1, **asked) -> dict:
    (call,) = await api.query(filter={"call_ids": [call_id(number)]}, **asked)
    assert problems(call, "CallSchema") == []
    return call["summary"]["weave"]


async def test_the_feedback_on_a_call_is_listed_as_it_came(api):
    await api.upsert(start_item(1), start_item(2))
    await create(api, a_note("first"))
    await create(api, a_score({"x": 1}, scorer_tags=["good"], trigger_ref=OBJECT_REF))
    await create(api, a_note("elsewhere", weave_ref=OBJECT_REF))

    note, score = (await weave(api, include_feedback=True))["feedback"]
    assert set(note) == set(SCHEMAS["FeedbackItem"]["properties"]) == set(score)
    assert note["payload"] == {"note": "first"}
    assert (score["payload"], score["scorer_tags"]) == ({"output": {"x": 1}}, ["good"])
    assert (await weave(api, 2, include_feedback=True))["feedback"] == []
    assert "feedback" not in await weave(api)


async def test_costs_are_those_of_the_project_over_the_default_ones(api):
    await api.upsert(start_item(1), end_with_usage(1, USAGE))

    cost = (await weave(api, include_costs=True))["costs"]["gpt-4o"]
    assert set(cost) == set(SCHEMAS["LLMCostSchema"]["properties"])
    assert cost["prompt_tokens_total_cost"] == pytest.approx(100 * 2.5e-6)
    assert (cost["pricing_level"], cost["provider_id"]) == ("default", "openai")

    rates = {"prompt_token_cost": 1, "completion_token_cost": 2, "effective_date": "2020-01-01T00:00:00Z"}
    await create(api, {"project_id": PROJECT, "costs": {"gpt-4o": rates}}, "/cost/create")
    cost = (await weave(api, include_costs=True))["costs"]["gpt-4o"]
    assert (cost["prompt_tokens_total_cost"], cost["completion_tokens_total_cost"]) == (100, 40)
    assert (cost["pricing_level"], cost["pricing_level_id"]) == ("project", PROJECT)
    assert cost["effective_date"] == "2020-01-01T00:00:00Z"


@pytest.mark.parametrize("usage", [None, {}, {"nobody-knows": {"prompt_tokens": 1}}])
async def test_there_are_no_costs_without_usage_or_without_a_price(api, usage):
    await api.upsert(start_item(1), end_with_usage(1, usage))

    assert "costs" not in await weave(api, include_costs=True)
    assert "costs" not in await weave(api)
