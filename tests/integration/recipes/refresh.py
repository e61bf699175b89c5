"""Write into the recipes' pages what their programs are and what the bridge shows of them.

    python -m tests.integration.recipes.refresh [NAME ...]

It runs the recipes, all of them unless some are named, and needs the network to install them.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.fixtures.environments import CannotInstall
from tests.integration.ledger.model_server import model_server
from tests.integration.recipes.pages import BLOCK, LANGUAGES, ROOT, Recipe, recipes
from tests.integration.recipes.shown import drawn
from tests.integration.recipes.stage import Stage, Tills

HOMES = ROOT / ".pytest_cache/d/recipes"
"""Where the tests keep what recipes install."""


def with_block(text: str, language: str, inside: str) -> str:
    """Put a text into the first fenced block of a language."""
    found = next(match for match in BLOCK.finditer(text) if match[1] == language)
    return f"{text[: found.start(2)]}{inside}{text[found.end(2) :]}"


def refresh(recipe: Recipe, stage: Stage) -> None:
    """Write one page anew; print what came of it."""
    text = with_block(recipe.text, LANGUAGES[recipe.program.suffix], recipe.program.read_text())
    recipe.page.write_text(text)
    with tempfile.TemporaryDirectory() as folder:
        try:
            outcome = stage.run(recipe, Path(folder))
        except (AssertionError, CannotInstall) as why:
            print(f"{recipe.name}: {why}")
            return
    recipe.page.write_text(with_block(text, "text", drawn(outcome.calls)))
    print(f"{recipe.name}: {outcome.printed.strip()!r}, in vain {outcome.in_vain}\n{drawn(outcome.calls)}")


def main(names: list[str]) -> None:
    tills = Tills()
    with model_server(tills) as (models, _):
        stage = Stage(HOMES, models, tills)
        for recipe in recipes():
            if not names or recipe.name in names:
                refresh(recipe, stage)


if __name__ == "__main__":
    main(sys.argv[1:])
