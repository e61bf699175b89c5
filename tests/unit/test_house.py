"""The rules of the house that no linter knows."""

from __future__ import annotations

import ast
import re
import tomllib
from itertools import chain
from pathlib import Path

import pytest

import otel_bridge

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PRODUCT = sorted((ROOT / "otel_bridge").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
FOREIGN = {ROOT / "tests/bench" / name for name in ("otlp_load.py", "readers.py", "query_bench.py")}
"""The neutral load generator, taken as it is."""

MAX_MODULE_LINES = 300
MAX_FUNCTION_LINES = 40
MAX_NESTING = 3

BLOCKS = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Try, ast.TryStar, ast.Match)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def functions(path: Path):
    return [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, FUNCTIONS)]


def depth(node: ast.AST) -> int:
    """How deep blocks nest inside a function; an `elif` is not deeper than its `if`."""
    deepest = 0
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (*FUNCTIONS, ast.Lambda, ast.ClassDef)):
            continue
        is_elif = isinstance(node, ast.If) and isinstance(child, ast.If) and node.orelse == [child]
        deepest = max(deepest, depth(child) + (isinstance(child, BLOCKS) and not is_elif))
    return deepest


@pytest.mark.parametrize("path", PRODUCT + [path for path in TESTS if path not in FOREIGN], ids=name_of)
def test_a_module_fits_on_a_few_screens(path):
    assert len(path.read_text().splitlines()) <= MAX_MODULE_LINES


@pytest.mark.parametrize("path", PRODUCT, ids=name_of)
def test_a_module_says_what_it_is_and_its_functions_stay_short_and_flat(path):
    assert ast.get_docstring(ast.parse(path.read_text())), "no module docstring"
    long = {f.name: f.end_lineno - f.lineno + 1 for f in functions(path)}
    assert {name: size for name, size in long.items() if size > MAX_FUNCTION_LINES} == {}
    assert {f.name: depth(f) for f in functions(path) if depth(f) > MAX_NESTING} == {}


def test_no_module_is_a_drawer_for_everything():
    drawers = {"utils", "util", "helpers", "common", "misc", "manager"}
    assert [path for path in PRODUCT + TESTS if path.stem in drawers] == []


def texts() -> list[Path]:
    """The files a reader of the repository sees: code, tests, pages and settings."""
    folders = ("otel_bridge", "tests", "examples", "docs", ".ci")
    suffixes = {".py", ".sql", ".md", ".toml", ".sh", ".c", ""}
    files = [path for folder in folders for path in (ROOT / folder).rglob("*")]
    files += [ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "pyproject.toml")]
    return [
        path
        for path in files
        if path.is_file() and path.suffix in suffixes and path not in {*FOREIGN, Path(__file__)}
    ]


def test_nothing_names_a_machine_or_promises_work():
    forbidden = re.compile(r"/work/|/home/|/root/|\bTODO\b|\bFIXME\b|\bxfail\(")
    found = {
        name_of(path): match.group()
        for path in texts()
        if (match := forbidden.search(path.read_text(encoding="utf-8", errors="replace")))
    }
    assert found == {}


def test_the_version_is_said_once_and_has_an_entry_in_the_changelog():
    assert otel_bridge.__version__ == PROJECT["version"]
    assert f"## {PROJECT['version']}" in (ROOT / "CHANGELOG.md").read_text()


def test_every_dependency_has_a_lower_bound_and_no_upper_one():
    wanted = list(chain(PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()))
    assert [need for need in wanted if not re.fullmatch(r"[\w.\-\[\]]+>=[\d.]+(?:; .+)?", need)] == []
