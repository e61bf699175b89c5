"""Files and the log as exporters of a real bridge: what was answered with 200 is there, whoever is killed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import zstandard
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from tests.e2e import client
from tests.e2e.process import ROOT, environment
from tests.integration.otlp.bridge import PROJECT, running, start, stop
from tests.integration.otlp.metrics import eventually, metric

SECRET = "what nobody may read in a log"


def imported(data_dir, file, *flags: str) -> str:
    """Read a file into a store by `otel-bridge import`; return what it says."""
    command = [sys.executable, "-m", "otel_bridge", "import", str(file), "--data-dir", str(data_dir), *flags]
    done = subprocess.run(
        command, capture_output=True, text=True, env=environment(), cwd=ROOT, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stderr


def exported(data_dir, shape: str) -> list[str]:
    command = [sys.executable, "-m", "otel_bridge", "export", "-o", "-", "--data-dir", str(data_dir)]
    done = subprocess.run(
        [*command, "--format", shape, "--project", PROJECT],
        capture_output=True, text=True, env=environment(), cwd=ROOT, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def spans_in(said: dict) -> list[str]:
    """The ids of the spans in a file."""
    data = Path(said["path"]).read_bytes()
    if said.get("compression") == "zstd":
        with zstandard.ZstdDecompressor().stream_reader(data, read_across_frames=True) as reader:
            return client.span_ids(TracesData.FromString(reader.read()))
    documents = [json.loads(line) for line in data.splitlines()]
    scopes = [s for one in documents for r in one.get("resourceSpans", ()) for s in r["scopeSpans"]]
    return [span["spanId"] for scope in scopes for span in scope["spans"]]


def a_start(number: int) -> dict:
    start = {"project_id": PROJECT, "id": f"{number:016x}", "trace_id": f"{number:032x}", "op_name": "chat",
             "started_at": "2026-01-02T03:04:05Z", "attributes": {}, "inputs": {"q": SECRET}}  # fmt: skip
    return {"mode": "start", "req": {"start": start}}


@pytest.mark.long
def test_what_was_answered_is_in_the_file_after_every_process_was_killed(tmp_path):
    files = {
        "file/json": {"type": "file", "path": str(tmp_path / "spans.jsonl")},
        "file/proto": {
            "type": "file",
            "path": str(tmp_path / "spans.pb.zst"),
            "format": "proto",
            "compression": "zstd",
        },
    }
    outlets = [{"name": name, **said} for name, said in files.items()] + [{"name": "debug", "type": "debug"}]
    first, second = client.a_request(40, text=SECRET), client.a_request(1, text=SECRET)
    bridge = start(tmp_path / "data", outlets=outlets)
    try:
        assert client.export(bridge.http, first) == 200
        body = json.dumps({"batch": [a_start(1), a_start(2)]}).encode()
        status, _ = client.call(f"{bridge.api}/call/upsert_batch", body, Content_Type="application/json")
        assert status == 200
        total = "otel_bridge_exporter_calls_total"
        eventually(lambda: metric(bridge, total, exporter="file/json", outcome="sent") == 42)
        assert metric(bridge, total, exporter="file/proto", outcome="unsupported") == 2
        eventually(lambda: "spans_seen" in bridge.log)
        assert SECRET not in bridge.log
        bridge.kill_tree()
    finally:
        stop(bridge)
    with (tmp_path / "spans.jsonl").open("a") as torn:
        torn.write('{"resourceSpans":[{"half')
    with running(tmp_path / "data", outlets=outlets) as again:
        assert client.export(again.http, second) == 200
        assert "half_written_end_removed" in again.log
    wanted = sorted([*client.span_ids(first), *client.span_ids(second)])
    for name, said in files.items():
        assert sorted(spans_in(said)) == wanted, name
        place = tmp_path / name.replace("/", "-")
        assert "imported" in imported(place, said["path"], "--project", PROJECT)
    calls = [json.loads(line) for line in exported(tmp_path / "file-json", "calls")]
    assert len([call for call in calls if call["inputs"] == {"q": SECRET}]) == 2
    assert set(wanted) < {call["id"] for call in calls}
