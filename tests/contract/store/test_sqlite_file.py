"""What only the SQLite store has: a file with a schema, indexes and damage."""

from __future__ import annotations

import itertools
import os
import sqlite3
import stat
import threading

import apsw
import pytest

from otel_bridge.errors import StartError, Unavailable
from otel_bridge.model import query as q
from otel_bridge.model.query import CallsFilter, CallsQuery, SortBy
from otel_bridge.store.limits import StoreLimits
from otel_bridge.store.sqlite import migrate, reader, scan, select, walk
from otel_bridge.store.sqlite.connection import open_writer
from otel_bridge.store.sqlite.reader import SqliteReader
from otel_bridge.store.sqlite.writer import SqliteWriter
from tests.contract.store.records import (
    PROJECT,
    T0,
    Store,
    a_call,
    a_deletion,
    an_ended_span,
    call_id,
    render,
)

SLOWEST = (SortBy("summary.weave.latency_ms", "desc"),)
HAS_FAILED = q.Compare("eq", q.GetField(q.Derived("status")), q.Literal("error"))
HAS_EXCEPTION = q.Not(q.Compare("eq", q.GetField(q.Column("exception")), q.Literal(None)))
IS_CHAT = q.Compare("eq", q.GetField(q.Column("op_name")), q.Literal("chat"))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "calls.db"


@pytest.fixture
def store(path):
    opened = Store("sqlite", path)
    yield opened
    opened.close()


class TestOpening:
    def test_calls_are_there_after_a_restart(self, path):
        for number in (1, 2):
            store = Store("sqlite", path)
            store.write(an_ended_span(number))
            assert store.numbers() == list(range(1, number + 1))
            store.close()

    def test_arrival_numbers_go_on_after_a_restart_even_when_the_last_call_is_gone(self, path):
        store = Store("sqlite", path)
        store.write(a_call(1), a_call(2))
        (seq,) = store.reader.plan(
            CallsQuery(project_id=PROJECT, filter=CallsFilter(call_ids=(call_id(2),)))
        ).seqs
        store.writer.begin()
        store.writer.apply([a_deletion(2)], received_at=T0)
        store.writer.commit()
        store.close()
        store = Store("sqlite", path)
        store.write(a_call(3))
        assert max(store.all_seqs(CallsQuery(project_id=PROJECT))) > seq
        store.close()

    def test_the_file_says_whose_it_is_and_which_schema_it_has(self, store):
        connection = apsw.Connection(str(store.path))
        assert connection.pragma("application_id") == migrate.APPLICATION_ID
        assert connection.pragma("user_version") == len(migrate.steps())
        connection.close()

    def test_a_newer_version_s_file_is_refused(self, path):
        SqliteWriter(path).close()
        connection = apsw.Connection(str(path))
        connection.pragma("user_version", 99)
        connection.close()
        with pytest.raises(
            StartError, match=r"newer otel-bridge \(schema 99; this is [0-9.]+, which knows \d+\)"
        ):
            SqliteWriter(path)

    def test_another_program_s_database_is_refused_and_left_alone(self, path):
        with sqlite3.connect(path) as other:
            other.execute("CREATE TABLE theirs (a)")
        other.close()
        before = path.read_bytes()
        with pytest.raises(StartError, match="a database of another program"):
            SqliteWriter(path)
        assert path.read_bytes() == before

    def test_a_file_that_is_no_database_is_refused_and_left_alone(self, path):
        path.write_bytes(b"not a database, but long enough to be looked at as one" * 100)
        before = path.read_bytes()
        with pytest.raises(StartError, match="is not a database of otel-bridge"):
            SqliteWriter(path)
        assert path.read_bytes() == before

    def test_a_folder_that_is_not_there_is_refused(self, tmp_path):
        with pytest.raises(StartError, match="cannot be opened for writing"):
            SqliteWriter(tmp_path / "no" / "calls.db")

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
    def test_a_file_that_may_not_be_written_is_refused(self, path):
        SqliteWriter(path).close()
        path.chmod(stat.S_IRUSR)
        with pytest.raises(StartError, match="cannot be opened"):
            SqliteWriter(path)

    def test_a_reader_without_a_file_is_refused(self, path):
        with pytest.raises(StartError, match="cannot be opened"):
            SqliteReader(path)

    def test_a_cap_too_small_to_work_with_is_refused(self, path):
        with pytest.raises(StartError, match="at least 16 MiB"):
            SqliteWriter(path, StoreLimits(max_bytes=1 << 20))


class TestMigration:
    FIRST = "CREATE TABLE notes (text TEXT); INSERT INTO notes VALUES ('kept');"
    SECOND = "ALTER TABLE notes ADD COLUMN author TEXT; UPDATE notes SET author = 'nobody';"

    def test_an_older_file_is_brought_forward_step_by_step(self, path):
        connection = open_writer(path)
        migrate.migrate(connection, path, (self.FIRST,))
        migrate.migrate(connection, path, (self.FIRST, self.SECOND))
        assert connection.execute("SELECT * FROM notes").fetchall() == [("kept", "nobody")]
        assert connection.pragma("user_version") == 2

    def test_a_step_that_fails_leaves_the_older_file_as_it_was(self, path):
        connection = open_writer(path)
        migrate.migrate(connection, path, (self.FIRST,))
        with pytest.raises(apsw.SQLError):
            migrate.migrate(connection, path, (self.FIRST, self.SECOND + "SELECT no_such_function();"))
        assert connection.execute("SELECT * FROM notes").fetchall() == [("kept",)]
        assert connection.pragma("user_version") == 1

    def test_migrating_twice_is_migrating_once(self, path):
        connection = open_writer(path)
        for _ in range(2):
            migrate.migrate(connection, path, (self.FIRST,))
        assert connection.execute("SELECT count(*) FROM notes").get == 1


class TestDamage:
    @pytest.mark.parametrize("blob", [b"", b"garbage", b"\x28\xb5\x2f\xfd" + b"\xff" * 40])
    def test_a_span_that_cannot_be_read_is_null_and_breaks_nothing(self, store, blob):
        store.write(an_ended_span(1), an_ended_span(2), an_ended_span(3))
        connection = apsw.Connection(str(store.path))
        connection.execute("UPDATE results SET dump = ? WHERE seq = 2", (blob,))
        connection.close()
        spans = [call["attributes"]["otel_span"] for call in store.calls()]
        assert [span is None for span in spans] == [False, True, False]
        assert store.write(an_ended_span(2)).merged == 1
        assert store.calls()[1]["attributes"]["otel_span"] is not None

    def test_a_record_that_cannot_be_rendered_is_null(self, path):
        def broken(record):
            raise ValueError(record)

        store = Store("sqlite", path)
        store.write(an_ended_span())
        store.reader._rows._render = broken
        assert store.the_call()["attributes"] == {"otel_span": None}
        store.close()


class TestReading:
    def test_no_snapshot_is_held_between_calls(self, store):
        store.write(*(a_call(number) for number in range(scan.PART_CALLS + 1)))
        query = CallsQuery(project_id=PROJECT)
        plan = store.reader.plan(query)
        assert plan.after is not None
        store.reader.lines(query, plan.seqs)
        log, copied = store.writer._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        assert (log, copied) == (0, 0)

    def test_threads_may_read_at_once(self, store):
        store.write(*(an_ended_span(number) for number in range(50)))
        expected = store.text()
        found: list[bytes] = []
        threads = [threading.Thread(target=lambda: found.append(store.text())) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        assert found == [expected] * 8

    @pytest.mark.parametrize(
        ("asked", "index"),
        [
            ({}, "calls_by_start"),
            ({"sort_by": (SortBy("started_at", "desc"),)}, "calls_by_start"),
            ({"filter": CallsFilter(trace_roots_only=True)}, "root_calls_by_start"),
            ({"filter": CallsFilter(trace_roots_only=True), "sort_by": SLOWEST, "limit": 9}, "slowest_roots"),
            ({"query": HAS_FAILED}, "failed_calls"),
            ({"query": HAS_EXCEPTION, "sort_by": (SortBy("started_at", "desc"),)}, "failed_calls"),
            ({"filter": CallsFilter(op_names=("chat",))}, "calls_by_op"),
            ({"filter": CallsFilter(op_names=("chat", "x:*"))}, "calls_by_op"),
            ({"filter": CallsFilter(op_names=("x:*",)), "limit": 9}, "calls_by_op"),
            ({"filter": CallsFilter(trace_ids=("t",))}, "calls_by_trace"),
            ({"filter": CallsFilter(trace_ids=("t", "u"))}, "calls_by_trace"),
            ({"filter": CallsFilter(parent_ids=("t",))}, "calls_by_parent"),
            ({"filter": CallsFilter(parent_ids=("t", "u"))}, "calls_by_parent"),
            ({"filter": CallsFilter(thread_ids=("t",))}, "calls_by_thread"),
            ({"filter": CallsFilter(call_ids=("t", "u"))}, "calls_by_id"),
            ({"filter": CallsFilter(input_refs=("weave:///a",))}, "INTEGER PRIMARY KEY"),
        ],
    )
    def test_a_common_query_walks_along_its_index(self, store, asked, index):
        query = CallsQuery(project_id=PROJECT, **asked)
        found = select.search(query, 1)
        start = walk.Place(9, None, "", None, 0)
        sql = walk.part(found, start) if found.is_walk else select.all_at_once(found, limit=9, offset=0)
        connection = apsw.Connection(str(store.path))
        steps = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql.text}", sql.args)]
        connection.close()
        assert any(index in step for step in steps), steps
        assert not any("SCAN c" in step for step in steps), steps
        if found.is_walk or index == "slowest_roots":
            assert not any("TEMP B-TREE" in step for step in steps), steps

    @pytest.mark.parametrize(
        "asked",
        [
            {"sort_by": (SortBy("started_at", "desc"),)},
            {"filter": CallsFilter(trace_roots_only=True), "sort_by": (SortBy("started_at", "desc"),)},
            {"filter": CallsFilter(trace_roots_only=True), "sort_by": SLOWEST},
            {"filter": CallsFilter(op_names=("chat",))},
            {"filter": CallsFilter(trace_ids=("t7",))},
            {"sort_by": (SortBy("started_at", "desc"),), "query": IS_CHAT},
        ],
        ids=["newest", "roots", "slowest roots", "op", "trace", "expression that many calls meet"],
    )
    def test_a_page_of_a_larger_store_costs_no_more(self, store, monkeypatch, asked):
        monkeypatch.setattr(scan, "NARROW_CALLS", 500)  # a window no larger than either store
        query = CallsQuery(project_id=PROJECT, limit=20, **asked)
        costs = []
        for hundreds in (range(5), range(5, 20)):
            for hundred in hundreds:
                numbers = range(hundred * 100, hundred * 100 + 100)
                store.write(*(a_call(n, trace_id=f"t{n // 20}", started_at=T0 + n) for n in numbers))
            costs.append(steps_of(monkeypatch, store.path, query))
        assert costs[1] < costs[0] * 1.2


def steps_of(monkeypatch, path, query):
    """Count the instructions that SQLite's machine runs for the first page of a query, in tens."""
    looks = itertools.count()
    monkeypatch.setattr(reader, "_STEPS_BETWEEN_LOOKS", 10)
    counting = SqliteReader(path, render=render, clock=lambda: next(looks) * 0.0)
    before = next(looks)
    assert len(counting.plan(query).seqs) == query.limit
    counting.close()
    return next(looks) - before


class TestUnfit:
    def test_a_value_that_cannot_be_stored_is_refused_and_the_transaction_says_so(self, store):
        store.writer.begin()
        store.writer.apply([a_call(1)], received_at=T0)
        with pytest.raises(Exception, match="cannot be stored"):
            store.writer.apply([a_call(2, wb_run_step=1 << 70)], received_at=T0)
        with pytest.raises(Unavailable):
            store.writer.apply([a_call(3)], received_at=T0)
        with pytest.raises(Unavailable):
            store.writer.commit()
        store.write(a_call(4))
        assert store.numbers() == [4]

    def test_writing_without_a_transaction_is_refused(self, store):
        with pytest.raises(Unavailable):
            store.writer.apply([a_call()], received_at=T0)
        with pytest.raises(Unavailable):
            store.writer.commit()
