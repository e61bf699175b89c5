"""`otel-bridge doctor` as a person runs it, at bridges with real faults."""

from __future__ import annotations

import io
import json
import os
import socket
import subprocess
import sys
import time
from contextlib import redirect_stdout
from unittest.mock import patch

import click
import pytest

from otel_bridge.cli import cli
from tests.e2e.client import a_request, call, export, post
from tests.e2e.keys import auth_file
from tests.e2e.process import environment, running
from tests.faults.sidecar import config
from tests.faults.upstream import upstream
from tests.fixtures.captures import exports

TIMEOUT_SECONDS = 120
KEY = "key-that-must-not-be-seen"


def doctor(*arguments: str, **env: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "otel_bridge", "doctor", *map(str, arguments)],
        env=environment(**env),
        capture_output=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
        text=True,
        encoding="utf-8",
    )


def examined(*arguments: str, code: int, **env: str) -> dict[str, list[dict]]:
    """Run it for machines, in this process: it starts in a tenth of the time.

    Return the findings by their ids, those that are well by their section.
    """
    said = io.StringIO()
    with redirect_stdout(said), patch.dict(os.environ, environment(**env), clear=True):
        found_code = cli.main(["doctor", "--json", *arguments], standalone_mode=False)
    assert found_code == code, said.getvalue()
    document = json.loads(said.getvalue())
    assert document["ok"] is (code == 0)
    found: dict[str, list[dict]] = {}
    for one in document["findings"]:
        found.setdefault(one["id"] or one["section"], []).append(one)
    return found


def texts(findings: list[dict]) -> str:
    return "\n".join(one["text"] for one in findings)


def a_file(path, **document) -> str:
    otlp = {"otlp": {"protocols": {"grpc": {}, "http": {}}}, "weave_api": {}}
    path.write_text(json.dumps({"receivers": otlp, "exporters": {"store": {}}, **document}))
    return f"--config={path}"


@pytest.fixture(scope="module")
def busy(tmp_path_factory):
    """A bridge that a sender without content uses, and one whose clock is ahead."""
    with running(tmp_path_factory.mktemp("doctor") / "data") as bridge:
        for one in exports("otel-openai-v2-default"):
            status, _ = call(f"{bridge.http}/v1/traces", one.body, Content_Type="application/x-protobuf")
            assert status == 200
        ahead = a_request(1)
        ahead.resource_spans[0].scope_spans[0].spans[0].end_time_unix_nano = time.time_ns() + 3600 * 10**9
        assert export(bridge.http, ahead) == 200
        assert call(f"{bridge.http}/v1/traces", b"no spans", Content_Type="application/x-protobuf")[0] == 400
        yield bridge


@pytest.fixture(scope="module")
def seen(busy):
    return examined(f"--data-dir={busy.data_dir}", code=0)


def test_the_test_span_is_taken_by_each_receiver_found_in_the_store_and_gone(busy, seen):
    told = texts(seen["Test span"])
    for label in ("OTLP/HTTP", "OTLP/gRPC", "the API's port"):
        assert f"{label} " in told
    assert "pipeline traces: store gets it" in told
    assert "the store has it, in local/default: " in told
    assert "it is deleted again" in told
    lines = post(busy.api, "/calls/stream_query", {"project_id": "local/default"})
    assert lines
    assert not [one for one in lines if one["op_name"] == "otel-bridge doctor"]


def test_a_sender_without_content_is_told_the_switch_of_its_own(seen):
    (one,) = seen["sender.no_content"]
    assert "opentelemetry.instrumentation.openai_v2" in one["text"]
    assert "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT" in one["fix"]


def test_who_sends_is_told_with_version_receiver_and_time(seen):
    told = texts(seen["Senders"])
    assert "demo-app: OpenTelemetry's earlier GenAI packages, opentelemetry.instrumentation.openai_v2" in told
    assert "SDK python opentelemetry 1.45.2" in told
    assert "ago by otlp http" in told
    assert "otel-bridge-doctor" not in told


def test_a_clock_that_is_ahead_is_told(seen):
    (one,) = seen["sender.clock_ahead"]
    assert one["text"].startswith("e2e: its spans end ")


def test_a_request_that_was_refused_is_told_with_its_reason(seen):
    (one,) = seen["sender.refused"]
    assert "refused with 400" in one["text"]
    assert "not a protobuf ExportTraceServiceRequest" in one["text"]


def test_it_speaks_ascii_where_a_terminal_knows_no_more(busy):
    done = doctor(f"--data-dir={busy.data_dir}", "--no-span", PYTHONIOENCODING="ascii")
    assert done.returncode == 0, (done.stdout, done.stderr)
    assert "\n  + " in done.stdout
    assert "\n    -> " in done.stdout
    assert "Test span" not in done.stdout


def test_a_filter_and_a_sampler_that_take_everything_out_are_named(tmp_path):
    pipelines = {
        "traces": {"receivers": ["otlp"], "processors": ["filter/all"], "exporters": ["store"]},
        "traces/api": {
            "receivers": ["weave_api"],
            "processors": ["probabilistic_sampler"],
            "exporters": ["store"],
        },
    }
    processors = {
        "filter/all": {"traces": {"span": ['name != ""']}},
        "probabilistic_sampler": {"sampling_percentage": 0},
    }
    given = a_file(tmp_path / "c.json", processors=processors, service={"pipelines": pipelines})
    with running(tmp_path / "data", given) as bridge:
        found = examined(f"--data-dir={bridge.data_dir}", given, code=1)
    assert "otlp: pipeline traces: filter/all filters it out" in texts(found["span.filtered"])
    assert "traces/api: probabilistic_sampler samples it out" in texts(found["span.sampled_out"])
    assert "processors.probabilistic_sampler.sampling_percentage" in found["span.sampled_out"][0]["fix"]


def test_an_upstream_that_refuses_the_span_or_the_key_and_one_that_is_away_are_told_apart(tmp_path):
    with upstream() as server:
        given = config(tmp_path / "c.json", server.url, auth={"api_key": KEY})
        with running(tmp_path / "data", given) as bridge:
            options = (f"--data-dir={bridge.data_dir}", given)
            (one,) = exports("google-adk-litellm")
            call(f"{bridge.http}/v1/traces", one.body, Content_Type="application/x-protobuf")
            well = examined(*options, code=0)
            gone = set(server.deleted)
            server.refused_ops.add("otel-bridge doctor")
            dead = examined(*options, code=1)
            server.key = "another"
            refused = examined(*options, "--wait=0", code=1)
            server.refuse_connections()
            away = examined(*options, "--no-span", code=1)
            bridge.kill_tree()  # else it would wait for its upstream
            assert KEY not in json.dumps([well, dead, refused, away])
    assert "weave: its upstream has it" in texts(well["Test span"])
    assert "answers and takes the key" in texts(well["Delivery"])
    assert {one for one, kept in server.calls.items() if kept["op_name"] == "otel-bridge doctor"} == gone
    assert "ADK_CAPTURE_MESSAGE_CONTENT_IN_SPANS" in well["sender.no_content"][0]["fix"]
    assert "Invalid op_name" in texts(dead["span.dead"])
    assert "3 calls are dead letters" in texts(dead["queue.dead"])
    assert "401" in texts(refused["upstream.key"])
    assert "weave: it waits in the queue" in texts(refused["span.queued"])
    assert "cannot connect" in texts(away["upstream.unreachable"])


def test_a_bridge_that_asks_for_keys_is_shown_one(tmp_path):
    given = f"--auth-file={auth_file(tmp_path)}"
    with running(tmp_path / "data", given) as bridge:
        options = (f"--data-dir={bridge.data_dir}", given)
        without = examined(*options, code=1)
        found = examined(*options, code=0, OTEL_BRIDGE_API_KEY="owner-key")
    assert "401" in texts(without["bridge.refuses"])
    assert "OTEL_BRIDGE_API_KEY" in without["bridge.refuses"][0]["fix"]
    assert "Test span" not in without
    assert "it is deleted again" in texts(found["Test span"])


def test_a_queue_whose_disk_has_too_little_room_is_told(tmp_path):
    with upstream() as server:
        given = config(tmp_path / "c.json", server.url)
        options = (given, "--queue-min-free=1000TiB")
        with running(tmp_path / "data", *options) as bridge:
            found = examined(f"--data-dir={bridge.data_dir}", *options, "--wait=0", code=1)
    assert "must stay free" in texts(found["disk.full"])
    assert texts(found["span.refused"])


def test_without_a_bridge_it_says_so_and_who_has_the_port(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        found = examined(f"--data-dir={tmp_path}", f"--otlp-http=127.0.0.1:{port}", code=1)
    assert "no bridge runs on" in texts(found["bridge.down"])
    assert f"--otlp-http 127.0.0.1:{port} is taken" in texts(found["port.taken"])
    assert "--otlp-http HOST:PORT" in found["port.taken"][0]["fix"]
    assert "Versions" in found


def test_a_configuration_that_is_wrong_is_a_finding_with_its_place(tmp_path):
    pipelines = {"traces": {"receivers": ["otlq"], "exporters": ["store"]}}
    given = a_file(tmp_path / "c.json", service={"pipelines": pipelines})
    found = examined(f"--data-dir={tmp_path}", given, code=1)
    assert "c.json:1" in texts(found["config.wrong"])
    assert "otlq is not defined" in texts(found["config.wrong"])


def test_a_bad_option_is_one_line_and_exit_code_2():
    done = doctor("--attribute=novalue")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "otel-bridge: error: 'novalue' is no KEY=VALUE\n"


@pytest.mark.parametrize("bad", ["--resource==value", "--project=noslash", "--wait=-1"])
def test_other_bad_options_are_told_alike(bad):
    with pytest.raises(click.UsageError):
        cli.main(["doctor", bad], standalone_mode=False)
