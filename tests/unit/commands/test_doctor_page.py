"""docs/doctor.md, the catalogue and what the doctor says hold together."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import otel_bridge
from otel_bridge.commands.doctor.catalogue import CATALOGUE
from otel_bridge.commands.doctor.entries import SECTIONS
from otel_bridge.commands.doctor.report import Report
from tests.pages.doctor import PAGE, page

CODE = Path(otel_bridge.__file__).parent / "commands" / "doctor"
ID = re.compile(r'"((?:bridge|port|span|sender|upstream|queue|disk|memory|config|version)\.\w+)"')


def test_the_page_is_what_the_catalogue_makes():
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m tests.pages.doctor"


def test_the_code_says_every_finding_of_the_catalogue_and_no_other():
    modules = [path for path in CODE.glob("*.py") if not path.name.startswith("entries")]
    said = {found for path in modules for found in ID.findall(path.read_text(encoding="utf-8"))}
    assert said == set(CATALOGUE)


@pytest.mark.parametrize("name", CATALOGUE)
def test_a_finding_has_a_section_a_meaning_and_one_line_that_helps(name):
    entry = CATALOGUE[name]
    assert entry.section in SECTIONS
    assert entry.means
    assert entry.fix
    assert "\n" not in entry.means + entry.fix


def test_an_error_fails_and_a_warning_does_not():
    report = Report()
    report.fine("Bridge", "it runs")
    report.found("bridge.older", "it is old")
    assert not report.failed
    report.found("bridge.down", "it does not run")
    assert report.failed
