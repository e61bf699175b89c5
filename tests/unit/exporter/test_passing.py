"""Queued spans become OTLP requests: whole records as they are, parts where they do not fit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from otel_bridge.exporter.passing import NoSpan, pass_on
from otel_bridge.exporter.rendering import Limits
from otel_bridge.exporter.waiting import Waiting
from otel_bridge.queue.base import Lent, Record
from otel_bridge.queue.payload import pack_changes, pack_spans
from tests.fixtures.otlp_spans import PROJECT, a_message, a_request, decoded
from tests.fixtures.processing import a_call

WIDE = Limits(1000, 1 << 20)


def record(seq: int, *numbers: int, run: str | None = None, damage: str | None = None) -> Record:
    messages = [a_message({"n": n}, span_id=(n + 1).to_bytes(8, "big")) for n in numbers]
    payload = pack_spans(decoded(a_request(*messages, resource={"r": seq})).spans)
    return Record(
        seq=seq,
        kind="spans",
        calls=len(numbers),
        payload=payload,
        received_ns=1,
        wb_run_id=run,
        damage=damage,
    )


def calls(seq: int) -> Record:
    return Record(seq=seq, kind="calls", calls=1, payload=pack_changes([a_call()]), received_ns=1)


def waiting(*records: Record) -> Waiting:
    return Waiting(Lent(records), PROJECT)


def numbers(batch) -> list[int]:
    (request,) = batch.requests
    scopes = [s for each in TracesData.FromString(request.body).resource_spans for s in each.scope_spans]
    found = [int.from_bytes(span.span_id, "big") - 1 for scope in scopes for span in scope.spans]
    assert len(found) == batch.items
    return found


def test_whole_records_are_joined_as_they_are():
    first, second = record(1, 1, 2), record(2, 3)
    batch = pass_on(waiting(first, second), 0, WIDE)
    assert batch.requests[0].body == first.payload + second.payload
    assert batch.items == 3


def test_nothing_is_no_request():
    assert pass_on(waiting(), 0, WIDE) is None
    assert pass_on(waiting(record(1, 1)), 1, WIDE) is None
    assert pass_on(waiting(record(1, 1, damage="torn")), 0, WIDE) is None


def test_spans_of_different_runs_go_apart():
    all_of_it = waiting(record(1, 1, run="a"), record(2, 2, run="a"), record(3, 3, run="b"))
    first = pass_on(all_of_it, 0, WIDE)
    assert (numbers(first), first.requests[0].wb_run_id) == ([1, 2], "a")
    second = pass_on(all_of_it, 2, WIDE)
    assert (numbers(second), second.requests[0].wb_run_id) == ([3], "b")


def test_a_call_that_the_api_wrote_ends_a_request_and_has_none():
    mixed = waiting(record(1, 1), calls(2), record(3, 3))
    assert numbers(pass_on(mixed, 0, WIDE)) == [1]
    with pytest.raises(NoSpan):
        pass_on(mixed, 1, WIDE)
    assert numbers(pass_on(mixed, 2, WIDE)) == [3]


def test_a_span_that_is_larger_than_a_request_goes_alone():
    assert numbers(pass_on(waiting(record(1, 1, 2, 3)), 1, Limits(10, 1))) == [2]


@given(st.lists(st.integers(1, 5), min_size=1, max_size=5), st.integers(1, 7), st.integers(1, 600))
def test_every_span_goes_once_and_in_order_however_small_the_requests_are(sizes, most, most_bytes):
    records, total = [], 0
    for seq, size in enumerate(sizes):
        records.append(record(seq, *range(total, total + size)))
        total += size
    everything, sent = waiting(*records), []
    while (batch := pass_on(everything, len(sent), Limits(most, most_bytes))) is not None:
        assert batch.items <= most
        assert batch.items == 1 or len(batch.requests[0].body) <= most_bytes
        sent += numbers(batch)
    assert sent == list(range(total))
