"""The two stores and plain arithmetic give the same statistics, for generated calls and questions."""

from __future__ import annotations

import statistics
import tempfile
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import orjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from otel_bridge.costs.rates import cost_of, tokens_of
from otel_bridge.model.call import CompletedCall
from otel_bridge.model.query import CallsFilter
from otel_bridge.model.stats import MetricSpec, StatsQuery
from otel_bridge.model.thresholds import TOP, told
from otel_bridge.stats.answer import answer
from otel_bridge.stats.metrics import AGGREGATIONS, CALL_METRICS, TOKEN_METRICS
from otel_bridge.store.clocks import AHEAD_SECONDS
from tests.contract.api.rates import LIST, PriceList
from tests.contract.store.records import PROJECT, T0, Store, a_start, an_end
from tests.property.amounts import examples

CALM = settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.too_slow])
SECOND = 1_000_000
START = T0 // SECOND
SPAN = 40_000

counts = st.none() | st.integers(0, 400)
ENTRY = (
    "prompt_tokens", "input_tokens", "completion_tokens", "output_tokens", "total_tokens",
    "cache_read_input_tokens", "cache_creation_input_tokens",
)  # fmt: skip
entries = st.fixed_dictionaries({}, optional=dict.fromkeys(ENTRY, counts))
calls = st.fixed_dictionaries(
    {
        "at": st.integers(-100, SPAN + 100),
        "micros": st.integers(0, 999_999),
        "lasted": st.none() | st.integers(-5, 9_000_000),
        "op": st.sampled_from(["a", "b"]),
        "failed": st.booleans(),
        "stands_for": st.sampled_from([1, 1, 1, 2, 4]),
        "arrived": st.sampled_from([SPAN + 200, SPAN + 200, -1000]),
        "usage": st.dictionaries(st.sampled_from([*LIST, "other"]), entries, max_size=2),
    }
)
percents = st.sampled_from(["0", "12.5", "50", "99.9", "100"])
filters = st.sampled_from([{}, {"op_names": ("a",)}, {"call_ids": tuple(f"{n:016x}" for n in range(8))}])


def specs(metrics):
    some = st.lists(st.sampled_from([*AGGREGATIONS]), unique=True, min_size=1).map(tuple)
    return st.lists(
        st.builds(
            MetricSpec,
            st.sampled_from(metrics),
            some,
            st.lists(percents, unique=True, max_size=2).map(tuple),
        ),
        max_size=3,
        unique_by=lambda spec: spec.metric,
    ).map(tuple)


questions = st.builds(
    lambda start, length, seconds, zone, calls, usage, asked: StatsQuery(
        project_id=PROJECT,
        start=start,
        end=start + length,
        granularity=seconds,
        timezone=zone,
        call_metrics=calls,
        usage_metrics=(*usage, MetricSpec("total_cost")) if length % 2 else usage,
        filter=CallsFilter(**asked),
    ),
    st.integers(START - 2000, START + SPAN // 2),
    st.integers(1, SPAN),
    st.sampled_from([None, 600, 3600, 7000, 86_400]),
    st.sampled_from(["UTC", "America/New_York", "Asia/Kathmandu"]),
    specs(CALL_METRICS),
    specs(TOKEN_METRICS),
    filters,
)
prices = st.sampled_from(
    [
        PriceList(LIST),
        PriceList(LIST, dearer_above=200),
        PriceList(LIST, dearer_at=datetime.fromtimestamp(START + SPAN // 2, ZoneInfo("UTC")).isoformat()),
    ]
)


def keep(store: Store, made: list[dict]) -> None:
    for number, call in enumerate(made):
        started_at = (START + call["at"]) * SECOND + call["micros"]
        attributes = orjson.dumps({"otel_bridge": {"sampling": told(TOP - TOP // call["stands_for"])}})
        start = a_start(number, op_name=call["op"], started_at=started_at, attributes=attributes)
        if call["lasted"] is None:
            store.write(start, received_at=(START + call["arrived"]) * SECOND)
            continue
        end = an_end(
            number,
            ended_at=started_at + call["lasted"],
            exception="boom" if call["failed"] else None,
            summary=orjson.dumps({"usage": call["usage"]}),
        )
        store.write(CompletedCall(start, end), received_at=(START + call["arrived"]) * SECOND)


@CALM
@given(st.lists(calls, max_size=12), questions, prices)
def test_both_stores_and_plain_arithmetic_agree(made, question, list_):
    with tempfile.TemporaryDirectory() as folder:
        answers = []
        for kind in ("memory", "sqlite"):
            store = Store(kind, Path(folder) / "calls.db")
            keep(store, made)
            answers.append(orjson.loads(answer(question, store.reader.measure, list_)))
            store.close()

    assert answers[0] == answers[1]
    check_calls(answers[0]["call_buckets"], made, question)
    check_usage(answers[0]["usage_buckets"], made, question, list_)


def inside(made: list[dict], question: StatsQuery) -> list[tuple[float, dict]]:
    found = []
    for number, call in enumerate(made):
        at = START + call["at"] + call["micros"] / SECOND
        if at > START + call["arrived"] + AHEAD_SECONDS:
            at = START + call["arrived"]
        asked = question.filter
        named = not asked.op_names or call["op"] in asked.op_names
        known = not asked.call_ids or f"{number:016x}" in asked.call_ids
        if question.start <= at < question.end and named and known:
            found += [(at, call)] * call["stands_for"]
    return found


def bounds(buckets: list[dict], question: StatsQuery) -> list[tuple[dict, float, float]]:
    begins = sorted({datetime.fromisoformat(bucket["timestamp"]).timestamp() for bucket in buckets})
    ends = dict(zip(begins, [*begins, question.end][1:], strict=True)) if begins else {}
    return [
        (bucket, begin, ends[begin])
        for bucket in buckets
        for begin in [datetime.fromisoformat(bucket["timestamp"]).timestamp()]
    ]


def check_calls(buckets, made, question):
    for bucket, begin, end in bounds(buckets, question):
        there = [call for at, call in inside(made, question) if begin <= at < end]
        assert bucket["count"] == len(there)
        for spec in question.call_metrics:
            check(bucket, spec, [value_of_call(call, spec.metric) for call in there])


def value_of_call(call: dict, metric: str) -> int | None:
    if metric == "latency_ms":
        return None if call["lasted"] is None else call["lasted"] // 1000
    return 1 if metric == "call_count" else int(call["failed"] and call["lasted"] is not None)


def check_usage(buckets, made, question, list_):
    for bucket, begin, end in bounds(buckets, question):
        there = [
            (at, entry)
            for at, call in inside(made, question)
            if begin <= at < end and call["lasted"] is not None
            for model, entry in call["usage"].items()
            if model == bucket["model"] and any(value is not None for value in entry.values())
        ]
        assert bucket["count"] == len(there)
        for spec in question.usage_metrics:
            if spec.metric == "total_cost":
                cost = sum(price_of(bucket["model"], at, entry, list_) for at, entry in there)
                assert abs(bucket["sum_total_cost"] - cost) < 1e-12
            else:
                check(bucket, spec, [value_of_entry(entry, spec.metric) for _, entry in there])


def value_of_entry(entry: dict, metric: str) -> int | None:
    if metric == "total_tokens":
        return entry.get(metric)
    other = {"input_tokens": "prompt_tokens", "output_tokens": "completion_tokens"}.get(metric, "")
    return (entry.get(metric) or 0) + (entry.get(other) or 0)


def price_of(model: str, at: float, entry: dict, list_: PriceList) -> float:
    tokens = tokens_of(entry)
    rates = list_.rates(model, at=int(at * SECOND), input_tokens=tokens.prompt)
    return cost_of(tokens, rates).total if rates else 0.0


def check(bucket: dict, spec: MetricSpec, values: list[int | None]) -> None:
    there = [value for value in values if value is not None]
    plain = {
        "sum": sum(there),
        "avg": statistics.fmean(there) if there else 0,
        "min": min(there, default=None),
        "max": max(there, default=None),
        "count": len(there),
        "count_true": there.count(1),
        "count_false": there.count(0),
    }
    for name in spec.aggregations:
        assert bucket[f"{name}_{spec.metric}"] == plain[name]
    for percent in spec.percentiles:
        shown = bucket[f"p{percent}_{spec.metric}"]
        assert (shown is None) == (not there)
        assert shown is None or abs(shown - interpolated(there, float(percent))) < 1e-6


def interpolated(values: list[int], percent: float) -> float:
    ranked = sorted(values)
    place = (len(ranked) - 1) * percent / 100
    low = int(place)
    high = min(low + 1, len(ranked) - 1)
    return ranked[low] + (ranked[high] - ranked[low]) * (place - low)
