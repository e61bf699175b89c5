"""What every store promises of scoring tasks (store/scoring/base.py)."""

from __future__ import annotations

from msgspec.structs import replace

from otel_bridge.model import tasks as t
from otel_bridge.model.tasks import Backlog
from tests.contract.store.records import PROJECT, T0, a_call, call_id
from tests.contract.store.scoring_records import (
    LEASE,
    SECOND,
    A,
    B,
    C,
    a_task,
    claim,
    counts,
    done,
    failed,
    feedback,
    given_back,
    keys,
    lent,
    numbers,
    put_off,
    queue,
    scored,
    settle,
    status,
)


class TestEnqueue:
    def test_a_task_that_is_queued_or_leased_is_not_queued_again(self, store):
        assert store.score(queue(a_task(1), a_task(2), a_task(1))).queued == 2
        assert store.score(queue(a_task(1), a_task(2), again=True)).queued == 0
        assert numbers(lent(store)) == [1, 2]
        assert store.score(queue(a_task(1), again=True)).queued == 0

    def test_another_version_of_a_scorer_is_another_task(self, store):
        store.write(a_call(1))
        scored(store, a_task(1, A))
        assert store.score(queue(a_task(1, A), a_task(1, B), a_task(1, A + "2"))).queued == 2

    def test_a_task_of_another_project_is_another_task(self, store):
        assert store.score(queue(a_task(1), a_task(1, project_id="acme/other"))).queued == 2
        assert counts(store) == {"queued": 1}

    def test_what_is_done_is_queued_again_only_on_purpose_and_gives_new_results(self, store):
        store.write(a_call(1))
        (first,) = scored(store, a_task(1))
        assert store.score(queue(a_task(1))).queued == 0
        assert store.score(queue(a_task(1), again=True)).queued == 1

        (second,) = lent(store)
        assert (second.task.generation, second.attempt) == (first.task.generation + 1, 1)
        store.score(settle(done(second, b"2")))
        assert {row["id"] for row in feedback(store)} == {first.task.feedback_id, second.task.feedback_id}
        assert set(store.ids()) == {call_id(1), first.task.run_id, second.task.run_id}

    def test_what_has_failed_is_queued_when_it_is_asked_for_again(self, store):
        store.write(a_call(1))
        store.score(queue(a_task(1)))
        (first,) = lent(store)
        store.score(settle(failed(first)))
        assert counts(store) == {"failed": 1}

        assert store.score(queue(a_task(1))).queued == 1
        (second,) = lent(store)
        assert (second.task.generation, second.attempt) == (1, 1)
        store.score(settle(done(second)))
        assert counts(store) == {"done": 1}

    def test_it_tells_which_of_the_tasks_wait_when_asked(self, store):
        store.write(a_call(1), a_call(2))
        scored(store, a_task(1))
        store.score(queue(a_task(2)))
        lent(store)
        store.score(queue(a_task(3)))
        asked = queue(a_task(1), a_task(2), a_task(3), a_task(4), again=True, tell=True)
        told = store.score(asked)
        assert told.queued == 2
        assert [(int(one.call_id, 16), one.generation) for one in told.tasks] == [(1, 1), (3, 0), (4, 0)]

    def test_a_task_remembers_who_asked_for_it(self, store):
        trigger = f"weave:///{PROJECT}/object/monitor:1"
        task = a_task(1, job_id="j", trigger_ref=trigger, wb_user_id="me")
        store.score(queue(task))
        store.score(queue(a_task(1, job_id="other")))
        (lease,) = lent(store)
        assert lease.task == task

    def test_what_was_rolled_back_was_never_asked_for(self, store):
        store.writer.begin()
        store.writer.apply_scoring(queue(a_task(1), a_task(2)), now=T0)
        store.writer.rollback()
        assert store.writer.backlog() == Backlog()
        assert lent(store) == []


class TestClaim:
    def test_the_oldest_tasks_come_first(self, store):
        for number in (3, 1, 2):
            store.score(queue(a_task(number)), now=T0 + number)
        assert numbers(lent(store, now=T0 + 9, limit=2)) == [1, 2]
        assert numbers(lent(store, now=T0 + 9, limit=2)) == [3]

    def test_a_backlog_of_one_scorer_does_not_hide_the_tasks_of_another(self, store):
        store.score(queue(*(a_task(number, A) for number in range(1, 50))), now=T0)
        store.score(queue(a_task(1, B), a_task(2, B)), now=T0 + SECOND)
        first = keys(lent(store, now=T0 + SECOND, limit=10))
        assert first == [*((n, A) for n in range(1, 6)), (1, B), (2, B), *((n, A) for n in range(6, 9))]

    def test_one_task_at_a_time_is_the_one_that_waits_longest(self, store):
        store.score(queue(a_task(1, B)), now=T0)
        store.score(queue(a_task(1, A)), now=T0 + 1)
        assert [keys(lent(store, now=T0 + 9, limit=1)) for _ in range(3)] == [[(1, B)], [(1, A)], []]

    def test_tasks_of_scorers_without_room_are_left_alone(self, store):
        store.score(queue(a_task(1, A), a_task(1, B)))
        assert keys(lent(store, rooms={A: 0})) == [(1, B)]
        assert keys(lent(store, rooms={B: 0})) == [(1, A)]

    def test_no_more_of_a_scorer_are_lent_than_there_is_room_for(self, store):
        store.score(queue(*(a_task(number, ref) for number in range(1, 9) for ref in (A, B, C))))
        first = keys(lent(store, rooms={A: 1, B: 5}, each=2))
        assert sorted(first) == sorted([(1, A), *((n, B) for n in range(1, 6)), (1, C), (2, C)])
        assert keys(lent(store, each=0)) == []
        assert keys(lent(store, each=0, rooms={A: 2})) == [(2, A), (3, A)]

    def test_a_leased_task_is_lent_to_nobody_else_until_its_lease_ends(self, store):
        store.score(queue(a_task(1)))
        (first,) = lent(store, worker="one")
        assert (first.attempt, first.until) == (1, T0 + LEASE)
        assert lent(store, worker="two", now=T0 + LEASE - 1) == []
        (second,) = lent(store, worker="two", now=T0 + LEASE)
        assert (second.attempt, second.task) == (2, first.task)

    def test_a_task_that_was_put_off_is_lent_when_it_is_due(self, store):
        store.write(a_call(1))
        store.score(queue(a_task(1)))
        (lease,) = lent(store)
        store.score(settle(put_off(lease, T0 + 5 * SECOND)))
        assert counts(store) == {"queued": 1}
        assert status(store)["errors"][0]["error"] == "busy"
        assert lent(store, now=T0 + 5 * SECOND - 1) == []
        (again,) = lent(store, now=T0 + 5 * SECOND)
        assert again.attempt == 2

    def test_it_tells_when_more_is_due(self, store):
        store.score(queue(a_task(1, A), a_task(2, A), a_task(1, B)))
        assert store.score(claim(limit=1, rooms={B: 0})).due_at == T0
        assert store.score(claim(limit=1, rooms={B: 0}, lease_seconds=7)).due_at == T0 + 7 * SECOND
        assert store.score(claim(rooms={A: 0, B: 0})).due_at is None

    def test_a_claim_that_was_rolled_back_lends_nothing(self, store):
        store.score(queue(a_task(1)))
        store.writer.begin()
        assert len(store.writer.apply_scoring(claim(), now=T0).leased) == 1
        store.writer.rollback()
        assert lent(store)[0].attempt == 1

    def test_a_task_whose_leases_run_out_again_and_again_fails_and_says_why(self, store):
        store.write(a_call(1), a_call(2))
        store.score(queue(a_task(1)))
        now = T0
        for attempt in range(1, t.MAX_ATTEMPTS + 1):
            (lease,) = lent(store, now=now, limit=1)
            assert (numbers([lease]), lease.attempt) == ([1], attempt)
            now += LEASE
        store.score(queue(a_task(2)), now=now)
        assert numbers(lent(store, now=now, limit=1)) == [2]
        (trouble,) = status(store)["errors"]
        assert (trouble["call_id"], trouble["state"]) == (call_id(1), "failed")
        assert trouble["error"] == "the worker died 5 times while it scored this call"

    def test_retries_that_a_worker_asks_for_are_not_taken_for_its_death(self, store):
        store.write(a_call(1))
        store.score(queue(a_task(1)))
        for attempt in range(1, 3 * t.MAX_ATTEMPTS):
            (lease,) = lent(store)
            assert lease.attempt == attempt
            store.score(settle(put_off(lease, T0)))
        assert counts(store) == {"queued": 1}

    def test_a_task_that_is_given_back_untried_has_lost_no_attempt(self, store):
        store.write(a_call(1))
        store.score(queue(a_task(1)))
        store.score(settle(put_off(lent(store)[0], T0, "busy")))
        for _ in range(3):
            (lease,) = lent(store)
            assert lease.attempt == 2
            store.score(settle(given_back(lease)))
        assert status(store)["errors"][0]["error"] == "busy"


class TestClaimByKeys:
    def test_exactly_these_are_lent_and_those_that_are_unknown_are_taken_up(self, store):
        store.score(queue(a_task(1), a_task(2)))
        assert numbers(lent(store, limit=0, keys=(a_task(2), a_task(3), a_task(2)))) == [2, 3]
        assert counts(store) == {"queued": 1, "leased": 2}

    def test_a_lease_of_another_worker_is_taken_over(self, store):
        store.score(queue(a_task(1)))
        (first,) = lent(store, worker="one")
        (second,) = lent(store, worker="two", keys=(a_task(1),))
        assert (second.attempt, second.until) == (2, T0 + LEASE)
        store.write(a_call(1))
        assert store.score(settle(failed(first))).ignored == 1
        assert store.score(settle(done(second))).kept == 1

    def test_finished_tasks_are_left_out(self, store):
        store.write(a_call(1), a_call(2))
        scored(store, a_task(1))
        store.score(queue(a_task(2)))
        store.score(settle(failed(lent(store)[0])))
        assert lent(store, keys=(a_task(1), a_task(2))) == []

    def test_an_older_generation_is_left_out_and_a_newer_one_taken_up(self, store):
        store.write(a_call(1))
        scored(store, a_task(1))
        store.score(queue(a_task(1), again=True))
        assert lent(store, keys=(a_task(1),)) == []
        assert lent(store, keys=(a_task(1, generation=1),))[0].task.generation == 1
        assert lent(store, keys=(a_task(1, generation=4),))[0].task.generation == 4

    def test_a_task_that_was_put_off_is_lent_when_it_is_due(self, store):
        store.write(a_call(1))
        store.score(queue(a_task(1)))
        store.score(settle(put_off(lent(store)[0], T0 + LEASE)))
        assert store.score(claim(keys=(a_task(1), a_task(9)))).due_at == T0 + LEASE
        assert numbers(lent(store, keys=(a_task(1),), now=T0 + LEASE)) == [1]

    def test_a_task_that_kills_one_worker_after_the_other_is_taken_over_a_few_times_only(self, store):
        store.write(a_call(1))
        claims = [claim(f"w{n}", keys=(a_task(1),)) for n in range(t.MAX_ATTEMPTS + 2)]
        lives = [store.score(asked) for asked in claims]
        assert [len(life.leased) for life in lives] == [1] * t.MAX_ATTEMPTS + [0, 0]
        assert [life.worn for life in lives] == [()] * t.MAX_ATTEMPTS + [(a_task(1),), ()]
        assert counts(store) == {"failed": 1}

    def test_a_worker_that_asks_again_has_not_died(self, store):
        for attempt in range(1, t.MAX_ATTEMPTS + 3):
            assert lent(store, keys=(a_task(1),))[0].attempt == attempt


class TestRenew:
    def test_a_renewed_lease_goes_on(self, store):
        store.score(queue(a_task(1)))
        (lease,) = lent(store)
        later = T0 + 50 * SECOND
        renewed = store.score(t.RenewTasks(worker="w", tasks=(lease.task,), lease_seconds=60), now=later)
        assert renewed == t.Renewed(renewed=1)
        assert lent(store, now=T0 + LEASE) == []
        assert numbers(lent(store, now=later + LEASE)) == [1]

    def test_it_tells_what_the_worker_no_longer_holds(self, store):
        store.write(a_call(1), a_call(2), a_call(3))
        store.score(queue(a_task(1), a_task(2), a_task(3)))
        mine = [lease.task for lease in lent(store, worker="one")]
        lent(store, worker="two", keys=(a_task(1),))
        store.score(settle(*(done(lease) for lease in lent(store, worker="one", keys=(a_task(2),)))))
        asked = t.RenewTasks(worker="one", tasks=(*mine, a_task(9), replace(mine[2], generation=7)))
        renewed = store.score(asked)
        assert renewed.renewed == 1
        assert renewed.lost == (mine[0], mine[1], a_task(9), replace(mine[2], generation=7))
