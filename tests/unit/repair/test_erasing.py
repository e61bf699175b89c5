"""An erasure step by step: who waits for whom, and what a person is asked."""

from __future__ import annotations

import msgspec
import pytest

from otel_bridge.commands.erasing import _question
from otel_bridge.repair import erasing
from otel_bridge.store.erasure import EraseCursor, Erased, Erasure

CLEANING = EraseCursor("clean", 0, 0)
ASKED = Erasure(calls=("a",))


@pytest.fixture
def slept(monkeypatch):
    """Every pause that was made."""
    pauses = []
    monkeypatch.setattr(erasing.time, "sleep", pauses.append)
    return pauses


class Bridge:
    """Answers each look with the next step."""

    def __init__(self, *steps):
        self.steps = list(steps)

    def post(self, _body):
        return msgspec.json.encode(self.steps.pop(0))


def test_files_of_our_own_are_cleaned_without_a_pause(slept):
    steps = iter([Erased(cursor=CLEANING, calls=2), *[Erased(cursor=CLEANING)] * 50, Erased(cursor=None)])
    done = erasing.erase_all(lambda _asked, _cursor: next(steps), ASKED)
    assert (done.calls, slept) == (2, [])


def test_between_two_looks_at_a_bridge_that_cleans_there_is_a_pause(slept):
    bridge = Bridge(Erased(cursor=CLEANING), Erased(cursor=CLEANING), Erased(cursor=None))
    erasing.erase_all(lambda asked, cursor: erasing.remote_step(bridge, asked, cursor), ASKED)
    assert slept == [erasing.PAUSE_SECONDS]


def test_who_erases_what_matches_nothing_is_asked_about_what_may_be_left():
    assert _question(Erased(cursor=None, calls=3)) == "Erase 3 calls and those below for good?"
    nothing = _question(Erased(cursor=None))
    assert nothing.startswith("No call that is kept matches.")
    assert "dead letters" in nothing
