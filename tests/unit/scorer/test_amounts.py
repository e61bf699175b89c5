"""`latency`, `cost` and `tokens`."""

from __future__ import annotations

import pytest

from otel_bridge.scorer.base import ScorerFailed
from tests.unit.scorer.rules import scored

PRICED = {"prompt_tokens_total_cost": 0.03, "completion_tokens_total_cost": 0.02, "created_by": "system"}
USED = {"prompt_tokens": 10, "completion_tokens": 5}


def summary(usage: dict, **costs) -> dict:
    return {"usage": usage, "weave": {"costs": costs}}


@pytest.mark.parametrize(
    ("settings", "passed"),
    [
        ({}, True),
        ({"max": "3s"}, True),
        ({"max": "2500ms"}, True),
        ({"max": "1s"}, False),
        ({"min": "3s"}, False),
    ],
)
def test_latency_is_seconds_from_start_to_end(settings, passed):
    found = scored("latency", settings)
    assert (found["passed"], found["seconds"]) == (passed, 2.5)


@pytest.mark.parametrize("ended_at", [None, "never"])
def test_a_call_that_has_not_ended_has_no_latency(ended_at):
    found = scored("latency", {"max": "1s"}, ended_at=ended_at)
    assert found == {"passed": False, "seconds": None, "reason": "the call has not ended"}


@pytest.mark.parametrize(
    ("settings", "found", "passed", "cost", "unpriced"),
    [
        pytest.param({"max": 0.05}, summary({"m": USED}, m=PRICED), True, 0.05, [], id="as-much-as-it-may"),
        pytest.param({"max": 0.04}, summary({"m": USED}, m=PRICED), False, 0.05, [], id="too-much"),
        pytest.param({"min": 0.1}, summary({"m": USED}, m=PRICED), False, 0.05, [], id="too-little"),
        pytest.param({}, summary({"m": USED, "n": USED}, m=PRICED, n=PRICED), True, 0.1, [], id="two-models"),
        pytest.param(
            {}, summary({"m": USED, "n": USED}, m=PRICED), True, 0.05, ["n"], id="one-without-price"
        ),
        pytest.param({}, summary({"n": USED}), False, None, ["n"], id="no-price-at-all"),
        pytest.param({"missing": "pass"}, summary({"n": USED}), True, None, ["n"], id="no-price-may-pass"),
        pytest.param({}, {"usage": {"m": {"note": "x"}}}, False, None, [], id="usage-without-numbers"),
        pytest.param({}, None, False, None, [], id="no-summary"),
    ],
)
def test_cost_is_what_the_tokens_of_all_models_cost(settings, found, passed, cost, unpriced):
    result = scored("cost", settings, summary=found)
    assert result["passed"] is passed
    assert result["unpriced"] == unpriced
    assert result["cost"] == (None if cost is None else pytest.approx(cost))


def test_cost_that_is_not_known_may_be_an_error():
    with pytest.raises(ScorerFailed, match="there is no price for n"):
        scored("cost", {"missing": "error"}, summary=summary({"n": USED}))


@pytest.mark.parametrize(
    ("settings", "usage", "passed", "counted"),
    [
        pytest.param({"max": 15}, {"m": USED}, True, (15, 10, 5), id="total-is-added-up"),
        pytest.param({"max": 14}, {"m": USED}, False, (15, 10, 5), id="too-many"),
        pytest.param({}, {"m": {**USED, "total_tokens": 20}}, True, (20, 10, 5), id="total-as-it-is-told"),
        pytest.param(
            {"count": "input"}, {"m": USED, "n": USED}, True, (20, 20, 10), id="input-of-two-models"
        ),
        pytest.param({"count": "output", "max": 4}, {"m": USED}, False, (5, 10, 5), id="output"),
        pytest.param({}, {"m": {"input_tokens": 3, "output_tokens": 4}}, True, (7, 3, 4), id="other-names"),
    ],
)
def test_tokens_are_counted(settings, usage, passed, counted):
    found = scored("tokens", settings, summary={"usage": usage})
    assert (found["passed"], (found["tokens"], found["input_tokens"], found["output_tokens"])) == (
        passed,
        counted,
    )


def test_a_call_without_usage_has_no_tokens():
    found = scored("tokens", {}, summary={})
    assert (found["passed"], found["tokens"], found["reason"]) == (False, None, "the call has no usage")
