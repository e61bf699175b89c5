"""What settled tasks leave, and what becomes of tasks whose calls go (store/scoring/base.py)."""

from __future__ import annotations

import orjson
import pytest
from msgspec.structs import replace

from otel_bridge.model import tasks as t
from otel_bridge.model.tasks import Backlog
from tests.contract.store.records import PROJECT, T0, a_call, a_deletion, a_start, call_id
from tests.contract.store.scoring_records import (
    LEASE,
    SECOND,
    A,
    B,
    a_task,
    counts,
    done,
    failed,
    feedback,
    lent,
    put_off,
    queue,
    scored,
    settle,
    status,
)


class TestSettle:
    def test_run_feedback_and_state_are_there_at_once(self, store):
        store.write(a_call(1))
        store.score(queue(a_task(1, trigger_ref=B, wb_user_id="me")))
        (lease,) = lent(store)
        store.score(settle(done(lease, b'{"passed":true}', op_name="a.score")), now=T0 + 7)

        (row,) = feedback(store)
        assert row["id"] == lease.task.feedback_id
        assert row["weave_ref"] == f"weave:///{PROJECT}/call/{call_id(1)}"
        assert row["feedback_type"] == "wandb.runnable.a"
        assert row["payload"] == {"output": {"passed": True}}
        assert row["runnable_ref"] == A
        assert row["call_ref"] == f"weave:///{PROJECT}/call/{lease.task.run_id}"
        assert (row["trigger_ref"], row["wb_user_id"], row["creator"]) == (B, "me", None)
        (run,) = [call for call in store.calls() if call["id"] == lease.task.run_id]
        assert (run["op_name"], run["trace_id"], run["parent_id"]) == ("a.score", lease.task.trace_id, None)
        assert (run["inputs"], run["output"], run["wb_user_id"]) == ({"output": 1}, True, "me")
        assert run["ended_at"] == "2026-01-02T03:04:06.006000Z"
        assert counts(store) == {"done": 1}

    def test_a_failure_is_recorded_on_the_run_and_gives_no_feedback(self, store):
        store.write(a_call(1))
        store.score(queue(a_task(1)))
        (lease,) = lent(store)
        store.score(settle(failed(lease, "no such key")), now=T0 + SECOND)
        assert feedback(store) == []
        (run,) = [call for call in store.calls() if call["id"] == lease.task.run_id]
        assert run["exception"] == "no such key"
        assert status(store)["errors"] == [
            {
                "call_id": call_id(1),
                "scorer_ref": A,
                "state": "failed",
                "attempt": 1,
                "error": "no such key",
                "at": "2026-01-02T03:04:06.006000Z",
            }
        ]

    def test_a_failure_without_a_run_leaves_its_error_only(self, store):
        store.write(a_call(1))
        store.score(queue(a_task(1)))
        store.score(settle(failed(lent(store)[0], with_run=False)))
        assert store.ids() == [call_id(1)]
        assert counts(store) == {"failed": 1}

    def test_settling_twice_changes_nothing(self, store):
        store.write(a_call(1))
        store.score(queue(a_task(1)))
        (lease,) = lent(store)
        assert store.score(settle(done(lease), done(lease))) == t.Settled(kept=1, ignored=1, done=1)
        before = (store.text(), feedback(store), status(store))
        for outcome in (done(lease, b"0"), failed(lease), put_off(lease, T0)):
            assert store.score(settle(outcome), now=T0 + LEASE) == t.Settled(kept=0, ignored=1)
        assert (store.text(), feedback(store), status(store)) == before

    def test_an_outcome_of_a_task_that_nobody_asked_for_is_ignored(self, store):
        store.write(a_call(1))
        store.score(queue(a_task(1)))
        (lease,) = lent(store)
        unknown = replace(lease, task=a_task(2))
        assert store.score(settle(done(unknown))) == t.Settled(kept=0, ignored=1)
        assert store.ids() == [call_id(1)]

    def test_a_late_result_counts_and_a_late_failure_does_not(self, store):
        store.write(a_call(1), a_call(2))
        store.score(queue(a_task(1), a_task(2)))
        late = lent(store)
        lent(store, worker="another", now=T0 + LEASE)
        outcomes = (done(late[0]), failed(late[1]))
        assert store.score(settle(*outcomes), now=T0 + LEASE) == t.Settled(kept=1, ignored=1, done=1)
        assert counts(store) == {"done": 1, "leased": 1}

    def test_the_result_of_an_older_generation_is_ignored(self, store):
        store.write(a_call(1))
        (first,) = scored(store, a_task(1))
        store.score(queue(a_task(1), again=True))
        (second,) = lent(store)
        assert store.score(settle(done(first))).ignored == 1
        assert store.score(settle(done(second))).kept == 1
        assert len(feedback(store)) == 2

    def test_an_output_that_feedback_cannot_hold_fails_and_says_so_on_the_run(self, store):
        store.write(a_call(1), a_call(2))
        store.score(queue(a_task(1), a_task(2)))
        first, second = lent(store)
        most = b'"%b"' % (b"x" * (t.MAX_OUTPUT_BYTES - 2))
        store.score(settle(done(first, most), done(second, b" " + most)))
        assert len(orjson.dumps(feedback(store)[0]["payload"])) <= 1 << 20
        assert counts(store) == {"done": 1, "failed": 1}
        (run,) = [call for call in store.calls() if call["id"] == second.task.run_id]
        assert run["exception"].startswith("the output is larger than 1 MiB")

    def test_a_scorer_that_is_an_op_gives_feedback_of_its_name(self, store):
        store.write(a_call(1))
        scored(store, a_task(1, f"weave:///{PROJECT}/op/judge:1"))
        assert feedback(store)[0]["feedback_type"] == "wandb.runnable.judge"


class TestCallsThatGo:
    def test_a_call_that_is_deleted_meanwhile_leaves_neither_run_nor_feedback(self, store):
        store.write(a_call(1), a_call(2))
        store.score(queue(a_task(1), a_task(2)))
        first, second = lent(store)
        store.write(a_deletion(1), received_at=T0 + SECOND)
        assert counts(store) == {"failed": 1, "leased": 1}
        assert status(store)["errors"][0]["error"] == "the call is gone"

        assert store.score(settle(done(first), done(second))) == t.Settled(kept=1, ignored=1, done=1)
        assert set(store.ids()) == {call_id(2), second.task.run_id}
        assert len(feedback(store)) == 1

    def test_a_call_that_never_was_fails_when_its_result_comes(self, store):
        store.score(queue(a_task(1)))
        (lease,) = lent(store)
        store.score(settle(done(lease)))
        assert (store.ids(), feedback(store), counts(store)) == ([], [], {"failed": 1})
        assert status(store)["errors"][0]["error"] == "the call is gone"

    def test_finished_tasks_go_with_their_deleted_call_and_all_below_it(self, store):
        store.write(a_call(1), a_call(2, parent_id=call_id(1)), a_call(3))
        scored(store, a_task(1), a_task(2), a_task(3))
        store.write(a_deletion(1))
        assert counts(store) == {"done": 1}
        assert store.writer.backlog() == Backlog()

    @pytest.mark.parametrize("name", ["00000000-0000-7000-8000-00000000000a", "0123456789abcdef", "x"])
    def test_ids_of_every_form_are_the_same_call(self, store, name):
        task = a_task(call_id=name)
        store.write(a_start(name))
        (lease,) = scored(store, task)
        assert lease.task == task
        assert counts(store) == {"done": 1}

    def test_tasks_go_with_the_calls_that_retention_removes(self, store):
        store.write(a_call(1), received_at=T0)
        store.write(a_call(2), received_at=T0 + 60 * SECOND)
        scored(store, a_task(1), a_task(2), now=T0 + 60 * SECOND)
        store.score(queue(a_task(1, B, job_id="j"), a_task(3, job_id="j")), now=T0 + 60 * SECOND)
        store.limit_retention(seconds=100)

        assert not store.writer.maintain(now=T0 + 101 * SECOND)
        assert counts(store) == {"done": 1, "queued": 1}
        assert store.writer.backlog().queued == 1

        assert not store.writer.maintain(now=T0 + 161 * SECOND)
        assert (counts(store), status(store)["jobs"]) == ({}, [])
        assert store.writer.backlog() == Backlog()
