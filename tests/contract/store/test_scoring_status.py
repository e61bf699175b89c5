"""What is told of scoring tasks: to people, and to the service (store/scoring/base.py)."""

from __future__ import annotations

import pytest

from otel_bridge.errors import NotFound
from otel_bridge.model.tasks import Backlog
from tests.contract.store.records import T0, a_call, a_deletion
from tests.contract.store.scoring_records import (
    LEASE,
    SECOND,
    A,
    B,
    a_task,
    counts,
    done,
    failed,
    lent,
    queue,
    settle,
    status,
)


class TestStatus:
    def test_it_counts_by_state_and_by_scorer(self, store):
        store.write(a_call(1), a_call(2), a_call(3))
        store.score(queue(*(a_task(number, ref) for number in (1, 2, 3) for ref in (A, B))))
        first, second, *_ = lent(store, limit=4, rooms={B: 0})
        store.score(settle(done(first), failed(second)))
        shown = status(store)
        assert shown["counts"] == {"queued": 3, "leased": 1, "done": 1, "failed": 1}
        assert [(one["scorer_ref"], one["name"]) for one in shown["scorers"]] == [(A, "a"), (B, "b")]
        assert shown["scorers"][0]["counts"] == {"queued": 0, "leased": 1, "done": 1, "failed": 1}
        assert shown["scorers"][0]["last_error"]["error"] == "it broke"
        assert shown["scorers"][1]["last_error"] is None

    def test_it_is_narrowed_to_a_state_and_a_scorer(self, store):
        store.write(a_call(1), a_call(2))
        store.score(queue(a_task(1, A), a_task(2, A), a_task(1, B)))
        store.score(settle(failed(lent(store, limit=1)[0])))
        assert counts(store, scorer_ref=A) == {"queued": 1, "failed": 1}
        assert counts(store, state="queued") == {"queued": 2}
        assert counts(store, state="failed", scorer_ref=B) == {}
        assert status(store, state="queued")["errors"] == []

    def test_a_job_knows_the_tasks_that_another_had_queued_before(self, store):
        store.write(a_call(1), a_call(2))
        first, second = ({"job_id": name} for name in ("first", "second"))
        store.score(queue(a_task(1, A, **first), a_task(1, B, **first)))
        store.score(queue(a_task(1, A, **second), a_task(2, A, **second)), now=T0 + SECOND)
        store.score(settle(done(lent(store, limit=1)[0])))
        assert counts(store, job_id="first") == {"done": 1, "queued": 1}
        assert counts(store, job_id="second") == {"done": 1, "queued": 1}
        assert [(job["job_id"], job["tasks"]) for job in status(store)["jobs"]] == [
            ("second", 2),
            ("first", 2),
        ]
        assert [job["job_id"] for job in status(store, limit=1)["jobs"]] == ["second"]
        assert [job["job_id"] for job in status(store, job_id="first")["jobs"]] == ["first"]

    def test_a_job_that_was_asked_for_twice_counts_each_task_once(self, store):
        for _ in range(2):
            store.score(queue(a_task(1, job_id="j"), a_task(2, job_id="j")))
        assert counts(store, job_id="j") == {"queued": 2}

    def test_errors_of_a_job_are_its_own(self, store):
        store.write(a_call(1), a_call(2))
        store.score(queue(a_task(1, job_id="one"), a_task(2, job_id="two")))
        first, second = lent(store)
        store.score(settle(failed(first, "first"), failed(second, "second")))
        assert [one["error"] for one in status(store, job_id="one")["errors"]] == ["first"]

    def test_the_newest_errors_come_first_and_are_bounded(self, store):
        store.write(*(a_call(number) for number in range(1, 6)))
        store.score(queue(*(a_task(number) for number in range(1, 6))))
        for at, lease in enumerate(lent(store)):
            store.score(settle(failed(lease, f"error {at}")), now=T0 + at)
        assert [one["error"] for one in status(store, limit=2)["errors"]] == ["error 4", "error 3"]

    def test_an_unknown_job_is_not_found(self, store):
        store.score(queue(a_task(1, job_id="j"), a_task(2)))
        for name in ("nobody", ""):
            with pytest.raises(NotFound, match="is not known"):
                status(store, job_id=name)
        with pytest.raises(NotFound):
            status(store, "acme/other", job_id="j")

    def test_an_unknown_project_has_no_tasks(self, store):
        assert counts(store, project_id="acme/nobody") == {}


class TestBacklog:
    def test_it_follows_what_is_queued_lent_and_settled(self, store):
        store.write(a_call(1), a_call(2))
        assert store.writer.backlog() == Backlog()
        store.score(queue(a_task(1), a_task(2)))
        assert store.writer.backlog() == Backlog(queued=2, due_at=T0)
        first, _ = lent(store)
        assert store.writer.backlog() == Backlog(leased=2, due_at=T0 + LEASE)
        store.score(settle(done(first)))
        assert store.writer.backlog() == Backlog(leased=1, due_at=T0 + LEASE)
        store.write(a_deletion(2))
        assert store.writer.backlog() == Backlog()

    def test_it_is_there_after_the_store_was_opened_again(self, store):
        if store.kind == "memory":
            pytest.skip("nothing in memory is opened again")
        store.score(queue(a_task(1), a_task(2)))
        lent(store, limit=1)
        before = (store.writer.backlog(), status(store))
        store.close()
        store.open()
        assert (store.writer.backlog(), status(store)) == before
