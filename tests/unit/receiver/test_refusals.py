"""What was refused lately is remembered, alike ones together, in bounded memory."""

from __future__ import annotations

from itertools import count

from otel_bridge.receiver.refusals import MAX_REASON_CHARS, MAX_REFUSALS, Refusals


def test_refusals_alike_are_one_with_a_count_and_the_times_of_first_and_last():
    refusals = Refusals(clock=count(100.0).__next__)
    for _ in range(3):
        refusals.note("http", "10.0.0.1", 400, "no such field")
    (one,) = refusals.told()
    assert (one.requests, one.first, one.last, one.code) == (3, 100.0, 102.0, "400")


def test_the_latest_comes_first_and_partial_successes_count_items():
    refusals = Refusals()
    refusals.note("http", "10.0.0.1", 400, "bad")
    refusals.note("grpc", "10.0.0.2", "partial", "no project", 7)
    assert [(one.code, one.items) for one in refusals.told()] == [("partial", 7), ("400", 0)]


def test_many_kinds_of_refusals_take_no_more_than_so_much():
    refusals = Refusals()
    for number in range(10 * MAX_REFUSALS):
        refusals.note("http", f"client {number}", 400, "x" * 10_000)
    told = refusals.told()
    assert len(told) == MAX_REFUSALS
    assert told[0].client == f"client {10 * MAX_REFUSALS - 1}"
    assert len(told[0].reason) == MAX_REASON_CHARS
