"""Every file of `examples/` does what it says, against a real bridge."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.e2e.process import environment

EXAMPLES = Path(__file__).parents[2] / "examples"
TIMEOUT_SECONDS = 120


def run(bridge, name: str, *, endpoint: str) -> str:
    """Run one example against the bridge; return what it printed."""
    script = EXAMPLES / name
    command = [sys.executable, str(script)] if script.suffix == ".py" else ["sh", str(script)]
    variables = environment(OTEL_EXPORTER_OTLP_ENDPOINT=endpoint, OTEL_BRIDGE_API=urlsplit(bridge.api).netloc)
    done = subprocess.run(
        command, env=variables, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def test_01_prints_the_two_calls_of_its_trace(bridge_process):
    printed = run(bridge_process, "01_http_exporter.py", endpoint=bridge_process.http).splitlines()
    assert [line.split(" id=")[0].strip() for line in printed[:2]] == ["place order", "charge card"]
    root_id = printed[0].split(" id=")[1].split()[0]
    assert f"parent={root_id} " in printed[1]
    assert "parent=None " in printed[0]


def test_02_finds_its_failed_call_in_the_project_it_named(bridge_process):
    printed = run(bridge_process, "02_grpc_exporter.py", endpoint=f"http://{bridge_process.grpc}")
    assert printed == "reserve stock is error\nLookupError: no stock left for A-113\n"


def test_03_reads_back_an_agent_a_chat_and_a_tool(bridge_process):
    printed = run(bridge_process, "03_llm_trace.py", endpoint=bridge_process.http)
    names = [line for line in printed.splitlines() if not line.startswith("  ")]
    assert names == ["invoke_agent travel-helper", "chat gpt-4o-mini", "execute_tool train_times"]
    assert '"input_tokens": 21' in printed
    assert "When is the next train to Basel?" in printed


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_04_needs_nothing_but_curl(bridge_process):
    printed = run(bridge_process, "04_curl.sh", endpoint=bridge_process.http)
    assert printed.startswith("{}  <- ")
    assert '"op_name":"nightly backup"' in printed
    assert '"input.value":{"table":"orders"}' in printed


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_scoring_applies_a_rule_a_function_and_a_judge_to_a_recorded_trace():
    script = EXAMPLES / "scoring" / "run.sh"
    done = subprocess.run(
        ["sh", str(script)],
        env=environment(PYTHON=sys.executable),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "imported 5 spans\n")
    table, promise, rude = done.stdout.strip().split("\n\n")
    assert [line.split() for line in table.splitlines()[1:]] == [
        ["concise", "4", "75.0%", "ratio", "7.65", "1.2", "23"],
        ["no_promises", "4", "75.0%"],
        ["polite", "4", "50.0%", "score", "0.5", "0", "1"],
    ]
    assert "We guarantee it." in promise
    assert '"polite": false' in promise
    assert "Read the terms" in rude


def test_every_example_has_a_test():
    tested = {name[len("test_") :][:2] for name in globals() if name[len("test_") :][:2].isdigit()}
    assert tested == {path.name[:2] for path in EXAMPLES.iterdir() if path.name[:2].isdigit()}


def test_the_index_names_every_example():
    index = (EXAMPLES / "README.md").read_text()
    there = {path.name for path in EXAMPLES.iterdir()} - {"README.md"}
    assert set(re.findall(r"^\| \[`[^`]+`\]\(([^)]+)\)", index, re.MULTILINE)) == there
