"""A change of scoring tasks is checked before the store sees it; what is at fault is named."""

from __future__ import annotations

import subprocess
import sys

import msgspec
import pytest
from msgspec import Raw

from otel_bridge.errors import InvalidRequest
from otel_bridge.ingest.scoring_frames import ChangeTasks
from otel_bridge.ingest.scoring_requests import prepare_scoring
from otel_bridge.model import tasks as t
from otel_bridge.model.scoring import Leased, Outcome, Task
from tests.contract.store.scoring_records import A, a_run, a_task, claim, done, failed, put_off, queue, settle

LEASED = Leased(task=a_task(1), attempt=1, until=0)


def outcome(state: str, **members) -> Outcome:
    return Outcome(task=a_task(1), attempt=1, state=state, **members)


def prepared(change) -> t.ScoringChange:
    return prepare_scoring(ChangeTasks(7, 5), msgspec.json.encode(change)).change


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        (queue(Task(project_id="x", call_id="1", scorer_ref=A)), "tasks[0]"),
        (queue(a_task(1), a_task(call_id="")), "tasks[1].call_id"),
        (queue(a_task(1, "a\0b")), "tasks[0].scorer_ref"),
        (queue(a_task(1, job_id="j" * 513)), "tasks[0].job_id"),
        (claim(limit=1_001), "limit"),
        (claim(ended=-1), "ended"),
        (claim(worker=""), "worker"),
        (claim(lease_seconds=0), "lease_seconds"),
        (claim(keys=(a_task(generation=-1),)), "keys[0].generation"),
        (t.RenewTasks(worker="w", tasks=(), lease_seconds=3_601), "lease_seconds"),
        (settle(done(LEASED), done(LEASED, inputs=Raw(b"[1]"))), "outcomes[1].run.inputs"),
        (settle(done(LEASED, output=b'{"a":1')), "body"),
        (settle(done(LEASED, b"[" * 300 + b"]" * 300)), "outcomes[0].output"),
        (settle(done(LEASED, op_name="o" * 129)), "outcomes[0].run"),
        (settle(done(LEASED, op_name="")), "outcomes[0].run.op_name"),
        (settle(outcome("done")), "outcomes[0].run"),
        (settle(outcome("failed")), "outcomes[0].error"),
        (settle(outcome("failed", error="")), "outcomes[0].error"),
        (settle(outcome("queued", error="busy")), "outcomes[0].due_at"),
        (settle(outcome("queued", due_at=1, run=a_run())), "outcomes[0].run"),
        (settle(done(LEASED, summary=Raw(b"1e999"))), "outcomes[0].run.summary"),
        (queue(*(a_task(1) for _ in range(30_001))), "tasks"),
        (claim(keys=tuple(a_task(1) for _ in range(1_001))), "keys"),
    ],
)
def test_what_makes_no_sense_is_refused_and_named(asked, field):
    with pytest.raises(InvalidRequest) as refused:
        prepared(asked)
    assert refused.value.field == field


@pytest.mark.parametrize(
    "change",
    [
        queue(a_task(1), again=True, tell=True),
        claim(ended=3, rooms={A: 1}),
        settle(failed(LEASED), put_off(LEASED, 4)),
    ],
)
def test_what_makes_sense_is_as_it_was(change):
    assert msgspec.json.encode(prepared(change)) == msgspec.json.encode(change)


def test_trees_are_written_down_as_the_store_keeps_them():
    loose = Raw(b' { "a" : "\\u00e9" } ')
    (kept,) = prepared(settle(done(LEASED, b" [1, 2.50] ", inputs=loose))).outcomes
    assert (bytes(kept.output), bytes(kept.run.inputs)) == (b"[1,2.5]", '{"a":"é"}'.encode())


@pytest.mark.parametrize("body", [b"", b"[]", b'{"type":"nothing"}', b'{"type":"claim"}', b"\xff"])
def test_what_is_no_change_is_refused(body):
    with pytest.raises(InvalidRequest, match="not a change of scoring tasks"):
        prepare_scoring(ChangeTasks(7, 5), body)


def test_children_that_score_nothing_load_neither_openssl_nor_this_module():
    heavy = ("_hashlib", "otel_bridge.ingest.scoring_requests")
    code = "import sys; import otel_bridge.ingest.writer, otel_bridge.ingest.reader;"
    found = subprocess.run(
        [sys.executable, "-c", f"{code} print([name for name in {heavy} if name in sys.modules])"],
        check=True,
        capture_output=True,
        text=True,
    )
    assert found.stdout.strip() == "[]"
