"""`POST /calls/stats`: the worked examples of `contract/weave-api.md` §3.3 to the digit, and §3.2."""

from __future__ import annotations

import pytest

from tests.contract.api.bodies import PROJECT, call_id, end_item, start_item
from tests.contract.api.openapi import problems
from tests.contract.api.rates import LIST, PriceList

DAY = "2026-03-01"
HOUR = {"start": f"{DAY}T00:00:00Z", "end": f"{DAY}T02:00:00Z", "granularity": 3600}
ZERO, ONE = f"{DAY}T00:00:00+00:00", f"{DAY}T01:00:00+00:00"
B_USAGE = {
    "gpt-4o": {"input_tokens": 50, "output_tokens": 10},
    "claude": {"input_tokens": 30, "output_tokens": 5, "cache_read_input_tokens": 10},
}


def a_call(n: int, op: str, start: str, end: str | None, usage: dict | None = None, **members) -> list[dict]:
    started = start_item(n, op_name=op, started_at=f"{DAY}T{start}Z", **members.pop("begin", {}))
    if end is None:
        return [started]
    summary = {"usage": usage} if usage else {}
    return [started, end_item(n, ended_at=f"{DAY}T{end}Z", summary=summary, **members)]


@pytest.fixture
async def example(api):
    """The data of §3.3."""
    a_usage = {"gpt-4o": {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}}
    await api.upsert(
        *a_call(1, "opA", "00:10:00", "00:10:00.250", a_usage),
        *a_call(2, "opA", "00:20:00", "00:20:01", B_USAGE),
        *a_call(3, "opB", "00:30:00", "00:30:00.400", exception="boom"),
        *a_call(4, "opB", "01:15:00", None, begin={"trace_id": f"{2:032x}", "parent_id": call_id(1)}),
    )
    api.calls.store._prices = PriceList(LIST)
    return api


async def stats(api, **members) -> dict:
    reply = await api.post("/calls/stats", {"project_id": PROJECT} | HOUR | members)
    assert reply.status == 200, reply.body
    assert problems(reply.json, "CallStatsRes") == []
    return reply.json


async def usage(api, *metrics: str, **members) -> list[dict]:
    answer = await stats(api, usage_metrics=[{"metric": name} for name in metrics], **members)
    return answer["usage_buckets"]


async def counts(api, **members) -> list[int]:
    """How many calls are in each bucket."""
    answer = await stats(api, call_metrics=[{"metric": "call_count"}], **members)
    return [bucket["count"] for bucket in answer["call_buckets"]]


async def test_the_first_worked_example_calls(example):
    answer = await stats(
        example,
        call_metrics=[
            {"metric": "latency_ms", "aggregations": ["avg", "min", "max", "count"], "percentiles": [50, 95]},
            {"metric": "call_count"},
            {"metric": "error_count"},
        ],
    )

    assert answer == {
        "start": f"{DAY}T00:00:00Z",
        "end": f"{DAY}T02:00:00Z",
        "granularity": 3600,
        "timezone": "UTC",
        "usage_buckets": [],
        "call_buckets": [
            {
                "timestamp": ZERO, "avg_latency_ms": 550, "min_latency_ms": 250, "max_latency_ms": 1000,
                "count_latency_ms": 3, "p50_latency_ms": 400, "p95_latency_ms": 940, "sum_call_count": 3,
                "sum_error_count": 1, "count": 3,
            },
            {
                "timestamp": ONE, "avg_latency_ms": 0, "min_latency_ms": None, "max_latency_ms": None,
                "count_latency_ms": 0, "p50_latency_ms": None, "p95_latency_ms": None, "sum_call_count": 1,
                "sum_error_count": 0, "count": 1,
            },
        ],
    }  # fmt: skip
    assert list(answer["call_buckets"][0])[-4:] == [
        "p95_latency_ms",
        "sum_call_count",
        "sum_error_count",
        "count",
    ]


async def test_the_second_worked_example_usage(example):
    answer = await stats(
        example,
        usage_metrics=[
            {"metric": "input_tokens", "aggregations": ["sum", "avg", "count"]},
            {"metric": "output_tokens"},
            {"metric": "total_tokens", "aggregations": ["sum", "min"]},
            {"metric": "cache_read_input_tokens"},
        ],
    )
    names = [
        "timestamp", "model", "sum_input_tokens", "avg_input_tokens", "count_input_tokens",
        "sum_output_tokens", "sum_total_tokens", "min_total_tokens", "sum_cache_read_input_tokens", "count",
    ]  # fmt: skip

    assert answer["call_buckets"] == []
    assert [list(bucket) for bucket in answer["usage_buckets"]] == [names] * 4
    assert [tuple(bucket.values()) for bucket in answer["usage_buckets"]] == [
        (ZERO, "claude", 30, 30, 1, 5, 0, None, 10, 1),
        (ZERO, "gpt-4o", 150, 75, 2, 30, 120, 120, 0, 2),
        (ONE, "claude", 0, 0, 0, 0, 0, None, 0, 0),
        (ONE, "gpt-4o", 0, 0, 0, 0, 0, None, 0, 0),
    ]


async def test_the_third_worked_example_costs_count_cached_tokens_whatever_else_is_asked(example):
    alone = (await usage(example, "total_cost"))[0]
    beside = (await usage(example, "total_cost", "cache_read_input_tokens"))[0]

    assert alone == {
        "timestamp": ZERO, "model": "claude", "sum_total_cost": 1.38e-4, "sum_input_tokens": 30,
        "sum_output_tokens": 5, "count": 1,
    }  # fmt: skip
    assert beside["sum_total_cost"] == 1.38e-4


async def test_costs_do_not_depend_on_how_tokens_are_asked_for(example):
    answer = await stats(
        example,
        usage_metrics=[
            {"metric": "input_tokens", "aggregations": ["max"]},
            {"metric": "input_cost", "aggregations": ["avg"], "percentiles": [50]},
            {"metric": "output_cost"},
        ],
    )

    assert answer["usage_buckets"][0] == {
        "timestamp": ZERO, "model": "claude", "max_input_tokens": 30, "sum_input_cost": 6e-5,
        "sum_output_cost": 7.5e-5, "sum_input_tokens": 30, "sum_output_tokens": 5, "count": 1,
    }  # fmt: skip


async def test_a_price_of_the_project_beats_the_default_one(example):
    rates = {"prompt_token_cost": 1, "completion_token_cost": 2, "cache_read_input_token_cost": 0.5}
    rates["effective_date"] = "2026-01-01T00:00:00Z"
    reply = await example.post("/cost/create", {"project_id": PROJECT, "costs": {"claude": rates}})
    assert reply.status == 200, reply.body

    assert (await usage(example, "total_cost"))[0]["sum_total_cost"] == 20 * 1 + 5 * 2 + 10 * 0.5


async def test_a_model_without_a_price_costs_nothing(example):
    example.calls.store._prices = PriceList({})
    assert [bucket["sum_total_cost"] for bucket in await usage(example, "total_cost")] == [0, 0, 0, 0]


async def test_a_price_holds_from_its_date_on_also_within_a_bucket(example):
    example.calls.store._prices = PriceList(LIST, dearer_at=f"{DAY}T00:15:00Z")

    before, after = 100 * 1e-6 + 20 * 2e-6, 2 * (50 * 1e-6 + 10 * 2e-6)
    assert (await usage(example, "total_cost"))[1]["sum_total_cost"] == pytest.approx(
        before + after, abs=1e-12
    )


async def test_a_price_by_the_size_of_a_request_holds_for_each_request(example):
    example.calls.store._prices = PriceList(LIST, dearer_above=60)

    large, small = 2 * (100 * 1e-6 + 20 * 2e-6), 50 * 1e-6 + 10 * 2e-6
    assert (await usage(example, "total_cost"))[1]["sum_total_cost"] == pytest.approx(
        large + small, abs=1e-12
    )


async def test_a_fractional_percentile_has_a_dot_in_its_name(example):
    spec = {"metric": "latency_ms", "aggregations": [], "percentiles": [99.9, 50.0, 0, 100]}
    bucket = (await stats(example, call_metrics=[spec]))["call_buckets"][0]

    assert list(bucket) == [
        "timestamp", "p99.9_latency_ms", "p50_latency_ms", "p0_latency_ms", "p100_latency_ms", "count",
    ]  # fmt: skip
    assert bucket["p99.9_latency_ms"] == 998.8


async def test_a_running_call_is_counted_but_has_no_latency(example):
    spec = [{"metric": "latency_ms", "aggregations": ["sum", "count", "min"]}]
    bucket = (await stats(example, call_metrics=spec))["call_buckets"][1]
    assert bucket == {
        "timestamp": ONE,
        "sum_latency_ms": 0,
        "count_latency_ms": 0,
        "min_latency_ms": None,
        "count": 1,
    }


async def test_true_and_false_are_counted(example):
    spec = [{"metric": "error_count", "aggregations": ["count_true", "count_false", "avg"]}]
    bucket = (await stats(example, call_metrics=spec))["call_buckets"][0]
    assert (bucket["count_true_error_count"], bucket["count_false_error_count"]) == (1, 2)
    assert bucket["avg_error_count"] == 1 / 3


async def test_both_lists_empty_is_a_sum(example):
    spec = [{"metric": "call_count", "aggregations": [], "percentiles": []}]
    assert (await stats(example, call_metrics=spec))["call_buckets"][0]["sum_call_count"] == 3


async def test_granularity_is_chosen_by_the_range(example):
    answer = await stats(example, granularity=None, call_metrics=[{"metric": "call_count"}])
    assert (answer["granularity"], len(answer["call_buckets"])) == (300, 24)


async def test_without_metrics_there_is_no_granularity(example):
    answer = await stats(example)
    assert (answer["granularity"], answer["usage_buckets"], answer["call_buckets"]) == (0, [], [])


async def test_a_time_without_a_zone_is_utc(example):
    assert await counts(example, start=f"{DAY}T00:00:00", end=f"{DAY}T02:00:00") == [3, 1]


async def test_without_an_end_it_ends_now(api):
    reply = await api.post("/calls/stats", {"project_id": PROJECT, "start": "2020-01-01T00:00:00Z"})
    assert reply.status == 422
    assert "31 days" in reply.json["detail"][0]["msg"]


async def test_start_belongs_to_the_range_and_end_does_not(example):
    assert await counts(example, start=f"{DAY}T00:10:00Z", end=f"{DAY}T00:30:00Z") == [2]


async def test_a_day_begins_at_local_midnight(example):
    answer = await stats(
        example,
        start="2026-02-28T00:00:00Z",
        end="2026-03-02T00:00:00Z",
        granularity=86400,
        timezone="Asia/Tokyo",
        call_metrics=[{"metric": "call_count"}],
    )
    assert [(bucket["timestamp"], bucket["count"]) for bucket in answer["call_buckets"]] == [
        ("2026-02-28T00:00:00+09:00", 0),
        ("2026-03-01T00:00:00+09:00", 4),
        ("2026-03-02T00:00:00+09:00", 0),
    ]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"op_names": ["opA"]}, [2, 0]),
        ({"op_names": ["op:*"]}, [0, 0]),
        ({"trace_roots_only": True}, [3, 0]),
        ({"trace_ids": [f"{2:032x}"]}, [0, 1]),
        ({"call_ids": [call_id(1), call_id(4)]}, [1, 1]),
        ({"parent_ids": [call_id(1)]}, [0, 1]),
        ({"thread_ids": []}, [0, 0]),
        ({"turn_ids": ["x"]}, [0, 0]),
        ({"input_refs": ["weave:///x"]}, [0, 0]),
        ({"wb_user_ids": []}, [3, 1]),
        (None, [3, 1]),
    ],
)
async def test_the_whole_filter_selects(example, asked, found):
    assert await counts(example, filter=asked) == found


async def test_a_filter_selects_usage_too(example):
    buckets = await usage(example, "input_tokens", filter={"call_ids": [call_id(2)]})
    assert [(b["model"], b["sum_input_tokens"]) for b in buckets][:2] == [("claude", 30), ("gpt-4o", 50)]


async def test_deleted_calls_do_not_count(example):
    await example.post("/calls/delete", {"project_id": PROJECT, "call_ids": [call_id(2)]})
    assert await counts(example) == [2, 1]
    assert [b["model"] for b in await usage(example, "input_tokens")] == ["gpt-4o", "gpt-4o"]


async def test_another_project_has_its_own(example):
    assert await counts(example, project_id="acme/other") == [0, 0]
    assert await usage(example, "total_cost", project_id="acme/other") == []
