"""Calls that were sampled count for those that were not kept, and statistics say so."""

from __future__ import annotations

import apsw
import orjson
import pytest

from otel_bridge.model.call import CompletedCall
from otel_bridge.model.stats import MetricSpec, StatsQuery
from otel_bridge.model.thresholds import told
from otel_bridge.stats.answer import answer
from otel_bridge.store.sqlite import migrate
from tests.contract.api.rates import LIST, PriceList
from tests.contract.store.older import take_back
from tests.contract.store.records import PROJECT, T0, Store, a_start, an_end

SECOND = 1_000_000
QUARTER = 0xC << 52
"""Keeps one trace in four."""
HALF = 0x8 << 52
CALLS = (
    MetricSpec("call_count"),
    MetricSpec("error_count"),
    MetricSpec("latency_ms", ("avg", "min", "max", "count"), ("0", "50", "75", "100")),
)
USAGE = (MetricSpec("input_tokens", ("sum", "avg", "count")), MetricSpec("total_cost"))


def attributes(threshold: int | None) -> bytes:
    return b"{}" if threshold is None else orjson.dumps({"otel_bridge": {"sampling": told(threshold)}})


def a_call(
    number: int, threshold: int | None, *, ms: int, tokens: int = 10, failed: bool = False
) -> CompletedCall:
    summary = orjson.dumps({"usage": {next(iter(LIST)): {"input_tokens": tokens}}})
    start = a_start(number, attributes=attributes(threshold))
    end = an_end(number, ended_at=T0 + ms * 1000, summary=summary, exception="boom" if failed else None)
    return CompletedCall(start, end)


def statistics(store: Store) -> dict:
    asked = StatsQuery(
        project_id=PROJECT,
        start=T0 // SECOND - 60,
        end=T0 // SECOND + 60,
        granularity=86_400,
        call_metrics=CALLS,
        usage_metrics=USAGE,
    )
    return orjson.loads(answer(asked, store.reader.measure, PriceList(LIST)))


def test_each_call_counts_for_as_many_as_it_stands_for(store):
    store.write(
        a_call(1, None, ms=100), a_call(2, QUARTER, ms=200, failed=True), a_call(3, HALF, ms=400, tokens=30)
    )
    got = statistics(store)
    (calls,), (usage,) = got["call_buckets"], got["usage_buckets"]
    assert got["sampled"] is True
    assert (calls["count"], calls["sum_call_count"], calls["sum_error_count"]) == (7, 7, 4)
    assert (calls["min_latency_ms"], calls["max_latency_ms"], calls["count_latency_ms"]) == (100, 400, 7)
    assert calls["avg_latency_ms"] == pytest.approx((100 + 4 * 200 + 2 * 400) / 7)
    every = [100, 200, 200, 200, 200, 400, 400]
    assert [calls[f"p{p}_latency_ms"] for p in (0, 50, 75, 100)] == [every[0], every[3], 300.0, every[6]]
    assert (usage["count"], usage["sum_input_tokens"], usage["count_input_tokens"]) == (7, 110, 7)
    alone = Store("memory", store.path)
    alone.write(*(a_call(n, None, ms=1, tokens=t) for n, t in enumerate([10] * 5 + [30] * 2)))
    assert usage["sum_total_cost"] == pytest.approx(statistics(alone)["usage_buckets"][0]["sum_total_cost"])


def test_where_nothing_was_sampled_nothing_is_said(store):
    store.write(a_call(1, None, ms=100), a_call(2, 0, ms=100))
    got = statistics(store)
    assert "sampled" not in got
    assert got["call_buckets"][0]["count"] == 2
    assert type(got["call_buckets"][0]["count"]) is int


NONSENSE = (
    b'{"otel_bridge":{"sampling":{"threshold":"no"}}}',
    b'{"otel_bridge":{"sampling":{"threshold":8}}}',
    b'{"otel_bridge":"sampling"}',
    b'{"sampling":{"threshold":"8"}}',
)


@pytest.mark.parametrize("told_so", NONSENSE)
def test_what_is_no_threshold_counts_once(store, told_so):
    store.write(CompletedCall(a_start(1, attributes=told_so), an_end(1)))
    got = statistics(store)
    assert (got["call_buckets"][0]["count"], "sampled" in got) == (1, False)


def test_a_very_rare_trace_counts_for_very_many(store):
    store.write(a_call(1, (1 << 56) - (1 << 26), ms=1))
    assert statistics(store)["call_buckets"][0]["count"] == 1 << 30


def test_an_end_that_comes_later_and_a_later_start_count_as_much(store):
    call = a_call(1, QUARTER, ms=100)
    store.write(call.start)
    store.write(call.end)
    assert statistics(store)["usage_buckets"][0]["count"] == 4
    store.write(a_call(1, HALF, ms=100).start)
    got = statistics(store)
    assert (got["usage_buckets"][0]["count"], got["call_buckets"][0]["count"]) == (2, 2)


def test_a_store_of_an_earlier_version_counts_on(tmp_path):
    store = Store("sqlite", tmp_path / "calls.db")
    store.write(a_call(1, None, ms=100))
    before = statistics(store)
    store.close()
    file = apsw.Connection(str(store.path))
    take_back(file, schema=9)
    file.close()
    store.open()
    assert statistics(store) == before
    store.write(a_call(2, QUARTER, ms=100))
    assert statistics(store)["usage_buckets"][0]["count"] == 5
    assert store.writer._connection.pragma("user_version") == len(migrate.steps())
    store.close()
