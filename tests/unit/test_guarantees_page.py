"""The page of guarantees names tests and commands that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "delivery-guarantees.md").read_text()
TESTS = re.findall(r"`pytest (\S+?\.py)(?: -k (\w+|\"[^\"]+\"))?`", PAGE)
MODULES = re.findall(r"`python -m (\S+)", PAGE)


def test_every_promise_has_a_command():
    rows = [line for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith("| -")]
    promises = [row for row in rows if not row.startswith("| Promise")]
    assert len(promises) >= 20
    assert [row for row in promises if "`pytest " not in row and "`python -m " not in row] == []


@pytest.mark.parametrize(("file", "words"), TESTS)
def test_the_tests_that_are_named_exist(file, words):
    text = (ROOT / file).read_text()
    names = " ".join(re.findall(r"(?:def test_|class Test)\w+", text)).lower()
    for word in re.split(r" or ", words.strip('"')) if words else ():
        assert word.lower() in names


@pytest.mark.parametrize("module", MODULES)
def test_the_programs_that_are_named_exist(module):
    assert (ROOT / module.replace(".", "/")).with_suffix(".py").is_file()
