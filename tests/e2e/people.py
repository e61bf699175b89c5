"""What the tests of commands share: calls to look at, and a way to type."""

from __future__ import annotations

import os
import subprocess
from datetime import UTC, datetime, timedelta

from click.testing import CliRunner

from otel_bridge.cli import cli
from tests.contract.api.bodies import a_batch, call_id, end_item, start_item, trace_id
from tests.e2e import client
from tests.e2e.process import environment
from tests.fixtures.captures import exports

NOW = datetime.now(UTC)
SPANS, CALLS = "people/spans", "people/calls"
FOLLOW_SECONDS = 40
"""After so long a silent follower is ended, and the test fails."""
CAPTURES = ("oi-openai", "otel-openai-v2-latest", "vercel-ai5-json", "plain-edge")


def at(seconds: float) -> str:
    return (NOW - timedelta(hours=1) + timedelta(seconds=seconds)).isoformat()


def a_call(n: int, parent: int | None = None, *, lasts: float | None = 1.5, **members) -> list[dict]:
    start = {
        "project_id": CALLS,
        "started_at": at(n),
        "parent_id": parent and call_id(parent),
        "op_name": f"op {n}",
    }
    ended = {"project_id": CALLS, "ended_at": at(n + (lasts or 0))}
    begin = start_item(n, **(start | members.pop("start", {})))
    return [begin] if lasts is None else [begin, end_item(n, **(ended | members))]


def fill(bridge_process) -> None:
    """A trace of four calls, and the recorded spans of some instrumentations."""
    usage = {"usage": {"gpt-4o": {"prompt_tokens": 1200, "completion_tokens": 34}}}
    items = [
        *a_call(1, start={"display_name": "the [b]answer[/b]"}),
        *a_call(2, 1, summary=usage, lasts=0.25),
        *a_call(3, 1, exception="boom\nat line 7", start={"inputs": {"q": "Größe"}}),
        *a_call(4, 3, lasts=None),
        *a_call(5, start={"trace_id": trace_id(2), "wb_run_id": "people/calls/r"}),
    ]
    client.post(bridge_process.api, "/call/upsert_batch", a_batch(*items))
    for capture in CAPTURES:
        for export in exports(capture):
            kind = "application/json" if export.encoding.value == "json" else "application/x-protobuf"
            status, _ = client.call(
                f"{bridge_process.http}/v1/traces", export.body, Content_Type=kind, project_id=SPANS
            )
            assert status == 200


def run(*arguments: str, code: int = 0) -> tuple[str, str]:
    """Run a command in this process; return what it printed."""
    variables = {name: None for name in os.environ if name.startswith("OTEL_BRIDGE_")}
    outcome = CliRunner().invoke(cli, arguments, env=variables | {"TZ": "UTC"})
    assert outcome.exit_code == code, (outcome.output, outcome.exception)
    return outcome.stdout, outcome.stderr


def spawn(command: list[str]) -> subprocess.CompletedProcess[str]:
    """Run a command in a process of its own."""
    return subprocess.run(command, env=environment(), capture_output=True, text=True, check=False, timeout=60)


def listed(*arguments: str) -> list[str]:
    """The numbers of the calls that a list has, in its order."""
    out, _ = run("calls", "--project", CALLS, *arguments)
    return [line.split()[-1][-1] for line in out.splitlines()[1:]]
