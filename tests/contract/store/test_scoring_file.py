"""Scoring tasks in the SQLite file: what is bounded, what is migrated, and what feedback looks like."""

from __future__ import annotations

import os

import orjson
import pytest

from otel_bridge.errors import Refused, Unavailable
from otel_bridge.model import annex
from otel_bridge.store.limits import StoreLimits
from otel_bridge.store.scoring.watching import Watched
from otel_bridge.store.sqlite import migrate
from otel_bridge.weave.body import Body
from otel_bridge.weave.feedback import feedback_create
from tests.contract.store.annex_records import a_remark, feedback_ids, remarks
from tests.contract.store.older import take_back
from tests.contract.store.records import PROJECT, T0, Store, a_call, call_id
from tests.contract.store.scoring_records import (
    A,
    B,
    a_task,
    counts,
    done,
    ended,
    failed,
    feedback,
    lent,
    monitor,
    queue,
    scored,
    settle,
    status,
)

CAP = 16 << 20
TABLES = ("tasks", "task_counts", "scoring_requests", "ended_calls")


@pytest.fixture
def opened(tmp_path):
    """Opens stores in one file, and closes what was opened last."""
    stores = []

    def open_store(limits: StoreLimits | None = None, **writing) -> Store:
        limits = limits or StoreLimits(retention_seconds=None, max_bytes=None)
        stores.append(Store("sqlite", tmp_path / "calls.db", limits, **writing))
        return stores[-1]

    yield open_store
    stores[-1].close()


def rows(store: Store) -> dict[str, int]:
    run = store.writer._connection.execute
    return {name: run(f"SELECT count(*) FROM {name}").get for name in TABLES}


def test_a_store_of_the_schema_before_is_brought_forward_and_scores(opened):
    store = opened()
    store.write(a_call(1))
    store.write(monitor())
    store.write(remarks(a_remark("a")))
    take_back(store.writer._connection, schema=6)
    store.close()
    store.open()
    assert store.writer._connection.pragma("user_version") == len(migrate.steps())
    store.write(a_call(2))
    assert (ended(store), feedback_ids(store)) == ([2], ["a"])
    scored(store, a_task(1), a_task(2))
    assert (counts(store), len(feedback(store))) == ({"done": 2}, 3)


def test_what_scoring_keeps_goes_with_the_calls_that_make_room(opened, tmp_path):
    store = opened(StoreLimits(retention_seconds=None, max_bytes=CAP), watched=Watched(everywhere=True))
    store.write(monitor())
    for turn in range(1, 71):
        numbers, now = range(10 * turn, 10 * turn + 10), T0 + turn
        texts = [orjson.dumps({"t": os.urandom(16 << 10).hex()}) for _ in numbers]
        calls = [a_call(number, inputs=text) for number, text in zip(numbers, texts, strict=True)]
        store.write(*calls, received_at=now)
        tasks = [a_task(number, ref, job_id=f"job {turn}") for number in numbers for ref in (A, B)]
        store.score(queue(*tasks), now=now)
        store.score(settle(*map(done, lent(store, now=now, limit=10))), now=now)
        store.writer.maintain(now=T0)
        assert sum(file.stat().st_size for file in tmp_path.glob("calls.db*")) <= CAP
    calls = set(store.ids())
    oldest = min(int(name, 16) for name in calls if len(name) == 16)
    assert oldest > 100
    kept = store.writer._connection.execute("SELECT hex(call_id) FROM tasks").fetchall()
    assert {name.lower() for (name,) in kept} <= calls
    left = rows(store)
    assert left["tasks"] <= 2 * len(calls)
    assert left["scoring_requests"] <= 72 - oldest // 10
    assert left["ended_calls"] <= len(calls)
    assert sum(counts(store).values()) == left["tasks"]


def test_nothing_is_left_of_scoring_when_all_calls_have_expired(opened):
    store = opened(watched=Watched(everywhere=True))
    store.write(*(a_call(number) for number in range(1, 301)))
    scored(store, *(a_task(number, job_id="j") for number in range(1, 301)))
    store.score(queue(*(a_task(number, B, job_id="j") for number in range(1, 302))))
    store.limit_retention(seconds=1)
    while store.writer.maintain(now=T0 + 2_000_000):
        pass
    assert rows(store) == dict.fromkeys(TABLES, 0)


def test_feedback_of_a_scorer_is_what_a_client_would_have_sent(opened):
    store = opened()
    store.write(a_call(1))
    (lease,) = scored(store, a_task(1, trigger_ref=B, wb_user_id="me"))
    sent = {
        "id": lease.task.feedback_id,
        "project_id": PROJECT,
        "weave_ref": f"weave:///{PROJECT}/call/{call_id(1)}",
        "feedback_type": "wandb.runnable.a",
        "payload": {"output": {"passed": True}},
        "runnable_ref": A,
        "call_ref": f"weave:///{PROJECT}/call/{lease.task.run_id}",
        "trigger_ref": B,
        "wb_user_id": "me",
    }
    body = Body(orjson.dumps(sent), None, lambda: "never used", T0)
    (change,) = feedback_create(body).changes
    assert isinstance(change, annex.KeepFeedback)
    (kept,) = feedback(store)
    assert {name: value for name, value in kept.items() if name != "created_at"} == orjson.loads(
        change.rows[0].members
    )


def test_a_store_that_cannot_write_says_so_and_keeps_what_it_had(opened):
    store = opened()
    store.write(a_call(1))
    store.score(queue(a_task(1)))
    with pytest.raises(Unavailable):
        store.writer.apply_scoring(queue(a_task(2)), now=T0)
    store.writer.begin()
    with pytest.raises(Refused):
        store.writer.apply_scoring(queue(a_task(2, "weave:///a/b/object/\ud800:1")), now=T0)
    store.writer.rollback()
    assert counts(store) == {"queued": 1}


def test_a_result_that_cannot_be_stored_takes_its_whole_request_with_it(opened):
    store = opened()
    store.write(a_call(1), a_call(2))
    store.score(queue(a_task(1), a_task(2)))
    first, second = lent(store)
    store.writer.begin()
    with pytest.raises(Refused):
        store.writer.apply_scoring(settle(done(first), failed(second, "\ud800")), now=T0)
    store.writer.rollback()
    assert (counts(store), feedback(store), len(store.ids())) == ({"leased": 2}, [], 2)


def test_counts_of_a_job_are_asked_for_with_few_statements(opened):
    store = opened()
    store.score(queue(*(a_task(number, ref, job_id="j") for number in range(1, 301) for ref in (A, B))))
    assert rows(store)["scoring_requests"] == 1
    assert status(store, job_id="j")["jobs"][0]["tasks"] == 600
