"""`otel-bridge explain` as a person runs it, beside a bridge that runs."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.e2e.client import a_request, call, export, post, span_ids
from tests.e2e.process import environment, running
from tests.fixtures.captures import ROOT, exports, log_exports, logged_spans

TIMEOUT_SECONDS = 60
NOWHERE = "00000000000000ff"


def run(*arguments: str, stdin: bytes | None = None) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "otel_bridge", "explain", *map(str, arguments)],
        input=stdin,
        env=environment(),
        capture_output=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )


@pytest.fixture
def in_store(bridge_process):
    return lambda *arguments: run(*arguments, f"--data-dir={bridge_process.data_dir}")


def sent_to(bridge, project: str | None = None, **fields) -> str:
    """Send one span; return its id."""
    request = a_request(1)
    for name, value in fields.items():
        setattr(request.resource_spans[0].scope_spans[0].spans[0], name, value)
    headers = {"Content_Type": "application/x-protobuf"} | ({"project_id": project} if project else {})
    assert call(f"{bridge.http}/v1/traces", request.SerializeToString(), **headers)[0] == 200
    return span_ids(request)[0]


def test_a_recorded_file_is_explained():
    done = run(ROOT / "otel-google-genai-default" / "request-001.pb", "--span", "1")
    assert done.returncode == 0, done.stderr
    assert b"set OTEL_SEMCONV_STABILITY_OPT_IN=gen_ai_latest_experimental" in done.stdout
    assert b"\x1b" not in done.stdout


def test_standard_input_is_explained():
    body = (ROOT / "node-http-json" / "request-001.json").read_bytes()
    done = run("-", "--json", stdin=body)
    assert done.returncode == 0, done.stderr
    assert all(json.loads(line)["fields"] for line in done.stdout.splitlines())


def test_a_stored_call_is_explained_while_its_bridge_runs(bridge_process, in_store):
    request = a_request(1, text="stored")
    assert export(bridge_process.http, request) == 200
    done = in_store(span_ids(request)[0])
    assert done.returncode == 0, done.stderr
    assert b'inputs = {"input.value":"stored"}' in done.stdout
    assert b'project_id = "local/default"' in done.stdout


def test_the_bridge_goes_on_taking_spans_after_it_was_looked_into(bridge_process, in_store):
    assert in_store(sent_to(bridge_process)).returncode == 0
    assert in_store(sent_to(bridge_process)).returncode == 0


def test_a_call_that_the_api_wrote_has_nothing_to_explain(bridge_process, in_store):
    start = {
        "project_id": "local/default",
        "id": "0192f0c1-0000-7000-8000-000000000001",
        "op_name": "op",
        "trace_id": "0192f0c1-0000-7000-8000-000000000002",
        "started_at": "2026-01-01T00:00:00Z",
        "attributes": {},
        "inputs": {},
    }
    post(bridge_process.api, "/call/start", {"start": start})
    done = in_store("0192f0c1-0000-7000-8000-000000000001")
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"was written through Weave's API" in done.stderr


def test_an_id_that_no_project_has_is_one_line(bridge_process, in_store):
    sent_to(bridge_process)
    done = in_store(NOWHERE)
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.startswith(b"otel-bridge: error: no call 00000000000000ff in ")
    assert done.stderr.count(b"\n") == 1


def test_an_id_in_two_projects_asks_for_one_of_them(bridge_process, in_store):
    span_id = sent_to(bridge_process, "e/one")
    sent_to(bridge_process, "e/two", span_id=bytes.fromhex(span_id))
    done = in_store(span_id)
    assert done.returncode == 2
    assert b"is in e/one, e/two: choose one with --project" in done.stderr
    assert b'project_id = "e/two"' in in_store(span_id, "--project=e/two").stdout
    elsewhere = in_store(span_id, "--project=e/three")
    assert b"in project e/three" in elsewhere.stderr
    assert b"it is in e/one, e/two" in elsewhere.stderr


def test_a_data_directory_without_a_store_is_one_line(tmp_path):
    done = run(NOWHERE, f"--data-dir={tmp_path}")
    assert done.returncode == 2
    assert b"there is no store in " in done.stderr


def test_a_database_of_another_program_is_one_line(tmp_path):
    (tmp_path / "calls.db").write_bytes(b"not a database at all" * 100)
    done = run(NOWHERE, f"--data-dir={tmp_path}")
    assert done.returncode == 2
    assert b"is not a database of otel-bridge" in done.stderr


def test_commands_are_listed_with_run():
    done = subprocess.run(
        [sys.executable, "-m", "otel_bridge", "--help"],
        env=environment(),
        capture_output=True,
        timeout=TIMEOUT_SECONDS,
        check=True,
    )
    assert {
        line.split()[0] for line in done.stdout.decode().partition("Commands:")[2].splitlines() if line
    } >= {
        "explain",
        "run",
        "version",
    }


def test_run_starts_without_what_other_commands_need():
    heavy = "rich", "apsw", "opentelemetry", "aiohttp"
    code = f"import sys, otel_bridge.cli; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment(),
        capture_output=True,
        timeout=TIMEOUT_SECONDS,
        check=True,
    )
    assert done.stdout == b"[]\n"


def test_what_log_records_told_is_explained(tmp_path):
    capture = "genai-openai-events"
    with running(tmp_path / "data", "--logs=on") as bridge:
        for body, path in [
            *((each.body, "/v1/traces") for each in exports(capture)),
            *((each.body, "/v1/logs") for each in log_exports(capture)),
        ]:
            assert call(f"{bridge.http}{path}", body, Content_Type="application/x-protobuf")[0] == 200
        told = next(iter(logged_spans(capture)))
        done = run(told.id, "--json", f"--data-dir={bridge.data_dir}")
    assert done.returncode == 0, done.stderr
    (inputs,) = [field for field in json.loads(done.stdout)["fields"] if field["path"] == ["inputs"]]
    assert inputs["said"]["told"] == "log records"
