"""Start, end, both, again, in any order: what the records of one call come to."""

from __future__ import annotations

import pytest

from otel_bridge.model.call import CompletedCall
from otel_bridge.store.base import Applied
from otel_bridge.store.merge import derived_id
from tests.contract.store.records import (
    PROJECT,
    T0,
    a_call,
    a_deletion,
    a_name,
    a_span,
    a_start,
    an_end,
    an_ended_span,
    call_id,
    trace_id,
)


def test_a_start_is_a_running_call(store):
    store.write(a_start())
    call = store.the_call()
    assert (call["ended_at"], call["output"]) == (None, None)
    assert call["summary"] == {"weave": {"status": "running", "trace_name": "chat"}}


def test_an_end_completes_its_call_in_a_later_request(store):
    store.write(a_start())
    assert store.write(an_end()) == Applied(merged=1)
    assert store.the_call()["output"] == "hello"
    assert store.the_call()["summary"]["weave"]["latency_ms"] == 1500


def test_an_end_that_comes_first_waits_for_its_start_unseen(store):
    assert store.write(an_end()) == Applied(created=1)
    assert store.calls() == []
    assert store.count() == 0
    assert store.write(a_start()) == Applied(merged=1)
    assert store.the_call()["output"] == "hello"


def test_end_before_start_in_one_request_is_one_call(store):
    store.write(an_end(), a_start())
    assert store.the_call()["summary"]["weave"]["status"] == "success"


def test_start_and_end_that_travel_together_are_one_call(store):
    assert store.write(a_call()) == Applied(created=1)
    assert store.the_call()["output"] == "hello"


def test_the_same_call_again_changes_nothing(store):
    store.write(an_ended_span())
    before = store.text()
    assert store.write(an_ended_span()) == Applied(unchanged=1)
    assert store.text() == before


def test_the_same_span_twice_in_one_request_is_one_call(store):
    assert store.write(an_ended_span(), an_ended_span()) == Applied(created=1, unchanged=1)
    assert store.count() == 1


def test_of_two_plain_starts_the_later_one_wins_where_it_says_something(store):
    store.write(a_start(op_name="first", thread_id="t"))
    store.write(a_start(op_name="second"))
    call = store.the_call()
    assert (call["op_name"], call["thread_id"]) == ("second", "t")


@pytest.mark.parametrize("whole", [{"span": b"s", "span_start_ns": 1}, {"otel_dump": b'{"a":1}'}])
@pytest.mark.parametrize("span_first", [True, False])
def test_a_start_with_a_whole_span_beats_one_without_field_by_field(store, span_first, whole):
    starts = [a_start(op_name="span", **whole), a_start(op_name="plain", thread_id="t", inputs=b'{"p":1}')]
    for start in starts if span_first else reversed(starts):
        store.write(start)
    call = store.the_call()
    assert (call["op_name"], call["inputs"], call["thread_id"]) == ("span", {"q": 1}, "t")


def test_of_plain_starts_around_a_span_the_later_fills_what_the_span_leaves_open(store):
    store.write(a_start(thread_id="early"))
    store.write(a_span(op_name="span"))
    store.write(a_start(thread_id="late", op_name="plain"))
    call = store.the_call()
    assert (call["op_name"], call["thread_id"]) == ("span", "late")


@pytest.mark.parametrize("open_first", [True, False])
def test_the_record_of_a_span_that_has_ended_beats_the_one_still_open(store, open_first):
    still_open = a_span(attributes=b'{"state":"open"}', span=b"open")
    ended = CompletedCall(a_span(attributes=b'{"state":"ended"}', span=b"ended"), an_end())
    for record in [still_open, ended] if open_first else [ended, still_open]:
        store.write(record)
    call = store.the_call()
    assert call["attributes"] == {"state": "ended", "otel_span": {"record": "ended"}}


def test_a_later_end_wins_where_it_says_something(store):
    store.write(a_call())
    store.write(an_end(ended_at=T0 + 2_000_000, output=None, exception="boom"))
    call = store.the_call()
    assert (call["output"], call["exception"]) == ("hello", "boom")
    assert call["summary"]["weave"] == {"status": "error", "latency_ms": 2000, "trace_name": "chat"}


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2), (1, 2, 0), (2, 1, 0)])
def test_a_name_that_a_person_gave_beats_the_name_of_any_start(store, order):
    records = [a_span(display_name="from the span"), a_name("mine"), an_end()]
    for place in order:
        store.write(records[place])
    assert store.the_call()["display_name"] == "mine"


def test_an_empty_name_takes_the_name_away_and_no_start_brings_it_back(store):
    store.write(a_start(display_name="from the start"))
    store.write(a_name(""))
    store.write(a_start(display_name="from the start"))
    call = store.the_call()
    assert call["display_name"] is None
    assert call["summary"]["weave"]["trace_name"] == "chat"


def test_projects_keep_calls_of_one_id_apart(store):
    store.write(a_start(), a_start(project_id="acme/other", op_name="other"))
    assert store.the_call()["op_name"] == "chat"
    assert [call["op_name"] for call in store.calls(project_id="acme/other")] == ["other"]


class TestCollisions:
    @pytest.mark.parametrize(
        "other", [{"trace_id": trace_id(2)}, {"span_start_ns": T0 * 1000 + 1}], ids=["trace", "start"]
    )
    def test_another_span_under_an_id_is_kept_under_a_derived_one(self, store, other):
        store.write(an_ended_span())
        second = an_ended_span(**other, op_name="other")
        assert store.write(second) == Applied(created=1, collisions=1)
        assert sorted(store.ids()) == sorted([call_id(1), derived_id(second.start)])
        assert store.the_call()["op_name"] == "chat"

    def test_both_spans_may_come_again(self, store):
        first, second = an_ended_span(), an_ended_span(trace_id=trace_id(2))
        store.write(first, second)
        before = store.text()
        assert store.write(second, first) == Applied(unchanged=2)
        assert store.text() == before

    def test_the_second_keeps_its_derived_id_when_the_first_has_expired(self, store):
        first, second = an_ended_span(), an_ended_span(trace_id=trace_id(2))
        store.write(first, received_at=T0)
        store.write(second, received_at=T0 + 10)
        store.limit_retention(seconds=1)
        store.writer.maintain(now=T0 + 1_000_005)
        assert store.ids() == [derived_id(second.start)]
        assert store.write(second) == Applied(unchanged=1)

    def test_the_end_of_the_second_goes_with_it(self, store):
        store.write(a_span())
        second = CompletedCall(a_span(trace_id=trace_id(2)), an_end(output=b'"second"'))
        store.write(second)
        outputs = {call["trace_id"]: call["output"] for call in store.calls()}
        assert outputs == {trace_id(1): None, trace_id(2): "second"}

    def test_a_plain_start_of_another_trace_is_no_other_span(self, store):
        store.write(a_span())
        assert store.write(a_start(trace_id=trace_id(9))) == Applied(unchanged=1)
        assert store.the_call()["trace_id"] == trace_id(1)

    def test_spans_that_start_after_2262_are_told_apart(self, store):
        late = (1 << 64) - 1
        store.write(an_ended_span(span_start_ns=late))
        assert store.write(an_ended_span(span_start_ns=late)) == Applied(unchanged=1)
        assert store.write(an_ended_span(span_start_ns=late - 1)).collisions == 1


class TestDeletion:
    @pytest.mark.parametrize("record", [a_start(), an_end(), an_ended_span(), a_name("x")])
    def test_a_deleted_id_stays_deleted(self, store, record):
        store.write(an_ended_span())
        store.write(a_deletion(1))
        assert store.write(record) == Applied(unchanged=1)
        assert store.calls() == []

    def test_a_deletion_may_come_before_the_call(self, store):
        assert store.write(a_deletion(1)) == Applied(merged=1)
        store.write(an_ended_span())
        assert store.calls() == []
        assert store.write(a_deletion(1)) == Applied(unchanged=1)

    def test_an_end_that_waited_goes_with_the_deletion(self, store):
        store.write(an_end())
        store.write(a_deletion(1))
        store.write(a_start())
        assert store.calls() == []

    def test_descendants_go_too_and_stay_away(self, store):
        store.write(
            a_call(1),
            a_call(2, parent_id=call_id(1)),
            a_call(3, parent_id=call_id(2)),
            a_call(4, parent_id=call_id(99)),
            a_call(5, parent_id=call_id(1), trace_id=trace_id(2)),
        )
        store.write(a_deletion(1))
        assert store.numbers() == [4, 5]
        assert store.write(a_call(3, parent_id=call_id(2))) == Applied(unchanged=1)

    def test_calls_that_are_each_other_s_parent_can_be_deleted(self, store):
        store.write(a_call(1, parent_id=call_id(2)), a_call(2, parent_id=call_id(1)))
        store.write(a_deletion(2))
        assert store.calls() == []

    def test_a_call_and_its_children_may_come_and_go_in_one_request(self, store):
        store.write(a_call(1), a_call(2, parent_id=call_id(1)), a_deletion(1), a_call(3))
        assert store.numbers() == [3]

    def test_another_span_under_a_deleted_id_is_kept(self, store):
        store.write(an_ended_span())
        store.write(a_deletion(1))
        second = an_ended_span(trace_id=trace_id(2))
        assert store.write(second) == Applied(created=1, collisions=1)
        assert store.ids() == [derived_id(second.start)]

    def test_children_of_a_call_under_a_derived_id_go_with_it(self, store):
        second = an_ended_span(1, trace_id=trace_id(2))
        store.write(an_ended_span(1), second)
        store.write(a_call(2, parent_id=call_id(1)), a_call(3, parent_id=call_id(1), trace_id=trace_id(2)))
        store.write(type(a_deletion())(project_id=PROJECT, ids=(derived_id(second.start),)))
        assert store.numbers() == [1, 2]

    def test_a_deletion_stays_in_its_project(self, store):
        store.write(a_call(), a_call(project_id="acme/other"))
        store.write(a_deletion(1))
        assert store.count(project_id="acme/other") == 1


class TestTransactions:
    def test_nothing_is_seen_before_the_commit(self, store):
        store.writer.begin()
        store.writer.apply([a_call()], received_at=T0)
        assert store.calls() == []
        store.writer.commit()
        assert store.count() == 1

    def test_a_rollback_forgets_everything_even_new_projects(self, store):
        store.writer.begin()
        store.writer.apply([a_call(), a_call(project_id="new/one")], received_at=T0)
        store.writer.rollback()
        store.write(a_call(2), a_call(project_id="new/one"))
        assert (store.numbers(), store.count(project_id="new/one")) == ([2], 1)

    def test_a_rollback_without_a_transaction_is_nothing(self, store):
        store.writer.rollback()
        store.write(a_call())
        assert store.count() == 1

    def test_requests_of_one_transaction_see_each_other(self, store):
        store.writer.begin()
        store.writer.apply([a_start()], received_at=T0)
        assert store.writer.apply([an_end()], received_at=T0) == Applied(merged=1)
        store.writer.commit()
        assert store.the_call()["output"] == "hello"
