"""Log records and repair beside feedback and statistics: what hangs on a call follows the call."""

from __future__ import annotations

import os

import orjson
import pytest
from msgspec.structs import replace

from otel_bridge.model import query as q
from otel_bridge.model.call import CompletedCall
from otel_bridge.store.limits import StoreLimits
from otel_bridge.store.sqlite import migrate
from tests.contract.store.annex_records import a_remark, feedback_ids, remarks
from tests.contract.store.older import take_back
from tests.contract.store.records import T0, Store, a_deletion, a_start, an_end, an_ended_span
from tests.contract.store.spans import a_real_span, some_logs, translation
from tests.contract.store.test_measure import measure, rows, tokens

SECOND = 1_000_000
CAP = 16 << 20


def counting(version: int = 1):
    """A translation whose calls spent a token a log record, and what their span says, times the version."""
    plain = translation(version)

    def translate(span):
        call = plain(span)
        if not isinstance(call, CompletedCall):
            return call
        spent = (span.attributes.get("tokens", 0) + len(span.logs)) * version
        usage = {f"m{version}": {"input_tokens": spent}} if spent else {}
        return CompletedCall(call.start, replace(call.end, summary=orjson.dumps({"usage": usage})))

    return translate


def a_counted_span(number=1, /, **said) -> CompletedCall:
    return counting()(a_real_span(number, **said))


@pytest.fixture(params=["sqlite", "memory"])
def store(request, tmp_path, monkeypatch):
    monkeypatch.setattr("tests.contract.store.records.render", lambda record: b'{"record":1}')
    opened = Store(request.param, tmp_path / "calls.db", translate=counting(), translator=1)
    yield opened
    opened.close()


def repaired(store: Store) -> int:
    store.translate_with(counting(2), version=2)
    return sum(step.changed for step in store.retranslate())


def left_in_tables(store: Store) -> dict[str, int]:
    """Rows that belong to calls, table by table."""
    names = ("calls", "bodies", "results", "refs", "usages", "pending", "waiting_logs", "feedback")
    run = store.writer._connection.execute
    return {name: count for name in names if (count := run(f"SELECT count(*) FROM {name}").get)}


def test_usage_counts_what_late_log_records_add(store):
    store.write(a_counted_span(1, tokens=5), a_counted_span(2))
    assert tokens(store) == {"m1": 5}
    store.write(some_logs(1, "a", "b"), some_logs(2, "a"))
    assert tokens(store) == {"m1": 8}
    store.write(some_logs(1, "a", "b"), a_counted_span(1, tokens=5))
    assert tokens(store) == {"m1": 8}


def test_usage_counts_log_records_that_came_before_their_span(store):
    store.write(some_logs(1, "a", "b"))
    assert tokens(store) == {}
    store.write(a_counted_span(1, tokens=5))
    assert tokens(store) == {"m1": 7}


def test_usage_is_that_of_the_new_tables_after_a_repair(store):
    store.write(a_counted_span(1, tokens=5), a_counted_span(2), some_logs(1, "a"))
    assert repaired(store) == 2
    assert tokens(store) == {"m2": 12}


def test_usage_moves_with_the_start_of_a_repaired_call(store):
    store.write(a_counted_span(1, tokens=5, shift2=2 * SECOND))
    edges = (T0 - SECOND, T0 + SECOND, T0 + 3 * SECOND)
    assert [key[0] for key in measure(store, edges=edges).usage] == [0]
    assert repaired(store) == 1
    assert [key[0] for key in measure(store, edges=edges).usage] == [1]
    assert rows(store, edges=edges) == {1: 1}
    store.write(a_deletion(1))
    assert measure(store, edges=edges).usage == {}


def test_feedback_stays_with_a_call_that_logs_and_repairs_derive_again(store):
    store.write(a_counted_span(1, tokens=5, shift2=SECOND))
    store.write(remarks(a_remark("a", 1)))
    store.write(some_logs(1, "a"))
    assert repaired(store) == 1
    assert feedback_ids(store) == ["a"]
    (call,) = store.calls(include_feedback=True)
    assert [remark["id"] for remark in call["summary"]["weave"]["feedback"]] == ["a"]
    assert [record["body"] for record in call["attributes"]["otel_span"]["logs"]] == ["a"]


def test_a_deleted_call_takes_its_feedback_its_usage_and_its_log_records_along(store):
    store.write(a_counted_span(1, tokens=5), some_logs(1, "a"), some_logs(2, "b"))
    store.write(remarks(a_remark("a", 1), a_remark("b", 2)))
    store.write(a_deletion(1, 2))
    store.write(some_logs(1, "c"), some_logs(2, "d"))
    store.write(a_counted_span(1, tokens=5), a_counted_span(2, tokens=5))

    assert (store.calls(), feedback_ids(store), tokens(store)) == ([], [], {})
    if store.kind == "sqlite":
        assert left_in_tables(store) == {}


def test_what_is_too_old_goes_together(store):
    store.write(a_counted_span(1, tokens=5), some_logs(1, "a"), some_logs(9, "b"))
    store.write(remarks(a_remark("a", 1), a_remark("never seen", 8)))
    store.write(a_counted_span(2, tokens=3), some_logs(2, "c"), received_at=T0 + 60 * SECOND)
    store.write(remarks(a_remark("b", 2)), received_at=T0 + 60 * SECOND)
    store.limit_retention(seconds=30)
    while store.writer.maintain(now=T0 + 61 * SECOND):
        pass

    assert (store.numbers(), feedback_ids(store), tokens(store)) == ([2], ["b"], {"m1": 4})
    assert store.writer.expired == 1
    if store.kind == "sqlite":
        assert left_in_tables(store) == {"calls": 1, "bodies": 1, "results": 1, "usages": 1, "feedback": 1}


@pytest.mark.long
def test_the_cap_holds_over_calls_with_log_records_feedback_and_usage(tmp_path):
    limits = StoreLimits(retention_seconds=None, max_bytes=CAP)
    store = Store("sqlite", tmp_path / "calls.db", limits, translate=counting())
    for number in range(1, 801):
        text = os.urandom(8 << 10).hex()
        store.write(a_counted_span(number, tokens=1), some_logs(number, text + "a"), received_at=T0 + number)
        store.write(remarks(a_remark(str(number), number, payload={"t": text})), received_at=T0 + number)
        store.writer.maintain(now=T0)
        assert sum(file.stat().st_size for file in tmp_path.glob("calls.db*")) <= CAP

    first, last = min(left := store.numbers()), max(left)
    assert (first > 1, last, len(left)) == (True, 800, 801 - first)
    assert feedback_ids(store) == [str(number) for number in range(first, 801)]
    assert tokens(store) == {"m1": 2 * len(left)}
    store.close()


def test_a_store_that_knew_log_records_only_is_brought_forward(tmp_path):
    store = Store("sqlite", tmp_path / "calls.db", translate=counting())
    store.write(a_counted_span(1, tokens=5), some_logs(1, "a"), some_logs(2, "b"), an_ended_span(3))
    take_back(store.writer._connection, schema=2)
    store.close()
    store.open()

    assert store.writer._connection.pragma("user_version") == len(migrate.steps())
    assert tokens(store) == {"m1": 6}
    store.write(a_counted_span(2, tokens=1))
    store.write(remarks(a_remark("a", 1)))
    assert (tokens(store), feedback_ids(store)) == ({"m1": 8}, ["a"])
    store.close()


def test_a_store_that_knew_no_exceptions_apart_from_failures_is_brought_forward(tmp_path):
    store = Store("sqlite", tmp_path / "calls.db")
    for number, exception in enumerate((None, "", "boom"), 1):
        store.write(CompletedCall(a_start(number), an_end(number, exception=exception)))
    take_back(store.writer._connection, schema=4)
    store.close()
    store.open()

    nothing = q.Compare("eq", q.GetField(q.Column("exception")), q.Literal(None))
    failed = q.Compare("eq", q.GetField(q.Derived("status")), q.Literal("error"))
    assert store.numbers(query=q.Not(nothing)) == [2, 3]
    assert store.numbers(query=failed) == [3]
    store.close()
