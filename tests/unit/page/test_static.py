"""The page's files: small, self-contained, and free of ways to run what they show."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import otel_bridge.page
from otel_bridge.page.assets import INDEX, TYPES, read_page

STATIC = Path(otel_bridge.page.__file__).parent / "static"
FILES = sorted(path for path in STATIC.rglob("*") if path.is_file())
VENDORED = STATIC / "vendor"
OWN = [path for path in FILES if VENDORED not in path.parents]
MODULES = [path for path in OWN if path.suffix == ".js"]

MAX_BYTES = 400_000
MAX_MODULE_LINES = 300
MAX_LINE = 160
IMPORT = re.compile(r'^(?:import|export)\b[^"\n]*\bfrom "([^"]+)"|\bimport\("([^"]+)"\)', re.MULTILINE)
OUTSIDE = re.compile(r"(?:https?:)?//[\w.-]+\.\w{2,}")
NAMESPACES = re.compile(r"http://www\.w3\.org/\d{4}/\w+")
SINKS = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|dangerouslySetInnerHTML|createContextualFragment|document\.write"
    r"|\beval\(|new Function|srcdoc|DOMParser|javascript:"
)


def name_of(path: Path) -> str:
    return str(path.relative_to(STATIC))


def test_all_of_it_weighs_less_than_400_kb():
    assert sum(path.stat().st_size for path in FILES) < MAX_BYTES


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_fits_on_a_few_screens_and_says_what_it_is(path):
    text = path.read_text()

    assert len(text.splitlines()) <= MAX_MODULE_LINES
    assert [line for line in text.splitlines() if len(line) > MAX_LINE] == []
    assert text.startswith("//") or path.name == "main.js"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_imports_only_files_that_are_there(path):
    wanted = [early or late for early, late in IMPORT.findall(path.read_text())]

    assert [name for name in wanted if not name.startswith(".") or not (path.parent / name).is_file()] == []


@pytest.mark.parametrize("path", OWN, ids=name_of)
def test_nothing_is_loaded_from_elsewhere(path):
    assert OUTSIDE.findall(NAMESPACES.sub("", path.read_text())) == []


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_text_never_becomes_html_or_code(path):
    assert SINKS.findall(path.read_text()) == []


def test_the_index_has_no_script_and_no_style_of_its_own():
    text = (STATIC / INDEX).read_text()

    assert re.findall(r"<script(?![^>]*\bsrc=)|<style|\bstyle=|\bon\w+=", text) == []


def test_every_library_that_is_kept_has_its_licence_and_is_listed_with_its_version():
    listed = (VENDORED / "README.md").read_text()
    libraries = [path for path in FILES if VENDORED in path.parents and path.suffix in {".js", ".css"}]

    for path in libraries:
        row = next(line for line in listed.splitlines() if f"`{path.name}`" in line)
        licence = re.search(r"`([\w-]+\.LICENSE\.txt)`", row)
        assert re.search(r"\| \d+\.\d+\.\d+ \|", row)
        assert licence is not None
        assert (VENDORED / licence[1]).is_file()


def test_every_file_has_a_type_to_be_served_as():
    assert [name_of(path) for path in FILES if path.suffix not in TYPES] == []


class TestPage:
    def test_the_same_files_have_the_same_version(self):
        assert read_page("a/b").version == read_page("c/d").version

    def test_the_index_names_files_that_are_served_and_the_project(self):
        page = read_page('a/"b>')
        index = page.index.body.decode()
        named = re.findall(r'(?:href|src)="page/([^/"]+)/([^"]+)"', index)

        assert {version for version, _ in named} == {page.version}
        assert {name for _, name in named} <= set(page.assets)
        assert 'content="a/&quot;b&gt;"' in index
        assert "{{" not in index

    def test_modules_of_views_that_may_never_be_opened_are_not_fetched_early(self):
        index = read_page("a/b").index.body.decode()

        assert "main.js" in index
        assert "uplot.js" not in index

    def test_colours_are_defined_before_they_are_used(self):
        style = read_page("a/b").assets["style.css"].body.decode()

        assert 0 < style.index("--ground:") < style.index("var(--ground)")
