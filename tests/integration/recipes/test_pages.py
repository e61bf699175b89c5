"""The pages of the recipes: one template, the code that runs, and one for each recorded export."""

from __future__ import annotations

import re

import pytest

from tests.fixtures.captures import CAPTURES
from tests.integration.recipes.pages import INDEX, PROGRAMS, SECTIONS, recipes

RECIPES = recipes()
MAX_CODE_LINES = 40
PINNED = {"pip": r"[\w.\-]+(\[[\w,]+\])?==[\w.]+", "npm": r"(@[\w-]+/)?[\w-]+@\d+\.\d+\.\d+"}
ROW = re.compile(r"^\| \[[^]]+\]\(([\w-]+)\.md\) \| (\w[\w.]*) \|.*\| ([^|]+) \|$", re.MULTILINE)


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_a_page_follows_the_template(recipe):
    assert recipe.text.startswith("# ")
    assert tuple(recipe.sections) == SECTIONS
    assert all(text.strip() for text in recipe.sections.values())


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_a_page_shows_its_program_and_says_where_it_lies(recipe):
    assert recipe.code == recipe.program.read_text(encoding="utf-8")
    assert f"(../../examples/recipes/{recipe.program.name})" in recipe.sections["Code"]
    assert len(recipe.code.splitlines()) <= MAX_CODE_LINES


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_a_page_says_which_versions_were_tested(recipe):
    tool, install, *packages = recipe.install
    assert install == "install"
    assert [each for each in packages if not re.fullmatch(PINNED[tool], each)] == []
    assert len(packages) > 0


def test_each_program_has_a_page():
    assert {one.program for one in RECIPES} == set(PROGRAMS.iterdir())


def test_the_index_lists_every_page_and_every_recorded_export_once():
    rows = ROW.findall(INDEX.read_text(encoding="utf-8"))
    assert sorted(name for name, *_ in rows) == [one.name for one in RECIPES]
    claimed = [capture for *_, captures in rows for capture in re.findall(r"`([\w-]+)`", captures)]
    assert sorted(claimed) == sorted(CAPTURES)
