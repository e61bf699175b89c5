"""No statement keeps the store's log from starting over for long, whatever is asked."""

from __future__ import annotations

import itertools
from contextlib import contextmanager

import pytest

from otel_bridge.errors import QueryTimeout
from otel_bridge.model import query as q
from otel_bridge.model.call import CompletedCall
from otel_bridge.model.query import CallsFilter, CallsQuery, SortBy
from otel_bridge.stats.measure import Measure
from otel_bridge.stats.metrics import Wanted
from otel_bridge.store.sqlite import reader
from otel_bridge.store.sqlite.deadlines import STATEMENT_SECONDS, StatementTimeout, too_long
from otel_bridge.store.sqlite.reader import SqliteReader
from tests.contract.store.records import PROJECT, T0, Store, a_call, a_start, an_end, render

HAS_EXCEPTION = q.Not(q.Compare("eq", q.GetField(q.Column("exception")), q.Literal(None)))


@pytest.fixture
def store(tmp_path):
    opened = Store("sqlite", tmp_path / "calls.db")
    yield opened
    opened.close()


def tardy(run, times):
    """Stop the first statements that look for calls."""
    left = iter(range(times))

    def late(sql):
        if "FROM calls AS c" in sql.text and next(left, None) is not None:
            raise StatementTimeout(too_long(STATEMENT_SECONDS))
        return run(sql)

    return late


def a_varied_call(number):
    start = a_start(
        number,
        trace_id=f"t{number % 3}",
        wb_user_id=f"user{number % 2}",
        op_name=f"op{number % 5}",
        inputs=b'{"q":%d}' % (number % 7),
    )
    ended_at = T0 + number * 7919 % 101 * 1000
    return CompletedCall(start, an_end(number, ended_at=ended_at, exception="failed" if number % 4 else None))


class TestDeadlines:
    def test_a_query_past_its_deadline_says_so_and_what_helps(self, store, monkeypatch):
        monkeypatch.setattr(reader, "_STEPS_BETWEEN_LOOKS", 10)
        store.write(*(a_call(number) for number in range(100)))
        clock = itertools.count(step=STATEMENT_SECONDS + 1)
        hasty = SqliteReader(store.path, render=render, clock=lambda: next(clock))
        with pytest.raises(QueryTimeout, match=r"took longer than \d+ s; narrow it: by time, op, trace or"):
            hasty.plan(CallsQuery(project_id=PROJECT, sort_by=(SortBy("op_name", "asc"),)))
        hasty._clock = lambda: 0.0
        assert hasty.count(CallsQuery(project_id=PROJECT)) == 100
        hasty.close()

    @pytest.mark.parametrize(
        "asked",
        [
            {"sort_by": (SortBy("op_name", "asc"),), "limit": 7, "offset": 2},
            {"sort_by": (SortBy("inputs.q", "desc"),)},
            {"sort_by": (SortBy("summary.weave.latency_ms", "desc"),), "query": HAS_EXCEPTION},
            {"sort_by": (SortBy("started_at", "desc"),), "query": HAS_EXCEPTION},
            {"sort_by": (SortBy("id", "asc"),), "filter": CallsFilter(trace_ids=("t1", "t2"))},
            {"filter": CallsFilter(wb_user_ids=("user1",))},
        ],
        ids=["column", "tree", "heavy", "walk", "traces", "user"],
    )
    @pytest.mark.parametrize("late", [1, 2])
    def test_statements_that_take_too_long_are_asked_again_about_fewer_calls(self, store, asked, late):
        store.write(*(a_varied_call(number) for number in range(30)))
        query = CallsQuery(project_id=PROJECT, **asked)
        plan, count = store.reader.plan(query), store.reader.count(query)
        store.reader.run = tardy(store.reader.run, late)
        assert store.reader.plan(query) == plan
        store.reader.run = tardy(store.reader.run, late)
        assert store.reader.count(query) == count
        assert plan.seqs

    def test_a_statement_about_few_calls_that_takes_too_long_ends_the_query(self, store):
        store.write(*(a_call(number) for number in range(30)))
        store.reader.run = tardy(store.reader.run, 99)
        with pytest.raises(QueryTimeout, match="longer than 1 s"):
            store.reader.plan(CallsQuery(project_id=PROJECT, sort_by=(SortBy("op_name", "asc"),)))

    def test_statistics_of_an_hour_that_take_too_long_are_added_up_in_halves(self, store):
        store.write(*(a_varied_call(number) for number in range(30)))
        everything = Measure(
            project_id=PROJECT,
            filter=CallsFilter(),
            edges=(T0, T0 + 3_600_000_000),
            calls=(Wanted("latency_ms", frozenset({"sum", "count", "max"}), values=True),),
        )
        expected = store.reader.measure(everything)
        assert expected.calls[0].rows == 30
        stops = iter(range(3))
        lend = store.reader._reading

        @contextmanager
        def hasty(*limits):
            with lend(*limits) as connection:
                yield connection
                if StatementTimeout in limits and next(stops, None) is not None:
                    raise StatementTimeout(too_long(STATEMENT_SECONDS))

        store.reader._reading = hasty
        assert store.reader.measure(everything) == expected
        assert next(stops, None) is None
