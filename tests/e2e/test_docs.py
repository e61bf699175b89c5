"""What the pages say is so: their commands run, their links lead somewhere, their tables are complete."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from otel_bridge.cli import OPTIONS, variable
from otel_bridge.errors import DataDirectoryLocked, StartError
from otel_bridge.telemetry import NOTES
from tests.e2e.process import environment

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TIMEOUT_SECONDS = 60


def blocks(language: str) -> list[str]:
    """The README's fenced blocks of one language, in their order."""
    return [text for found, text in BLOCK.findall(README.read_text()) if found == language]


def run(command: list[str], **variables: str) -> str:
    done = subprocess.run(
        command,
        env=environment(**variables),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_readmes_first_trace_is_read_back_with_its_curl(bridge_process, tmp_path):
    (python,) = blocks("python")
    script = tmp_path / "first_trace.py"
    script.write_text(python)
    (curl,) = (block for block in blocks("sh") if block.startswith("curl"))
    here = curl.replace("127.0.0.1:6345", urlsplit(bridge_process.api).netloc)
    assert here != curl

    assert run([sys.executable, str(script)], OTEL_EXPORTER_OTLP_ENDPOINT=bridge_process.http) == ""
    call = json.loads(run(["sh", "-c", here]))

    assert call["op_name"] == "answer question"
    assert call["inputs"] == {"input.value": "What is the capital of France?"}
    assert call["output"] == {"output.value": "Paris"}
    assert call["attributes"]["otel_span"]["name"] == "answer question"


def test_the_readme_names_the_two_commands_that_ci_runs_as_written():
    install_and_run, install_and_test = (
        block for block in blocks("sh") if block.startswith("python3 -m venv")
    )
    assert install_and_run.count("\n") == install_and_test.count("\n") == 1
    assert install_and_run.endswith("/otel-bridge run\n")
    assert install_and_test.endswith(" -m pytest -n 2 --dist loadfile\n")


def rows(page: Path) -> list[list[str]]:
    """The cells of every table row of a page."""
    lines = (line for line in page.read_text().splitlines() if line.startswith("|"))
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_the_readme_lists_every_option_with_its_variable_and_default():
    documented = {cells[0]: cells[1:] for cells in rows(README) if cells[0].startswith("`--")}
    assert set(documented) == {f"`{flag}`" for flag, *_ in OPTIONS}
    for flag, _, default, _ in OPTIONS:
        name, shown, _ = documented[f"`{flag}`"]
        assert name == f"`{variable(flag)}`"
        assert shown == f"`{default}`" or flag == "--data-dir"


def test_the_command_line_shows_the_options_of_the_table():
    help_text = run([sys.executable, "-m", "otel_bridge", "run", "--help"])
    assert [flag for flag, *_ in OPTIONS if flag not in help_text or variable(flag) not in help_text] == []


def test_operations_lists_every_counter_and_exit_code():
    page = (ROOT / "docs/operations.md").read_text()
    assert [name for name in NOTES if f"`otel_bridge_{name}_total`" not in page] == []
    codes = {cells[0] for cells in rows(ROOT / "docs/operations.md")}
    assert {"0", "1", str(StartError.exit_code), str(DataDirectoryLocked.exit_code)} <= codes


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_path_and_link_of_a_page_leads_somewhere(page):
    text = page.read_text()
    links = re.findall(r"\]\((?!https?://|#)([^)#\s]+)", text)
    named = re.findall(r"`((?:otel_bridge|tests|docs|examples|\.ci)/[\w./-]+)`", text)
    gone = [path for path in links if not (page.parent / path).exists()]
    gone += [path for path in named if not (ROOT / path).exists()]
    assert gone == []
