"""Calls that end in watched projects are offered once, until somebody has looked (store/scoring/base.py)."""

from __future__ import annotations

import pytest

from otel_bridge.model import annex
from otel_bridge.model import tasks as t
from otel_bridge.model.scoring import EndedCall
from otel_bridge.model.tasks import Backlog
from otel_bridge.store.base import Applied
from otel_bridge.store.scoring.watching import Watched
from tests.contract.store.records import (
    PROJECT,
    T0,
    Store,
    a_call,
    a_deletion,
    a_name,
    a_start,
    an_end,
    an_ended_span,
    call_id,
)
from tests.contract.store.scoring_records import (
    LEASE,
    SECOND,
    a_task,
    an_ended,
    claim,
    counts,
    ended,
    failed,
    lent,
    monitor,
    queue,
    scored,
    settle,
    status,
)

OTHER = "acme/other"


@pytest.fixture
def watched(store):
    """A store whose configuration has a monitor for the project."""
    return watching(store, Watched(projects=(PROJECT,)))


def watching(store: Store, watched: Watched) -> Store:
    store.close()
    store.writing["watched"] = watched
    store.open()
    return store


class TestWhatIsOffered:
    def test_a_call_that_ends_is_offered_with_the_time_of_its_end(self, watched):
        watched.write(a_call(1))
        assert watched.score(claim(limit=0, ended=10)).ended == (
            EndedCall(PROJECT, call_id(1), T0 + 1_500_000),
        )

    def test_a_span_and_the_parts_of_a_call_end_alike(self, watched):
        watched.write(an_ended_span(1))
        watched.write(a_start(2))
        watched.write(an_end(3))
        assert ended(watched) == [1]
        watched.write(an_end(2))
        watched.write(a_start(3))
        assert ended(watched) == [2, 3]

    def test_a_call_is_offered_once_whatever_comes_after_its_end(self, watched):
        watched.write(a_call(1), an_end(1, output=b"2"))
        watched.score(queue(ended=(an_ended(1),)))
        watched.write(a_call(1), a_name("named"))
        watched.write(a_start(1, started_at=T0 - 5))
        watched.write(an_end(1, output=b"3"), an_ended_span(1))
        assert ended(watched) == []

    def test_calls_of_other_projects_are_not_offered(self, watched):
        watched.write(a_call(1, project_id=OTHER), an_end(1, project_id=OTHER))
        assert ended(watched) == []

    def test_every_project_may_be_watched(self, store):
        watching(store, Watched(everywhere=True))
        store.write(a_start(1, project_id=OTHER), an_end(1, project_id=OTHER))
        assert ended(store) == [1]

    def test_runs_of_scorers_are_not_offered(self, watched):
        watched.write(a_call(1), a_call(2))
        watched.score(queue(ended=(an_ended(1), an_ended(2))))
        scored(watched, a_task(1))
        watched.score(queue(a_task(2)))
        watched.score(settle(failed(lent(watched)[0])))
        assert ended(watched) == []

    def test_what_was_rolled_back_has_not_ended(self, watched):
        watched.writer.begin()
        watched.writer.apply([a_call(1)], received_at=T0)
        watched.writer.rollback()
        assert (ended(watched), watched.writer.backlog()) == ([], Backlog())

    def test_a_call_that_ends_and_is_deleted_at_once_is_not_offered(self, watched):
        watched.write(a_call(1), a_call(2), a_deletion(1))
        assert ended(watched) == [2]

    def test_a_deleted_call_is_no_longer_offered(self, watched):
        watched.write(a_call(1), a_call(2, parent_id=call_id(1)), a_call(3))
        watched.write(a_deletion(1))
        assert ended(watched) == [3]

    def test_a_call_that_retention_removes_is_no_longer_offered(self, watched):
        watched.write(a_call(1), received_at=T0)
        watched.write(a_call(2), received_at=T0 + LEASE)
        watched.limit_retention(seconds=60)
        assert not watched.writer.maintain(now=T0 + LEASE + 1)
        assert ended(watched, now=T0 + LEASE + 1) == [2]

    def test_two_spans_that_share_an_id_are_two_calls(self, watched):
        watched.write(an_ended_span(1))
        watched.write(an_ended_span(1, trace_id="f" * 32))
        found = watched.score(claim(limit=0, ended=10)).ended
        assert sorted(one.call_id for one in found) == sorted(watched.ids())
        assert len(found) == 2


class TestLookingAtThem:
    def test_those_that_ended_first_come_first_and_no_more_than_asked_for(self, watched):
        for at, number in enumerate((3, 1, 2)):
            watched.write(a_call(number), received_at=T0 + at)
        assert [ended(watched, now=T0 + 9, limit=2) for _ in range(3)] == [[3, 1], [2], []]

    def test_they_are_offered_to_nobody_else_until_the_lease_ends(self, watched):
        watched.write(a_call(1))
        assert ended(watched) == [1]
        assert ended(watched, now=T0 + LEASE - 1) == []
        assert ended(watched, now=T0 + LEASE) == [1]

    def test_they_go_with_the_tasks_they_led_to_or_not_at_all(self, watched):
        watched.write(a_call(1))
        ended(watched)
        watched.writer.begin()
        watched.writer.apply_scoring(queue(a_task(1), ended=(an_ended(1),)), now=T0)
        watched.writer.rollback()
        assert (ended(watched, now=T0 + LEASE), counts(watched)) == ([1], {})

        watched.score(queue(a_task(1), ended=(an_ended(1),)))
        assert (ended(watched, now=T0 + 9 * LEASE), counts(watched)) == ([], {"queued": 1})

    def test_letting_go_of_unknown_ones_changes_nothing(self, watched):
        watched.write(a_call(1))
        assert watched.score(queue(ended=(an_ended(7), EndedCall(OTHER, "x")))) == t.Enqueued(queued=0)
        assert ended(watched) == [1]

    def test_tasks_and_ended_calls_come_in_one_claim_which_tells_when_more_is_due(self, watched):
        watched.write(a_call(1))
        watched.score(queue(a_task(2)))
        claimed = watched.score(claim(ended=5, lease_seconds=7))
        assert (len(claimed.leased), len(claimed.ended), claimed.due_at) == (1, 1, T0 + 7 * SECOND)
        assert watched.score(claim(limit=0, ended=0)).due_at is None

    def test_they_count_in_the_backlog_and_in_the_status(self, watched):
        watched.write(*(a_call(number) for number in range(1, 1_102)))
        assert watched.writer.backlog() == Backlog(ended=1_000, due_at=T0)
        assert status(watched)["ended_calls"] == 1_101
        watched.score(queue(ended=tuple(an_ended(number) for number in range(1, 1_100))))
        assert watched.writer.backlog() == Backlog(ended=2, due_at=T0)


class TestStoredMonitors:
    def test_an_active_monitor_makes_its_project_watched(self, store):
        store.write(a_call(1))
        store.write(monitor())
        store.write(a_call(2))
        store.write(a_start(3, project_id=OTHER), an_end(3, project_id=OTHER))
        assert ended(store) == [2]

    def test_one_that_is_not_active_does_not(self, store):
        store.write(monitor(active=False))
        store.write(a_call(1))
        assert ended(store) == []

    def test_its_newest_version_counts(self, store):
        store.write(monitor(active=True), received_at=T0)
        store.write(monitor(active=False), received_at=T0 + 1)
        store.write(a_call(1))
        assert ended(store) == []

    def test_a_monitor_that_is_deleted_watches_no_longer(self, store):
        store.write(monitor(name="one"))
        store.write(monitor(name="two"))
        store.write(annex.DeleteObject(project_id=PROJECT, object_id="one"))
        store.write(a_call(1))
        store.write(annex.DeleteObject(project_id=PROJECT, object_id="two"))
        store.write(a_call(2))
        assert ended(store) == [1]

    def test_an_object_of_another_class_in_its_place_does_not_watch(self, store):
        store.write(monitor(), received_at=T0)
        store.write(monitor(leaf="Model"), received_at=T0 + 1)
        store.write(a_call(1))
        assert ended(store) == []

    def test_a_monitor_of_the_configuration_goes_on_without_stored_ones(self, watched):
        watched.write(monitor(active=False))
        watched.write(a_call(1))
        assert ended(watched) == [1]

    def test_a_monitor_whose_publication_was_rolled_back_does_not_watch(self, store):
        store.writer.begin()
        store.writer.apply([monitor()], received_at=T0)
        store.writer.rollback()
        assert store.write(a_call(1)) == Applied(created=1)
        assert ended(store) == []

    def test_it_is_known_again_when_the_store_is_opened(self, store):
        if store.kind == "memory":
            pytest.skip("nothing in memory is opened again")
        store.write(monitor())
        store.write(monitor(active=False, project_id=OTHER))
        store.close()
        store.open()
        store.write(a_call(1), a_start(2, project_id=OTHER), an_end(2, project_id=OTHER))
        assert ended(store) == [1]


def test_a_store_that_watches_nothing_runs_no_statement_more_for_a_call(store):
    if store.kind == "memory":
        pytest.skip("runs no statements")
    asked: list[str] = []
    store.writer._connection.set_exec_trace(lambda _cursor, sql, _bindings: asked.append(sql) or True)
    store.write(*(an_ended_span(number) for number in range(1, 101)))
    store.write(a_deletion(1))
    words = ("tasks", "ended_calls", "scor")
    assert [sql for sql in asked if any(word in sql for word in words)] == []
