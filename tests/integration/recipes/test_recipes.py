"""Each recipe, done as its page says: its packages, its program, a fake model and a real bridge."""

from __future__ import annotations

import json

import pytest

from tests.fixtures.environments import CannotInstall
from tests.integration.ledger.turn import TEXT
from tests.integration.recipes.pages import Recipe, recipes
from tests.integration.recipes.shown import drawn

RECIPES = recipes()
QUESTION = "What is the weather in Paris?"
QUICK = {"plain-sdk"}
"""What needs no packages beside those of the tests."""


def each(which: list[Recipe]):
    marks = [
        pytest.param(one, id=one.name, marks=[] if one.name in QUICK else pytest.mark.long) for one in which
    ]
    return pytest.mark.parametrize("recipe", marks)


@each(RECIPES)
def test_a_recipe_gives_the_calls_that_its_page_shows(recipe, stage, tmp_path):
    try:
        outcome = stage.run(recipe, tmp_path)
    except CannotInstall as why:
        pytest.skip(f"{recipe.name}: {why}")

    assert drawn(outcome.calls) == recipe.shown, outcome.complained
    assert outcome.in_vain == 0, "it sends signals that the bridge refuses"
    if outcome.billed:
        assert "".join(TEXT) in outcome.printed
        answers = [call_of(entry, outcome.calls) for entry in outcome.billed]
        assert all(call["inputs"] and call["output"] for call in answers)
        assert QUESTION in json.dumps(answers[0]["inputs"])
        assert [piece for piece in TEXT if piece not in json.dumps(answers[-1]["output"])] == []


def call_of(entry, calls):
    """The one call that tells the model and the tokens of an answer."""
    (call,) = [call for call in calls if told(call) == (entry.usage.input, entry.usage.output)]
    assert call["attributes"]["model"].endswith(entry.model)
    return call


def told(call) -> tuple[int, int] | None:
    """The tokens that a call tells."""
    for usage in call["summary"].get("usage", {}).values():
        return usage["input_tokens"], usage.get("output_tokens", 0)
    return None
