"""Scoring in a running bridge: its workers come when there is something to do, and go with it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from contextlib import suppress
from textwrap import dedent

import psutil
import pytest

from tests.e2e import client
from tests.e2e.process import ROOT, environment, running

PROJECT = "acme/app"
WORKER = "otel_bridge.scoring.worker"
PATIENCE = 60
"""Seconds within which anything that is waited for comes, on the busiest of machines."""
OFF = """
receivers:
  weave_api: {endpoint: "127.0.0.1:0", scoring: {workers: 0}}
exporters:
  store:
service:
  pipelines:
    traces: {receivers: [weave_api], exporters: [store]}
"""


def call_id(n: int) -> str:
    return f"{n:016x}"


def post(bridge, path: str, body: dict) -> dict:
    status, answer = client.call(bridge.api + path, json.dumps(body).encode())
    assert status == 200, answer
    return json.loads(answer)


def get(bridge, path: str) -> dict:
    return json.loads(client.call(bridge.api + path)[1])


def keep_calls(bridge, *numbers: int) -> None:
    start = {"project_id": PROJECT, "trace_id": "1" * 32, "op_name": "chat", "attributes": {}, "inputs": {}}
    end = {"project_id": PROJECT, "ended_at": "2026-01-02T03:04:06Z", "summary": {}, "output": '{"a": 1}'}
    batch = []
    for n in numbers:
        begun = start | {"id": call_id(n), "started_at": "2026-01-02T03:04:05Z"}
        batch += [{"req": {"start": begun}}, {"req": {"end": end | {"id": call_id(n)}}}]
    post(bridge, "/call/upsert_batch", {"batch": batch})


def score(bridge, *numbers: int, again: bool = False) -> None:
    body = {
        "project_id": PROJECT,
        "call_ids": [call_id(n) for n in numbers],
        "scorer_refs": ["valid_json"],
    }
    post(bridge, "/calls/score" + ("?again=true" if again else ""), body)


def counts(bridge) -> dict[str, int]:
    told = get(bridge, f"/calls/score/status?project_id={PROJECT}")["counts"]
    return {state: count for state, count in told.items() if count}


def feedback(bridge) -> list[dict]:
    return post(bridge, "/feedback/query", {"project_id": PROJECT})["result"]


def waits_for(told, expected) -> None:
    """Ask until the answer is the expected one."""
    deadline = time.monotonic() + PATIENCE
    while (found := told()) != expected:
        assert time.monotonic() < deadline, found
        time.sleep(0.05)


def workers(bridge) -> list[psutil.Process]:
    found = []
    for process in psutil.Process(bridge.process.pid).children():
        with suppress(psutil.Error):
            found += [process] if WORKER in process.cmdline() else []
    return found


def health(bridge) -> str:
    return get(bridge, "/readyz")["parts"]["scoring"]


def test_a_bridge_has_a_worker_once_there_is_something_to_score(fresh_bridge):
    keep_calls(fresh_bridge, 1, 2)
    assert (workers(fresh_bridge), health(fresh_bridge)) == ([], "idle")

    score(fresh_bridge, 1, 2)
    waits_for(lambda: counts(fresh_bridge), {"done": 2})
    assert [row["feedback_type"] for row in feedback(fresh_bridge)] == ["wandb.runnable.valid_json"] * 2
    assert (len(workers(fresh_bridge)), health(fresh_bridge)) == (1, "working")
    metrics = client.call(fresh_bridge.api + "/metrics")[1].decode()
    assert 'otel_bridge_scoring_tasks_total{outcome="queued"} 2.0' in metrics
    assert 'otel_bridge_scoring_tasks_total{outcome="done"} 2.0' in metrics
    assert 'otel_bridge_scoring_pending{what="queued"} 0.0' in metrics


def test_a_worker_that_dies_is_started_again(fresh_bridge):
    keep_calls(fresh_bridge, 1)
    score(fresh_bridge, 1)
    waits_for(lambda: counts(fresh_bridge), {"done": 1})
    (worker,) = workers(fresh_bridge)
    worker.kill()
    worker.wait(PATIENCE)

    score(fresh_bridge, 1, again=True)
    waits_for(lambda: counts(fresh_bridge), {"done": 1})
    assert len(feedback(fresh_bridge)) == 2
    assert "scoring worker ended, starting it again" in fresh_bridge.log
    assert (
        "otel_bridge_scoring_worker_restarts_total 1.0"
        in client.call(fresh_bridge.api + "/metrics")[1].decode()
    )


@pytest.fixture
def waiting(tmp_path):
    """A data directory in which a call waits for its score."""
    file = tmp_path / "off.yaml"
    file.write_text(OFF)
    with running(tmp_path / "data", f"--config={file}") as bridge:
        keep_calls(bridge, 1)
        score(bridge, 1)
        assert (counts(bridge), health(bridge)) == ({"queued": 1}, "off")
    return tmp_path / "data"


def test_what_waits_when_a_bridge_starts_is_scored_wherever_the_api_listens(waiting):
    with running(waiting, "--api=0.0.0.0:0", "--allow-unauthenticated") as bridge:
        bridge.api = bridge.api.replace("0.0.0.0", "127.0.0.1")
        waits_for(lambda: counts(bridge), {"done": 1})


def test_workers_end_with_their_bridge(fresh_bridge):
    keep_calls(fresh_bridge, 1)
    score(fresh_bridge, 1)
    waits_for(lambda: len(workers(fresh_bridge)), 1)
    (worker,) = workers(fresh_bridge)

    assert fresh_bridge.terminate() == 0
    assert not worker.is_running()
    assert "killing it" not in fresh_bridge.log


def test_workers_end_when_their_bridge_was_killed(fresh_bridge):
    keep_calls(fresh_bridge, 1)
    score(fresh_bridge, 1)
    waits_for(lambda: counts(fresh_bridge), {"done": 1})
    (worker,) = workers(fresh_bridge)

    fresh_bridge.kill()
    psutil.wait_procs([worker], timeout=PATIENCE)
    assert not worker.is_running()


def test_a_bridge_that_scores_nothing_has_loaded_nothing_of_scoring(tmp_path):
    program = """
        import asyncio, sys
        import aiohttp
        from otel_bridge.config import BridgeConfig, Endpoint
        from otel_bridge.service.running import open_bridge

        free = Endpoint(host="127.0.0.1", port=0)
        call = {"project_id": "a/b", "id": "1" * 16, "trace_id": "1" * 32, "op_name": "chat",
                "started_at": "2026-01-02T03:04:05Z", "attributes": {}, "inputs": {}}

        async def main():
            config = BridgeConfig(data_dir=sys.argv[1], otlp_http=free, otlp_grpc=free, api=free)
            async with open_bridge(config) as up, aiohttp.ClientSession(f"http://{up.doors.api}") as http:
                await http.post("/call/start", json={"start": call})
                for path in ("/calls/stream_query", "/objs/query", "/feedback/query"):
                    async with http.post(path, json={"project_id": "a/b"}) as answer:
                        assert answer.status == 200
                async with http.get("/calls/score/status?project_id=a/b") as answer:
                    assert answer.status == 200
            print([m for m in sys.modules if m.startswith(PACKAGES)])

        PACKAGES = ("otel_bridge.scorer", "otel_bridge.scoring", "otel_bridge.jobs", "re2", "confluent_kafka")
        asyncio.run(main())
        """
    done = subprocess.run(
        [sys.executable, "-c", dedent(program), str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        env=environment(),
        cwd=ROOT,
        check=False,
    )
    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr
