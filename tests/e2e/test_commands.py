"""What people type, against the directory of a bridge that runs and against its URL."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

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


@pytest.fixture(scope="module", autouse=True)
def _filled(bridge_process):
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


@pytest.fixture(params=["directory", "url"])
def source(request, bridge_process) -> list[str]:
    if request.param == "url":
        return ["--url", bridge_process.api]
    return ["--data-dir", str(bridge_process.data_dir)]


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


class TestCalls:
    def test_the_newest_come_last(self, source):
        assert listed(*source) == ["1", "2", "3", "4", "5"]
        assert listed(*source, "-n", "2") == ["4", "5"]

    @pytest.mark.parametrize(
        ("flags", "numbers"),
        [
            (["--op", "op 2", "--op", "op 3"], "23"),
            (["--op", "op:*"], ""),
            (["--trace", trace_id(2)], "5"),
            (["--roots"], "15"),
            (["--status", "error"], "3"),
            (["--status", "running"], "4"),
            (["--text", "BOOM"], "3"),
            (["--text", "GRÖSSE"], "3"),
            (["--text", "op 4"], "4"),
            (["--since", at(1.5), "--until", at(3.5)], "23"),
            (["--since", "30m"], ""),
            (["--status", "success", "--roots"], "15"),
        ],
    )
    def test_filters_select(self, source, flags, numbers):
        assert listed(*source, *flags) == list(numbers)

    def test_a_row_tells_state_latency_tokens_cost_and_name(self, source):
        out, _ = run("calls", "--project", CALLS, *source)
        first, second, third, fourth = out.splitlines()[1:5]
        assert "the [b]answer[/b]" in first
        assert [cell.strip() for cell in second.split("  ") if cell.strip()][1:] == [
            "success", "250 ms", "1,200", "34", "$0.0033", "op 2", call_id(2),
        ]  # fmt: skip
        assert "error" in third
        assert "running" in fourth

    def test_json_is_what_the_api_says(self, source, bridge_process):
        out, _ = run("calls", "--project", CALLS, *source, "--json")
        assert [json.loads(line) for line in out.splitlines()] == client.post(
            bridge_process.api, "/calls/stream_query", {"project_id": CALLS}
        )

    def test_nothing_found_is_said(self, source):
        out, err = run("calls", "--project", "no/body", *source)
        assert (out, err) == ("", "no calls match\n")


class TestCall:
    def test_a_trace_is_a_tree(self, source):
        out, _ = run("call", call_id(2), "--project", CALLS, *source)
        lines = out.splitlines()
        assert lines[0].startswith("the [b]answer[/b]  1.50 s  ")
        assert lines[1].startswith("├── op 2  250 ms  1,200 → 34 tokens  $0.0033  ")
        assert lines[2].startswith("└── op 3  1.50 s  error  ")
        assert lines[3].strip() == "boom at line 7"
        assert lines[4].startswith("    └── op 4  running  ")
        assert len(lines) == 5

    def test_a_trace_id_will_do(self, source):
        assert run("call", trace_id(1), "--project", CALLS, *source) == run(
            "call", call_id(1), "--project", CALLS, *source
        )

    def test_json_has_the_calls_of_the_trace(self, source):
        out, _ = run("call", call_id(4), "--project", CALLS, *source, "--json")
        assert [json.loads(line)["id"] for line in out.splitlines()] == [call_id(n) for n in (1, 2, 3, 4)]

    def test_an_unknown_id_is_one_line(self, source):
        _, err = run("call", "nosuch", "--project", CALLS, *source, code=1)
        assert err == f"Error: no call and no trace nosuch in {CALLS}; --project names another\n"


class TestStats:
    def test_a_table_over_time_and_one_by_model(self, source):
        out, _ = run("stats", "--project", CALLS, *source, "--since", "2h", "--every", "4h")
        over_time, by_model = out.split("\n\n")
        head, *rows = over_time.splitlines()
        assert head.split() == [
            "time",
            "(UTC)",
            "calls",
            "errors",
            "p50",
            "p95",
            "in",
            "out",
            "cached",
            "cost",
        ]
        (row,) = (row for row in rows if "1,200" in row)
        assert row.split()[2:] == ["5", "1", "1.50", "s", "1.50", "s", "1,200", "34", "$0.0033"]
        assert by_model.splitlines()[1].split() == ["gpt-4o", "1", "1,200", "34", "$0.0033"]

    def test_json_is_the_answer_of_the_api(self, source):
        out, _ = run("stats", "--project", CALLS, *source, "--json", "--timezone", "Asia/Tokyo", "--roots")
        answer = json.loads(out)
        assert answer["timezone"] == "Asia/Tokyo"
        assert sum(bucket["count"] for bucket in answer["call_buckets"]) == 2

    def test_an_unknown_zone_is_one_line(self, source):
        _, err = run("stats", *source, "--timezone", "Mars", code=1)
        assert err.endswith("timezone: timezone must be the name of an IANA time zone\n")


class TestExportAndImport:
    def test_calls_come_back_as_they_were(self, source, tmp_path, bridge_process):
        file, copy = tmp_path / "calls.jsonl", tmp_path / "copy"
        for project in (CALLS, SPANS):
            run("export", "--project", project, *source, "-o", str(file))
            assert run("import", str(file), "--data-dir", str(copy))[1].startswith("imported ")
            again, _ = run("export", "--project", project, "--data-dir", str(copy))
            assert again == file.read_text()
        assert not list(tmp_path.glob("*.part*"))

    def test_spans_come_back_byte_for_byte(self, source, tmp_path):
        file, copy = tmp_path / "spans.pb", tmp_path / "copy"
        exported = run("export", "--project", SPANS, *source, "--format", "otlp-proto", "-o", str(file))[1]
        assert TracesData.FromString(file.read_bytes()).resource_spans
        run("import", str(file), "--data-dir", str(copy), "--into-project", SPANS)
        again = tmp_path / "again.pb"
        here = ["--project", SPANS, "--data-dir", str(copy)]
        assert run("export", *here, "--format", "otlp-proto", "-o", str(again))[1] == exported
        assert again.read_bytes() == file.read_bytes()
        assert run("export", *here)[0] == run("export", "--project", SPANS, *source)[0]

    def test_spans_as_json_say_the_same(self, source, tmp_path):
        file, copy = tmp_path / "spans.jsonl", tmp_path / "copy"
        run("export", "--project", SPANS, *source, "--format", "otlp-json", "-o", str(file))
        first = json.loads(file.read_text().splitlines()[0])["resourceSpans"][0]["scopeSpans"][0]["spans"][0]
        assert int(first["traceId"], 16)
        run("import", str(file), "--data-dir", str(copy), "--into-project", SPANS)
        assert (
            run("export", "--project", SPANS, "--data-dir", str(copy))[0]
            == run("export", "--project", SPANS, *source)[0]
        )

    def test_a_filter_selects(self, source):
        out, err = run("export", "--project", CALLS, *source, "--status", "error")
        assert json.loads(out)["id"] == call_id(3)
        assert err == "exported 1 calls\n"

    def test_calls_without_a_span_are_counted(self, source):
        out, err = run("export", "--project", CALLS, *source, "--format", "otlp-proto")
        assert (out, err) == ("", "exported 0 spans, 5 have no span\n")

    def test_a_running_bridge_takes_what_was_exported(self, bridge_process, tmp_path):
        file, here = tmp_path / "file", ["--url", bridge_process.api]
        for shape, project in (("calls", CALLS), ("otlp-proto", SPANS), ("otlp-json", SPANS)):
            target = f"copies/{shape}"
            run("export", "--project", project, *here, "--format", shape, "-o", str(file))
            run("import", str(file), *here, "--into-project", target)
            copied = set(client.ids(bridge_process.api, target))
            assert copied == set(client.ids(bridge_process.api, project))

    def test_importing_again_changes_nothing(self, bridge_process, tmp_path):
        file, here = tmp_path / "file", ["--url", bridge_process.api]
        before, _ = run("export", "--project", CALLS, *here)
        file.write_text(before)
        run("import", str(file), *here)
        assert run("export", "--project", CALLS, *here)[0] == before


class TestTrouble:
    def test_a_directory_that_a_bridge_writes_is_refused_with_a_hint(self, bridge_process, tmp_path):
        file = tmp_path / "file"
        file.write_text("{}\n")
        arguments = ["import", str(file), "--data-dir", str(bridge_process.data_dir)]
        command = [sys.executable, "-m", "otel_bridge", *arguments]
        done = subprocess.run(
            command, env=environment(), capture_output=True, text=True, check=False, timeout=60
        )
        assert done.returncode == 3
        assert done.stderr.endswith("--url URL reaches it\n")

    def test_no_bridge_there_is_one_line(self):
        _, err = run("calls", "--url", "http://127.0.0.1:1", code=1)
        assert err == "Error: cannot reach a bridge at http://127.0.0.1:1: Connection refused\n"

    @pytest.mark.parametrize("url", ["ftp://x", "http://", "http://127.0.0.1:port"])
    def test_an_address_that_is_none(self, url):
        assert "no address of a bridge" in run("calls", "--url", url, code=1)[1]

    def test_no_calls_there_is_one_line(self, tmp_path):
        assert "there are no calls in" in run("calls", "--data-dir", str(tmp_path), code=1)[1]

    @pytest.mark.parametrize("flags", [["--since", "yesterday"], ["--until", "7q"], ["--project", "x"]])
    def test_a_bad_option_is_a_usage_error(self, source, flags):
        run("calls", *source, *flags, code=2)

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            (b'{"id":1}\n', "call 1 of the file is no exported call"),
            (b"\x0a\xff\xff\xff\xff\x7f", "not OTLP traces in protobuf"),
            (b"\x0a\x05ab", "ends amid a span"),
            (b"hello", "not OTLP traces in protobuf"),
            (b'{"resourceSpans":7}\n', "no OTLP/JSON"),
        ],
    )
    def test_a_file_that_was_not_exported(self, tmp_path, content, words):
        file = tmp_path / "file"
        file.write_bytes(content)
        assert words in run("import", str(file), "--data-dir", str(tmp_path / "new"), code=1)[1]

    def test_a_reader_that_goes_away_ends_it_quietly(self, bridge_process):
        export = f"{sys.executable} -m otel_bridge export --project {SPANS} --url {bridge_process.api}"
        done = spawn(["sh", "-c", f"{export} | head -c 10"])
        assert (len(done.stdout), done.stderr) == (10, "")


def test_followed_calls_are_shown_as_they_come_and_as_they_end(bridge_process):
    project = "people/followed"

    def keep(*items: dict) -> None:
        for item in items:
            next(iter(item["req"].values()))["project_id"] = project
        client.post(bridge_process.api, "/call/upsert_batch", a_batch(*items))

    keep(*a_call(1))
    command = [sys.executable, "-m", "otel_bridge", "calls", "--follow", "--project", project, "--url"]
    with subprocess.Popen(
        [*command, bridge_process.api], env=environment(), stdout=subprocess.PIPE, text=True
    ) as process:
        guard = threading.Timer(FOLLOW_SECONDS, process.kill)
        guard.start()
        assert process.stdout is not None
        assert process.stdout.readline().split()[:2] == ["time", "status"]
        assert call_id(1) in process.stdout.readline()
        begun, ended = a_call(2)
        keep(begun)
        assert "running" in process.stdout.readline()
        keep(ended)
        assert "success" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait() == 130
        guard.cancel()
