"""Which figures of results a summary shows."""

from __future__ import annotations

import pytest

from otel_bridge.commands.scoring_summary import _figures


@pytest.mark.parametrize(
    ("outputs", "number", "mean"),
    [
        ([{"passed": True, "length": 4}, {"passed": False, "length": None}], "length", 4),
        ([{"passed": True, "tokens": 120, "input_tokens": 700, "output_tokens": 120}], "tokens", 120),
        ([{"passed": True, "cost": 0.5, "models": {"a": 0.25}}], "cost", 0.5),
        ([{"passed": True, "seconds": 2.5}], "seconds", 2.5),
        ([{"passed": True, "ratio": 1}, {"passed": True, "ratio": 3, "also": 9}], "ratio", 2),
        ([{"length": 9, "score": 1}], "score", 1),
        ([{"deep": {"inside": 3}}], "deep.inside", 3),
        ([0.5, 1], None, 0.75),
        ([{"passed": True, "start": 34, "end": 37, "groups": {}}], None, None),
        ([{"passed": False, "error_position": 3}], None, None),
        ([], None, None),
    ],
)
def test_the_number_is_what_a_scorer_measured_and_no_position(outputs, number, mean):
    found = _figures(outputs)

    assert (found["number"], found["mean"]) == (number, mean)


@pytest.mark.parametrize(
    ("outputs", "rate"),
    [
        ([True, False], 0.5),
        ([{"passed": True, "complete": False}], 1),
        ([{"ok": True}, {"ok": False}, {"error": "none"}], 0.5),
        ([{"score": 1}], None),
        ([None], None),
    ],
)
def test_the_rate_is_that_of_passed_or_of_another_truth(outputs, rate):
    assert _figures(outputs)["pass_rate"] == rate
