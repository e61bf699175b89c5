"""What people type to look at calls, against the directory of a bridge that runs and against its URL."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading

import pytest

from tests.contract.api.bodies import a_batch, call_id, trace_id
from tests.e2e import client
from tests.e2e.people import CALLS, FOLLOW_SECONDS, a_call, at, listed, run
from tests.e2e.process import environment


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
