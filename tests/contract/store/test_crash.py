"""Power cuts, failing and full disks: what was acknowledged is there, and the store goes on by itself."""

from __future__ import annotations

from contextlib import suppress

import apsw
import orjson
import pytest

from otel_bridge.errors import StartError, Unavailable
from otel_bridge.model import questions as q
from otel_bridge.model.query import CallsQuery
from otel_bridge.store.sqlite import checkpoint
from otel_bridge.store.sqlite.reader import SqliteReader
from otel_bridge.store.sqlite.writer import SqliteWriter
from tests.contract.store.annex_records import a_file, a_remark, a_table, an_object, remarks
from tests.contract.store.crash_vfs import cuts, laid, states, unsynced_at_marks
from tests.contract.store.records import (
    EVERYTHING,
    PROJECT,
    T0,
    a_deletion,
    a_name,
    a_span,
    a_start,
    an_end,
    an_ended_span,
)
from tests.contract.store.spans import a_sent_span, some_logs, translation

REQUESTS = [
    *(
        [an_ended_span(10 * n + k, inputs=b'{"t":"%s"}' % (b"x" * 900)) for k in range(6)]
        for n in range(1, 9)
    ),
    [a_start(1)],
    [an_end(1)],
    [an_end(2), an_end(3)],
    [a_start(2), a_name("named", 1)],
    [remarks(a_remark("a", 11), a_remark("b", 21), a_remark("c", None))],
    [a_deletion(11, 12)],
    [an_object(b'"%b"' % (b"v" * 40_000))],
    [a_file(b"f" * 100_000)],
    [a_table(b"1", b"2", b"1")],
    [an_ended_span(11), an_ended_span(12)],
    *([an_ended_span(10 * n + k) for k in range(6)] for n in range(9, 16)),
    [some_logs(500, "a", "b"), some_logs(501, "c")],
    [a_sent_span(500)],
    [some_logs(500, "b", "d"), some_logs(502, "e")],
    [a_sent_span(501), a_sent_span(502), a_deletion(501)],
    [some_logs(501, "f"), some_logs(502, "g")],
]
"""Requests of every kind: starts that come without their ends, deleted calls that come again, logs."""

LAST_LOGS = {500: ["a", "b", "d"], 502: ["e", "g"]}
"""What the spans with logs have at the end."""


def render(record: bytes) -> bytes:
    return b'{"bytes":%d}' % len(record)


def lines_of(path) -> bytes:
    reader = SqliteReader(path, render=render)
    query = CallsQuery(project_id=PROJECT)
    try:
        return reader.lines(query, reader.plan(query).seqs)
    finally:
        reader.close()


def everything_in(path) -> bytes:
    """Calls, and what lies beside them."""
    reader = SqliteReader(path, render=render)
    questions = (
        q.AskFeedback(project_id=PROJECT),
        q.AskObjects(project_id=PROJECT),
        q.AskTable(project_id=PROJECT, digest="t"),
        q.AskSizes(project_id=PROJECT),
    )
    try:
        return lines_of(path) + b"\n".join(map(reader.answer, questions))
    finally:
        reader.close()


def numbers_in(path) -> list[int]:
    return [int(orjson.loads(line)["id"], 16) for line in lines_of(path).splitlines()]


def logs_in(path) -> dict[int, list[str]]:
    calls = [orjson.loads(line) for line in lines_of(path).splitlines()]
    return {int(call["id"], 16): call["inputs"]["logs"] for call in calls if "logs" in call["inputs"]}


def commit(writer, request) -> None:
    writer.begin()
    writer.apply(request, received_at=T0)
    writer.commit()


class TestPowerCut:
    @pytest.fixture
    def recorded(self, tmp_path, tape, vfs):
        """Run all requests, with checkpoints between them; say what readers saw after each commit."""
        path = tmp_path / "calls.db"
        writer = SqliteWriter(path, EVERYTHING, vfs=vfs, translate=translation())
        tape.mark("0")
        seen = [everything_in(path)]
        for number, request in enumerate(REQUESTS, 1):
            commit(writer, request)
            tape.mark(str(number))
            seen.append(everything_in(path))
            if number % 7 == 0:
                writer._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_RESTART)
        writer.close()
        return tape, seen

    def test_every_state_of_the_disk_holds_all_that_was_acknowledged_and_nothing_twice(
        self, recorded, tmp_path
    ):
        tape, seen = recorded
        tried = 0
        for acknowledged, folder in cuts(tape, tmp_path):
            tried += 1
            SqliteWriter(folder / "calls.db", EVERYTHING).close()
            connection = apsw.Connection(str(folder / "calls.db"))
            assert connection.execute("PRAGMA integrity_check").get == "ok"
            connection.close()
            assert everything_in(folder / "calls.db") in seen[acknowledged : acknowledged + 2]
        assert tried >= 100

    def test_logs_that_were_acknowledged_are_there_again_once_their_batches_are_resent(
        self, recorded, tmp_path
    ):
        tape, _ = recorded
        for acknowledged, folder in cuts(tape, tmp_path, since=len(REQUESTS) - 5):
            writer = SqliteWriter(folder / "calls.db", EVERYTHING, translate=translation())
            for request in REQUESTS[acknowledged:]:
                commit(writer, request)
            writer.close()
            assert logs_in(folder / "calls.db") == LAST_LOGS

    def test_a_commit_returns_only_after_its_sync_returned(self, recorded):
        tape, _ = recorded
        assert unsynced_at_marks(tape) == set()

    def test_a_store_whose_first_start_was_cut_short_opens(self, recorded, tmp_path):
        tape, _ = recorded
        for number, (marks, files) in enumerate(states(tape)):
            if marks:
                return
            folder = laid(files, tmp_path / f"start{number}")
            writer = SqliteWriter(folder / "calls.db", EVERYTHING)
            commit(writer, [an_ended_span()])
            writer.close()


class TestFailingDisk:
    def run(self, path, tape, vfs, error, fail_at, length=1):
        """Run requests while one operation fails; return which were acknowledged."""
        writer = SqliteWriter(path, EVERYTHING, vfs=vfs)
        tape.fail_at, tape.fail_until = tape.operations + fail_at, tape.operations + fail_at + length
        tape.error = error
        first = tape.fail_at
        kept = []
        for number in range(1, 6):
            try:
                commit(
                    writer,
                    [an_ended_span(number, inputs=b'{"t":"%s"}' % (b"y" * 5_000)), an_end(90 + number)],
                )
                kept.append(number)
            except Unavailable:
                pass
            if number == 3:
                writer.maintain(now=T0)
                checkpointed(writer)
        met = tape.operations > first
        tape.fail_at = None
        return writer, kept, met

    @pytest.mark.parametrize(("error", "length"), [(apsw.IOError, 1), (apsw.FullError, 1), (apsw.IOError, 9)])
    def test_whatever_operation_fails_no_answer_lies_and_the_store_goes_on(
        self, tmp_path, tape, vfs, error, length
    ):
        for fail_at in range(200):
            path = tmp_path / f"{fail_at}.db"
            writer, kept, met = self.run(path, tape, vfs, error, fail_at, length)
            commit(writer, [an_ended_span(50)])
            assert numbers_in(path) == [*kept, 50]
            resend(writer)
            assert numbers_in(path) == [1, 2, 3, 4, 5, 50]
            writer.close()
            if not met:
                assert kept == [1, 2, 3, 4, 5]
                return
        pytest.fail("the run never got past its failures")


def commit_all(writer, requests) -> None:
    for request in requests:
        commit(writer, request)


def checkpointed(writer) -> None:
    with suppress(apsw.Error):
        writer._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_RESTART)


def resend(writer) -> None:
    for number in range(1, 6):
        commit(writer, [an_ended_span(number, inputs=b'{"t":"%s"}' % (b"y" * 5_000)), an_end(90 + number)])


class TestFullDisk:
    def test_a_full_disk_refuses_and_a_disk_with_room_again_takes(self, tmp_path, tape, vfs):
        path = tmp_path / "calls.db"
        writer = SqliteWriter(path, EVERYTHING, vfs=vfs)
        commit(writer, [an_ended_span(1)])
        tape.room = 400_000
        with pytest.raises(Unavailable, match="full"):
            commit_all(writer, ([a_span(n, inputs=b'{"t":"%s"}' % (b"z" * 10_000))] for n in range(2, 200)))
        for _ in range(3):
            writer.maintain(now=T0)
            with pytest.raises(Unavailable):
                commit(writer, [a_span(500, inputs=b'{"t":"%s"}' % (b"z" * 400_000))])
        kept = numbers_in(path)
        assert kept[0] == 1
        tape.room = None
        commit(writer, [an_ended_span(501)])
        assert numbers_in(path) == [*kept, 501]
        writer.close()

    def test_a_disk_that_is_full_at_the_start_is_one_clear_line(self, tmp_path, tape, vfs):
        tape.room = 1000
        with pytest.raises(StartError, match="cannot be opened"):
            SqliteWriter(tmp_path / "calls.db", EVERYTHING, vfs=vfs)

    def test_a_failing_copy_of_the_log_is_tried_again(self, tmp_path, tape, vfs, monkeypatch):
        sizes = checkpoint.WalSizes(copy=0, finish=1 << 30, reset=1 << 30, refuse=1 << 31)
        monkeypatch.setattr("otel_bridge.store.sqlite.writer.wal_sizes", lambda _: sizes)
        writer = SqliteWriter(tmp_path / "calls.db", EVERYTHING, vfs=vfs)
        commit(writer, [an_ended_span(1)])
        tape.fail_at, tape.fail_until = tape.operations, tape.operations + 10
        for _ in range(200):
            writer.maintain(now=T0)
            if tape.operations > tape.fail_until and not writer._log.busy:
                break
            writer._log._thread.join(0.01)
        assert tape.operations > tape.fail_until
        commit(writer, [an_ended_span(2)])
        writer.close()
        assert lines_of(tmp_path / "calls.db").count(b"\n") == 2
