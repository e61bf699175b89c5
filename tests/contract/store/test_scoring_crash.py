"""Power cuts and failing disks while calls are scored: no task, result or ended call is lost or doubled."""

from __future__ import annotations

import apsw
import pytest

from otel_bridge.errors import Unavailable
from otel_bridge.model import questions as q
from otel_bridge.model import tasks as t
from otel_bridge.model.query import CallsQuery
from otel_bridge.model.scoring import Leased
from otel_bridge.store.scoring.watching import Watched
from otel_bridge.store.sqlite.reader import SqliteReader
from otel_bridge.store.sqlite.writer import SqliteWriter
from tests.contract.store.crash_vfs import cuts, unsynced_at_marks
from tests.contract.store.records import EVERYTHING, PROJECT, T0, a_call, a_deletion
from tests.contract.store.scoring_records import (
    LEASE,
    SECOND,
    A,
    B,
    a_task,
    an_ended,
    claim,
    done,
    failed,
    put_off,
    queue,
    settle,
)

CALLS = range(1, 7)


def leased(number: int, ref: str = A, *, attempt: int = 1, generation: int = 0) -> Leased:
    task = a_task(number, ref, job_id="j", generation=generation)
    return Leased(task=task, attempt=attempt, until=0)


STEPS = [
    (T0, [a_call(number, inputs=b'{"t":"%s"}' % (b"x" * 700)) for number in CALLS]),
    (T0, claim(limit=0, ended=4)),
    (
        T0,
        queue(
            *(a_task(n, ref, job_id="j") for n in CALLS for ref in (A, B)), ended=(an_ended(1), an_ended(2))
        ),
    ),
    (T0, claim(limit=8)),
    (T0, settle(done(leased(1)), failed(leased(2)), done(leased(1, B)), put_off(leased(3), T0 + SECOND))),
    (T0, [a_deletion(4)]),
    (T0 + 2 * SECOND, claim("another", limit=2)),
    (T0 + 3 * SECOND, settle(done(leased(3, attempt=2), b'"%b"' % (b"y" * 20_000)), done(leased(2, B)))),
    (T0 + 3 * SECOND, queue(a_task(1, job_id="k"), a_task(2, job_id="k"), again=True, ended=(an_ended(3),))),
    (T0 + 3 * SECOND, t.RenewTasks(worker="w", tasks=(a_task(3, B),), lease_seconds=100)),
    (T0 + LEASE, claim(keys=(a_task(1, generation=1), a_task(5, B)))),
    (T0 + LEASE, settle(failed(leased(1, generation=1)), done(leased(5, B, attempt=2)))),
    (T0 + 9 * LEASE, claim(limit=50, ended=50)),
    (T0 + 9 * LEASE, settle(done(leased(2, generation=1)), done(leased(6)), done(leased(6, B)))),
]
"""Changes of every kind, and when they come."""


def opened(path, vfs=None) -> SqliteWriter:
    return SqliteWriter(path, EVERYTHING, watched=Watched(everywhere=True), vfs=vfs)


def do(writer, step) -> None:
    now, change = step
    writer.begin()
    if isinstance(change, list):
        writer.apply(change, received_at=now)
    else:
        writer.apply_scoring(change, now=now)
    writer.commit()


def everything_in(path) -> tuple:
    """Calls and runs, feedback, tasks, ended calls, and the numbers that are kept up beside them."""
    reader = SqliteReader(path)
    query = CallsQuery(project_id=PROJECT)
    questions = (
        q.AskFeedback(project_id=PROJECT),
        *(q.AskScoring(project_id=PROJECT, job_id=j) for j in (None, "j")),
    )
    try:
        told = [reader.lines(query, reader.plan(query).seqs)]
        for question in questions:
            try:
                told.append(reader.answer(question))
            except Exception as error:  # noqa: BLE001 - a job that is not known yet
                told.append(str(error))
    finally:
        reader.close()
    return (*told, *rows_in(path))


def rows_in(path) -> tuple:
    connection = apsw.Connection(str(path))
    counted = connection.execute(
        "SELECT project, scorer, state, tasks FROM task_counts WHERE tasks <> 0"
    ).fetchall()
    rows = connection.execute(
        "SELECT project, scorer, state, count(*) FROM tasks GROUP BY 1, 2, 3"
    ).fetchall()
    assert sorted(counted) == sorted(rows)
    assert connection.execute("PRAGMA integrity_check").get == "ok"
    tasks = connection.execute("SELECT * FROM tasks ORDER BY number").fetchall()
    ended = connection.execute("SELECT * FROM ended_calls").fetchall()
    connection.close()
    return tasks, ended


@pytest.fixture
def recorded(tmp_path, tape, vfs):
    """Do all steps, with checkpoints between them; say what was there after each."""
    path = tmp_path / "calls.db"
    writer = opened(path, vfs)
    tape.mark("0")
    seen = [everything_in(path)]
    for number, step in enumerate(STEPS, 1):
        do(writer, step)
        tape.mark(str(number))
        seen.append(everything_in(path))
        if number % 5 == 0:
            writer._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_RESTART)
    writer.close()
    return tape, seen


def test_every_step_changes_something(recorded):
    _, seen = recorded
    assert len(set(map(str, seen))) == len(STEPS) + 1


def test_every_state_of_the_disk_holds_all_that_was_acknowledged_and_nothing_twice(recorded, tmp_path):
    tape, seen = recorded
    tried = 0
    for acknowledged, folder in cuts(tape, tmp_path):
        tried += 1
        opened(folder / "calls.db").close()
        assert everything_in(folder / "calls.db") in seen[acknowledged : acknowledged + 2]
    assert tried >= 60
    assert unsynced_at_marks(tape) == set()


def test_steps_that_are_repeated_after_a_power_cut_come_to_the_same(recorded, tmp_path):
    tape, seen = recorded
    for acknowledged, folder in cuts(tape, tmp_path, each=5):
        writer = opened(folder / "calls.db")
        for step in STEPS[acknowledged:]:
            do(writer, step)
        writer.close()
        assert results_of(everything_in(folder / "calls.db")) == results_of(seen[-1])


def results_of(everything: tuple) -> tuple:
    """What people see: calls and runs, feedback and the states of tasks; not how often one was lent."""
    lines, feedback, *_, tasks, _ended = everything
    return lines, feedback, [(row[1], row[2], row[3], row[4], row[5]) for row in tasks]


FAILURES = [(apsw.IOError, 1), (apsw.FullError, 1), (apsw.IOError, 5)]


def tried(path, tape, vfs, seen, *, fail_at: int, length: int) -> None:
    """Do all steps while some operations fail; each step is whole or not there, and in the end all are."""
    writer = opened(path, vfs)
    tape.fail_at = tape.operations + fail_at
    tape.fail_until = tape.fail_at + length
    for at, step in enumerate(STEPS):
        for _ in range(length + 2):
            try:
                do(writer, step)
                break
            except Unavailable:
                assert everything_in(path) == seen[at]
        assert writer.backlog() == backlog_of(writer)
    assert everything_in(path) == seen[-1]
    tape.fail_at = None
    writer.close()


def operations(path, tape, vfs) -> int:
    """How many operations of the file system all steps take."""
    writer = opened(path, vfs)
    before = tape.operations
    for step in STEPS:
        do(writer, step)
    writer.close()
    return tape.operations - before


@pytest.fixture
def seen(tmp_path):
    """What is there after each step."""
    path = tmp_path / "plain.db"
    writer = opened(path)
    found = [everything_in(path)]
    for step in STEPS:
        do(writer, step)
        found.append(everything_in(path))
    writer.close()
    return found


@pytest.mark.parametrize(("error", "length"), FAILURES)
def test_where_an_operation_fails_a_step_is_done_whole_or_not_at_all(
    tmp_path, tape, vfs, seen, error, length
):
    tape.error = error
    for fail_at in range(length, operations(tmp_path / "all.db", tape, vfs), 29):
        tried(tmp_path / f"{fail_at}.db", tape, vfs, seen, fail_at=fail_at, length=length)


@pytest.mark.long
@pytest.mark.parametrize(("error", "length"), FAILURES)
def test_whatever_operation_fails_a_step_is_done_whole_or_not_at_all(
    tmp_path, tape, vfs, seen, error, length
):
    tape.error = error
    for fail_at in range(operations(tmp_path / "all.db", tape, vfs)):
        tried(tmp_path / f"{fail_at}.db", tape, vfs, seen, fail_at=fail_at, length=length)
        tape.events.clear()


def backlog_of(writer) -> t.Backlog:
    """The backlog, counted row by row."""
    rows = writer._connection.execute("SELECT state, due_at FROM tasks WHERE state <= 1").fetchall()
    ended = [due_at for (due_at,) in writer._connection.execute("SELECT due_at FROM ended_calls")]
    moments = [due_at for _, due_at in rows] + ended
    return t.Backlog(
        queued=sum(state == 0 for state, _ in rows),
        leased=sum(state == 1 for state, _ in rows),
        ended=len(ended),
        due_at=min(moments, default=None),
    )
