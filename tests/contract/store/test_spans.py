"""Spans come out of every store byte for byte."""

from __future__ import annotations

from otel_bridge.model.query import CallsQuery
from tests.contract.store.records import PROJECT, T0, a_call, a_deletion, a_span, an_ended_span


def seqs(store) -> list[int]:
    return store.all_seqs(CallsQuery(project_id=PROJECT))


def test_stored_spans_come_one_after_the_other_in_the_order_asked_for(store):
    store.write(a_span(1, span=b"one"), a_span(2, span=b"two", started_at=T0 + 1))
    first, second = seqs(store)

    assert store.reader.spans(PROJECT, [first, second]) == b"onetwo"
    assert store.reader.spans(PROJECT, [second, first]) == b"twoone"


def test_calls_without_a_span_and_those_gone_are_left_out(store):
    store.write(a_call(1), an_ended_span(2, span=b"two"), an_ended_span(3, span=b"three"))
    found = seqs(store)
    store.write(a_deletion(3))

    assert store.reader.spans(PROJECT, found) == b"two"


def test_another_project_sees_none(store):
    store.write(a_span(1, span=b"one"))
    assert store.reader.spans("acme/other", seqs(store)) == b""
