"""Who is to blame when a runner stops: told with courses that stop on command."""

from __future__ import annotations

from otel_bridge.scoring.course import Stopped
from otel_bridge.scoring.pending import Pending

CALLS = [(number, b"") for number in range(5)]
ENDED = Stopped("ended", overran=False)
OVERRAN = Stopped("overran", overran=True)


class Halted:
    """A course that has stopped: `left` without results, `under_way` when it did."""

    def __init__(self, left, under_way=None, *, is_open=True) -> None:
        self.left = left
        self.under_way = left[:1] if under_way is None else under_way
        self.is_open = is_open

    def fail(self, reason, tell) -> None:
        tell([(number, reason) for number, _ in self.left])
        self.left = []


class Told:
    def __init__(self) -> None:
        self.results: dict[int, str] = {}

    def __call__(self, results) -> None:
        assert not self.results.keys() & dict(results).keys()
        self.results |= {number: str(result) for number, result in results}


def test_a_call_that_overran_is_to_blame_and_the_rest_goes_on():
    pending, told = Pending(CALLS), Told()
    batch = pending.next()
    pending.stopped(Halted(batch[2:]), OVERRAN, told)
    assert told.results == {2: "overran"}
    assert pending.next() == CALLS[3:]
    assert pending.next() == []


def test_a_call_whose_runner_ended_is_scored_again_alone_before_the_rest():
    pending, told = Pending(CALLS), Told()
    pending.stopped(Halted(pending.next()[1:]), ENDED, told)
    assert told.results == {}
    assert pending.next() == [CALLS[1]]
    assert pending.next() == CALLS[2:]


def test_a_call_that_ends_its_runner_alone_is_to_blame_and_later_ones_are_believed_to_do_the_same():
    pending, told = Pending(CALLS), Told()
    pending.stopped(Halted(pending.next()), ENDED, told)
    pending.stopped(Halted(pending.next()), ENDED, told)
    assert told.results == {0: "ended"}
    pending.stopped(Halted(pending.next()[1:]), ENDED, told)
    assert told.results == {0: "ended", 2: "ended"}
    assert pending.next() == CALLS[3:]


def test_of_several_calls_under_way_each_is_scored_alone():
    pending, told = Pending(CALLS), Told()
    batch = pending.next()
    pending.stopped(Halted(batch, batch[:3]), OVERRAN, told)
    assert [pending.next() for _ in range(3)] == [[CALLS[0]], [CALLS[1]], [CALLS[2]]]
    assert pending.next() == CALLS[3:]
    assert told.results == {}


def test_a_scorer_that_does_not_become_ready_is_tried_once_more():
    pending, told = Pending(CALLS), Told()
    pending.stopped(Halted(pending.next(), is_open=False), ENDED, told)
    assert told.results == {}
    pending.stopped(Halted(pending.next(), is_open=False), ENDED, told)
    assert set(told.results.values()) == {"the scorer does not become ready: ended"}
    assert pending.next() == []


def test_a_scorer_that_takes_too_long_to_become_ready_is_not_tried_again():
    pending, told = Pending(CALLS), Told()
    pending.stopped(Halted(pending.next(), is_open=False), OVERRAN, told)
    assert len(told.results) == len(CALLS)
    assert pending.next() == []


def test_a_suspect_whose_runner_was_not_ready_stays_a_suspect():
    pending, told = Pending(CALLS), Told()
    pending.stopped(Halted(pending.next()), ENDED, told)
    pending.stopped(Halted(pending.next(), is_open=False), ENDED, told)
    assert pending.next() == [CALLS[0]]
    assert pending.next() == CALLS[1:]
