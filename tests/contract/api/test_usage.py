"""Usage below calls, and how much a project keeps (weave-api.md §1.3, §5.3)."""

from __future__ import annotations

import pytest
from genai_prices.data_snapshot import get_snapshot

from tests.contract.api.bodies import PROJECT, call_id, end_with_usage, start_item, trace_id

get_snapshot()  # reads its prices now, not on the loop of a test: in the bridge the reader process does

RATES = {
    "prompt_token_cost": 1.0,
    "completion_token_cost": 10.0,
    "cache_read_input_token_cost": 0.5,
    "effective_date": "2020-01-01T00:00:00Z",
}
SPAN = {"otel_dump": {"name": "x"}}


@pytest.fixture
def api(either_api):
    return either_api


def a_call(number: int, usage: dict | None = None, parent: int | None = None, **members) -> list[dict]:
    """A call that used tokens of models, below another one."""
    parent_id = None if parent is None else call_id(parent)
    start = start_item(number, parent_id=parent_id, **members)
    return [start, end_with_usage(number, usage)]


def tokens(prompt: int, completion: int = 0, **more) -> dict:
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
    } | more


async def usage_of(api, path: str, **members) -> dict:
    reply = await api.post(path, {"project_id": PROJECT} | members)
    assert reply.status == 200, reply.body
    return reply.json


async def prompts(api, *numbers: int) -> dict:
    """The prompt tokens by call and model, of the calls of trace 1 or of those that are named."""
    if numbers:
        answer = await usage_of(api, "/calls/usage", call_ids=[call_id(n) for n in numbers])
    else:
        answer = await usage_of(api, "/trace/usage", filter={"trace_ids": [trace_id(1)]})
    return {
        int(name, 16): {model: spent["prompt_tokens"] for model, spent in usage.items()}
        for name, usage in answer["call_usage"].items()
    }


async def test_usage_of_spans_is_summed_over_all_below(api):
    await api.upsert(
        *a_call(1, **SPAN),
        *a_call(2, {"m": tokens(10), "n": tokens(1)}, 1, **SPAN),
        *a_call(3, {"m": tokens(5)}, 2, **SPAN),
        *a_call(4, {"m": tokens(7)}, 1, **SPAN),
    )

    assert await prompts(api) == {1: {"m": 22, "n": 1}, 2: {"m": 15, "n": 1}, 3: {"m": 5}, 4: {"m": 7}}
    assert await prompts(api, 2, 4, 99) == {2: {"m": 15, "n": 1}, 4: {"m": 7}}


async def test_an_agent_span_that_repeats_the_sum_of_those_below_is_not_counted_twice(api):
    await api.upsert(
        *a_call(1, {"m": tokens(15)}, **SPAN),
        *a_call(2, {"m": tokens(10)}, 1, **SPAN),
        *a_call(3, {"m": tokens(5)}, 1, **SPAN),
    )
    assert (await prompts(api))[1] == {"m": 15}


async def test_calls_of_an_sdk_hold_the_usage_of_all_below_already(api):
    await api.upsert(
        *a_call(1, {"m": tokens(18)}),
        *a_call(2, {"m": tokens(10)}, 1),
        *a_call(3, {"m": tokens(5)}, 1),
    )
    assert (await prompts(api))[1] == {"m": 18}


async def test_a_call_without_usage_has_none_and_circles_end(api):
    await api.upsert(
        *a_call(1, {"m": tokens(1)}, 2, **SPAN), *a_call(2, {"m": tokens(2)}, 1, **SPAN), *a_call(3)
    )

    found = await prompts(api)
    assert found[3] == {}
    assert set(found) == {1, 2, 3}


async def test_every_member_is_there_and_costs_only_where_wanted_and_known(api):
    await api.post("/cost/create", {"project_id": PROJECT, "costs": {"m": RATES}})
    used = {"m": tokens(10, 2, requests=1, cache_read_input_tokens=4), "nobody-knows": tokens(3)}
    await api.upsert(*a_call(1, used))

    asked = {"call_ids": [call_id(1)]}
    plain = (await usage_of(api, "/calls/usage", **asked))["call_usage"][call_id(1)]
    counted = {
        "requests": 1,
        "prompt_tokens": 10,
        "completion_tokens": 2,
        "total_tokens": 12,
        "cache_read_input_tokens": 4,
        "cache_creation_input_tokens": 0,
    }
    costs = {
        "prompt_tokens_total_cost": 6.0,
        "completion_tokens_total_cost": 20.0,
        "cache_read_input_tokens_total_cost": 2.0,
        "cache_creation_input_tokens_total_cost": 0.0,
    }
    assert plain["m"] == counted | dict.fromkeys(costs)
    priced = await usage_of(api, "/calls/usage", include_costs=True, **asked)
    assert priced["call_usage"][call_id(1)]["m"] == counted | costs
    assert priced["call_usage"][call_id(1)]["nobody-knows"]["prompt_tokens_total_cost"] is None


async def test_calls_that_still_run_are_named(api):
    await api.upsert(
        start_item(1),
        *a_call(2, {"m": tokens(1)}, 1),
        start_item(3, parent_id=call_id(2)),
        start_item(4, trace_id=trace_id(2)),
    )

    answer = await usage_of(api, "/trace/usage", filter={"trace_ids": [trace_id(1)]})
    assert answer["unfinished_call_ids"] == [call_id(1), call_id(3)]
    answer = await usage_of(api, "/calls/usage", call_ids=[call_id(2)])
    assert answer["unfinished_call_ids"] == [call_id(3)]


async def test_a_question_may_be_narrowed_by_an_expression(api):
    await api.upsert(*a_call(1, {"m": tokens(1)}), *a_call(2, {"m": tokens(2)}))

    query = {"$expr": {"$eq": [{"$getField": "inputs.question"}, {"$literal": 2}]}}
    assert list((await usage_of(api, "/trace/usage", query=query))["call_usage"]) == [call_id(2)]


@pytest.mark.parametrize(
    ("path", "members"),
    [("/trace/usage", {}), ("/calls/usage", {"call_ids": [call_id(1)]})],
)
async def test_more_calls_than_the_limit_are_an_error_and_no_wrong_sum(api, path, members):
    await api.upsert(*a_call(1), *a_call(2), *a_call(3))

    reply = await api.post(path, {"project_id": PROJECT, "limit": 2} | members)
    assert (reply.status, "more than 2 calls" in reply.json["reason"]) == (400, True)
    assert (await api.post(path, {"project_id": PROJECT, "limit": 3} | members)).status == 200
    for limit in (0, 100_001):
        assert (await api.post(path, {"project_id": PROJECT, "limit": limit} | members)).status == 422


async def test_a_project_tells_how_much_it_keeps(api):
    await api.upsert(start_item(1, inputs={"a": 1}, attributes={}))
    obj = {"project_id": PROJECT, "object_id": "x", "val": {"k": 1}}
    await api.post("/obj/create", {"obj": obj})
    await api.post("/table/create", {"table": {"project_id": PROJECT, "rows": [{"x": 1}, {"x": 1}]}})

    assert await usage_of(api, "/project/stats") == {
        "trace_storage_size_bytes": len('{"a":1}' + "{}"),
        "objects_storage_size_bytes": len('{"k":1}'),
        "tables_storage_size_bytes": len('{"x":1}'),
        "files_storage_size_bytes": 0,
    }
    asked = {"include_object_storage_size": False, "include_trace_storage_size": None}
    assert (await usage_of(api, "/project/stats", **asked))["objects_storage_size_bytes"] == 0
    reply = await api.post("/project/stats", {"project_id": "no/body"})
    assert set(reply.json.values()) == {0}
