"""When a 500 is about one call, and when about everything."""

from __future__ import annotations

import pytest

from otel_bridge.exporter.suspicion import GIVE_UP_AFTER, SPLIT_AFTER, Suspicion
from otel_bridge.exporter.verdict import Again, Held, Refused, Sent

FATAL = Again("answered 500: oh", 500)


def weighed(suspicion: Suspicion, times: int, *, calls: int, others_pass: bool = False):
    part = (0, calls)
    return [suspicion.weigh(part, FATAL, calls=calls, others_pass=others_pass) for _ in range(times)]


def test_a_batch_is_sent_again_some_times_before_it_is_halved():
    verdicts = weighed(Suspicion(), SPLIT_AFTER, calls=2)
    assert verdicts == [FATAL] * (SPLIT_AFTER - 1) + [Refused(500, FATAL.reason)]


def test_one_call_is_given_up_only_when_others_pass():
    assert weighed(Suspicion(), 100, calls=1) == [FATAL] * 100
    verdicts = weighed(Suspicion(), GIVE_UP_AFTER, calls=1, others_pass=True)
    assert verdicts == [FATAL] * (GIVE_UP_AFTER - 1) + [Refused(500, FATAL.reason)]


def test_parts_are_counted_apart_and_others_are_tried_between():
    suspicion = Suspicion()
    weighed(suspicion, GIVE_UP_AFTER, calls=1)
    assert suspicion.postpones((0, 1))
    assert not suspicion.postpones((1, 2))
    weighed(suspicion, 1, calls=1)
    assert not suspicion.postpones((0, 1))


@pytest.mark.parametrize(
    "verdict", [None, Sent(), Again("x", 503), Again("x"), Held("x", 401), Refused(400, "x")]
)
def test_nothing_else_is_suspicious(verdict):
    suspicion = Suspicion()
    for _ in range(100):
        assert suspicion.weigh((0, 1), verdict, calls=1, others_pass=True) == verdict
