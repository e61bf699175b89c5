"""Runs of scorers among calls: every store tells them from others, also after they changed."""

from __future__ import annotations

import apsw
import orjson
import pytest

from otel_bridge.model import query as q
from otel_bridge.model.scoring import SCORED_CALL
from otel_bridge.store.sqlite import select, walk
from tests.contract.store import older
from tests.contract.store.records import PROJECT, Store, a_call, a_start

NO_RUN = q.Compare("eq", q.GetField(q.JsonField("attributes", SCORED_CALL)), q.Literal(""))
NEWEST = (q.SortBy("started_at", "desc"),)


def attributes(scored) -> bytes:
    return orjson.dumps({"otel_bridge": {"scoring": {"scored_call": scored}}})


VALUES = [
    ("weave:///e/p/call/1", True),
    ("x", True),
    ("null", False),
    ("", False),
    (None, False),
    (0, True),
    (False, True),
    ([], True),
    ({}, True),
]


@pytest.mark.parametrize(("value", "is_run"), VALUES)
def test_a_run_is_a_call_that_names_the_call_it_is_about(store, value, is_run):
    store.write(a_call(1), a_call(2, attributes=attributes(value)))

    assert store.numbers(query=NO_RUN) == ([1] if is_run else [1, 2])
    assert store.numbers(query=q.Not(NO_RUN)) == ([2] if is_run else [])


def test_a_name_elsewhere_makes_no_run(store):
    store.write(a_call(1, attributes=b'{"scored_call":"x","otel_bridge":{"scored_call":"x"}}'))
    assert store.numbers(query=NO_RUN) == [1]


def test_a_call_that_changes_is_what_it_says_now(store):
    store.write(a_start(1))
    store.write(a_start(1, attributes=attributes("x")))
    assert store.numbers(query=NO_RUN) == []
    store.write(a_start(1, attributes=b'{"a":1}'))
    assert store.numbers(query=NO_RUN) == [1]


@pytest.mark.parametrize("roots", [False, True])
def test_no_body_is_read_to_leave_runs_out(tmp_path, roots):
    store = Store("sqlite", tmp_path / "calls.db")
    store.write(a_call(1))
    asked = q.CallsQuery(
        project_id=PROJECT, query=NO_RUN, sort_by=NEWEST, filter=q.CallsFilter(trace_roots_only=roots)
    )
    found = select.search(asked, 1)
    sql = walk.part(found, walk.Place(9, None, "", None, 0))
    connection = apsw.Connection(str(store.path))
    steps = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql.text}", sql.args)]
    connection.close()
    store.close()

    index = "INDEX root_calls_by_start " if roots else "COVERING INDEX calls_by_start "
    assert any(index in step for step in steps), steps
    assert not any("bodies" in step for step in steps)


def test_a_store_of_an_earlier_version_learns_which_calls_are_runs(tmp_path):
    store = Store("sqlite", tmp_path / "calls.db")
    calls = [a_call(n, attributes=attributes(value)) for n, (value, _) in enumerate(VALUES, 1)]
    store.write(*calls, a_call(99))
    before = store.numbers(query=NO_RUN)
    older.take_back(store.writer._connection, schema=7)
    store.close()
    store.open()

    assert store.numbers(query=NO_RUN) == before == [3, 4, 5, 99]
    store.close()
