"""Stored spans translated again: the call is new, its place and what others gave it are as before."""

from __future__ import annotations

import pytest

from otel_bridge.errors import Unavailable
from otel_bridge.model.query import CallsFilter, CallsQuery, SortBy
from otel_bridge.store import memory_again
from otel_bridge.store.base import Applied
from otel_bridge.store.merge import derived_id
from otel_bridge.store.retranslation import Retranslation
from otel_bridge.store.sqlite import again
from tests.contract.store.records import (
    PROJECT,
    T0,
    Store,
    a_call,
    a_deletion,
    a_name,
    a_span,
    a_start,
    an_end,
    call_id,
)
from tests.contract.store.spans import a_sent_span, some_logs, translation

REF = "weave:///acme/shop/object/data:abc"


@pytest.fixture(params=["sqlite", "memory"])
def store(request, tmp_path, monkeypatch):
    monkeypatch.setattr("tests.contract.store.records.render", lambda record: b'{"record":1}')
    opened = Store(request.param, tmp_path / "calls.db", translate=translation(1), translator=1)
    yield opened
    opened.close()


@pytest.fixture
def small_steps(monkeypatch):
    for module in (again, memory_again):
        monkeypatch.setattr(module, "STEP_CALLS", 3)
    monkeypatch.setattr(again, "SCANNED_CALLS", 5)
    monkeypatch.setattr(again, "STEP_MILLISECONDS", 60_000)


def newer(store, **asked):
    store.translate_with(translation(2), version=2)
    steps = store.retranslate(**asked)
    return tuple(
        sum(getattr(s, name) for s in steps) for name in ("changed", "unchanged", "current", "unreadable")
    )


def versions(store, **query):
    return [call["attributes"].get("version") for call in store.calls(**query)]


def test_calls_become_what_the_new_tables_say(store):
    store.write(a_sent_span(1, model="m"), a_sent_span(2, open_=True))
    assert newer(store) == (2, 0, 0, 0)
    first, second = store.calls()
    assert first["attributes"] == {"version": 2, "said": {"model": "m"}, "otel_span": {"record": 1}}
    assert first["summary"]["version"] == 2
    assert second["summary"]["weave"]["status"] == "running"


def test_a_call_keeps_its_id_its_number_and_its_age(store):
    store.write(a_sent_span(1), a_sent_span(2))
    query = CallsQuery(project_id=PROJECT)
    before = store.all_seqs(query)
    newer(store)
    assert store.all_seqs(query) == before
    store.limit_retention(seconds=10)
    store.writer.maintain(now=T0 + 11_000_000)
    assert store.calls() == []


def test_even_one_whose_start_moves(store):
    store.write(a_sent_span(1, shift2=5), a_sent_span(2))
    query = CallsQuery(project_id=PROJECT)
    (one, two) = store.all_seqs(query)
    assert newer(store) == (2, 0, 0, 0)
    assert store.all_seqs(query) == [two, one]
    assert store.numbers(sort_by=(SortBy("started_at", "desc"),)) == [1, 2]


def test_a_second_run_has_nothing_to_do_and_everything_does_it_anyway(store):
    store.write(a_sent_span(1), a_sent_span(2))
    newer(store)
    assert newer(store) == (0, 0, 2, 0)
    assert newer(store, everything=True) == (0, 2, 0, 0)


def test_calls_that_say_the_same_are_unchanged_and_then_current(store):
    store.write(a_sent_span(1))
    before = store.text()
    store.translate_with(translation(1), version=2)
    (step,) = store.retranslate()
    assert (step.changed, step.unchanged) == (0, 1)
    assert store.text() == before
    assert store.retranslate()[0].current == 1


def test_logs_are_translated_with_their_span(store):
    store.write(a_sent_span(1), some_logs(1, "a"), some_logs(2, "waits"))
    assert newer(store) == (1, 0, 0, 0)
    assert store.the_call()["inputs"] == {"logs": ["a"]}


def test_a_field_that_the_new_tables_do_not_give_is_gone(store):
    store.write(a_sent_span(1, thread="t"))
    assert store.numbers(filter=CallsFilter(thread_ids=("t",))) == [1]
    newer(store)
    assert store.the_call()["thread_id"] is None
    assert store.numbers(filter=CallsFilter(thread_ids=("t",))) == []


def test_what_people_and_the_api_gave_stands(store):
    store.write(a_start(wb_user_id="ann"), a_sent_span(1, display="span's"), a_name("mine"))
    store.write(an_end(output=b'"by hand"', exception="by hand"))
    newer(store)
    call = store.the_call()
    assert (call["wb_user_id"], call["display_name"], call["output"], call["exception"]) == (
        "ann", "mine", "by hand", "by hand",
    )  # fmt: skip
    assert call["attributes"]["version"] == 2


def test_calls_without_a_span_are_left_alone(store):
    store.write(a_call(1), a_start(2, otel_dump=b'{"name":"x"}'))
    before = store.text()
    assert newer(store, everything=True) == (0, 0, 0, 0)
    assert store.text() == before


def test_an_unreadable_span_stays_as_it_was_and_is_named(store):
    store.write(a_span(1), a_sent_span(2))
    before = store.the_call(1)
    assert newer(store) == (1, 0, 0, 1)
    assert store.the_call(1) == before
    store.translate_with(translation(3), version=3)
    (step,) = store.retranslate()
    assert step.named == (f"{PROJECT}/{call_id(1)}",)


def test_refs_and_flags_follow(store):
    store.write(a_sent_span(1, ref=REF), a_sent_span(2, exception="boom"))
    assert store.numbers(filter=CallsFilter(input_refs=(REF,))) == []
    newer(store)
    assert store.numbers(filter=CallsFilter(input_refs=(REF,))) == [1]
    assert store.the_call(2)["summary"]["weave"]["status"] == "error"
    store.translate_with(translation(1), version=3)
    store.retranslate()
    assert store.numbers(filter=CallsFilter(input_refs=(REF,))) == []


def test_a_call_under_a_derived_id_stays_under_it(store):
    second = a_sent_span(1, trace=2)
    store.write(a_sent_span(1), second)
    assert newer(store) == (2, 0, 0, 0)
    assert sorted(store.ids()) == sorted([call_id(1), derived_id(second.start)])


def test_a_project_and_a_time_narrow_a_run(store):
    store.write(a_sent_span(1), a_sent_span(2, project_id="acme/other"), received_at=T0)
    store.write(a_sent_span(3), received_at=T0 + 10)
    assert newer(store, project_id="no/body") == (0, 0, 0, 0)
    assert newer(store, project_id=PROJECT, since=T0 + 5) == (1, 0, 0, 0)
    assert versions(store) == [1, 2]
    assert newer(store, project_id=PROJECT) == (1, 0, 1, 0)
    assert versions(store, project_id="acme/other") == [1]


def test_the_same_span_again_after_it_is_nothing_new(store):
    store.write(a_sent_span(1, version=1))
    newer(store)
    assert store.write(a_sent_span(1, version=2)) == Applied(unchanged=1)


def test_nothing_is_seen_before_the_commit_and_nothing_after_a_rollback(store):
    store.write(a_sent_span(1))
    store.translate_with(translation(2), version=2)
    store.writer.begin()
    store.writer.retranslate(Retranslation())
    assert versions(store) == [1]
    store.writer.rollback()
    assert versions(store) == [1]
    store.retranslate(restart=True)
    assert versions(store) == [2]


def test_a_step_sees_what_its_transaction_wrote(store):
    store.write(a_sent_span(1))
    store.translate_with(translation(2), version=2)
    store.writer.begin()
    store.writer.apply([a_name("mine"), a_sent_span(2), a_deletion(2)], received_at=T0)
    store.writer.retranslate(Retranslation())
    store.writer.commit()
    (call,) = store.calls()
    assert (call["display_name"], call["attributes"]["version"]) == ("mine", 2)


def test_without_a_transaction_it_is_refused(store):
    with pytest.raises(Unavailable):
        store.writer.retranslate(Retranslation())


@pytest.mark.usefixtures("small_steps")
class TestSteps:
    def step(self, store, cursor=None, **asked):
        store.writer.begin()
        done = store.writer.retranslate(Retranslation(**asked), cursor)
        store.writer.commit()
        return done

    def test_a_run_goes_in_short_steps_to_where_it_began(self, store):
        store.write(*(a_sent_span(n) for n in range(1, 11)))
        store.translate_with(translation(2), version=2)
        first = self.step(store)
        assert (first.changed, first.cursor.after) == (3, 3)
        store.write(a_sent_span(11))
        rest = [step.changed for step in self.rest(store, first.cursor)]
        assert rest == [3, 3, 1]
        assert versions(store)[:10] == [2] * 10

    def rest(self, store, cursor, **asked):
        while cursor is not None:
            done = self.step(store, cursor, **asked)
            cursor = done.cursor
            yield done

    @pytest.mark.parametrize("everything", [False, True])
    def test_a_run_that_was_stopped_goes_on_where_it_was(self, store, everything):
        store.write(*(a_sent_span(n) for n in range(1, 11)))
        store.translate_with(translation(2), version=2)
        self.step(store, everything=everything)
        again = self.step(store, everything=everything)
        assert (again.resumed, again.started.after, again.changed) == (True, 3, 3)
        assert [step.changed for step in self.rest(store, again.cursor, everything=everything)] == [3, 1]
        assert not self.step(store, everything=everything).resumed

    def test_a_run_may_be_started_over(self, store):
        store.write(*(a_sent_span(n) for n in range(1, 11)))
        store.translate_with(translation(2), version=2)
        self.step(store, everything=True)
        again = self.step(store, everything=True, restart=True)
        assert (again.resumed, again.unchanged) == (False, 3)

    def test_a_wider_run_does_not_go_on_where_a_narrower_one_was_stopped(self, store):
        store.write(*(a_sent_span(n) for n in range(1, 11)), received_at=T0)
        store.translate_with(translation(2), version=2)
        self.step(store, everything=True, since=T0)
        assert self.step(store, everything=True, since=T0 + 1).resumed
        assert not self.step(store, everything=True).resumed

    def test_a_newer_version_does_not_go_on_where_an_older_one_was_stopped(self, store):
        store.write(*(a_sent_span(n) for n in range(1, 11)))
        store.translate_with(translation(2), version=2)
        self.step(store)
        store.translate_with(translation(3), version=3)
        assert not self.step(store).resumed

    def test_calls_between_that_need_nothing_are_passed_by(self, store):
        store.write(*(a_call(n) for n in range(1, 21)), a_sent_span(21), *(a_call(n) for n in range(22, 40)))
        assert newer(store) == (1, 0, 0, 0)


def test_a_step_ends_when_its_time_is_over(tmp_path):
    store = Store("sqlite", tmp_path / "calls.db", translate=translation(1), translator=1)
    store.write(*(a_sent_span(n) for n in range(1, 11)))
    store.translate_with(translation(2), version=2)
    ticks = iter(range(0, 1000, 4))  # milliseconds: every look at the clock takes four
    store.writer._again._clock = lambda: next(ticks) / 1000
    store.writer.begin()
    done = store.writer.retranslate(Retranslation())
    store.writer.commit()
    assert 0 < done.changed < 10
    assert done.cursor is not None
    store.close()
