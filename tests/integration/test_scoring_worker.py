"""The process of a worker: how it starts, what it does in runners, how it stops."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from otel_bridge.scorer.catalogue import object_form, registered
from otel_bridge.scorer.settings import ScoringSettings
from tests.e2e.process import ROOT, environment
from tests.fixtures.scoring_config import scoring_config
from tests.unit.scoring.double import Desk, a_task, ref, serving

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

SECONDS = 60
SCORING: dict[str, Any] = {
    "python_path": [str(ROOT)],
    "lease": "2s",
    "scorers": {
        "is_json": {"type": "valid_json"},
        "spin": {"type": "python", "callable": "tests.bench.scorers:spin", "limits": {"timeout": "300ms"}},
        "nothing": {"type": "python", "callable": "tests.bench.scorers:nothing"},
    },
}


@pytest.fixture
async def desk():
    """A bridge to which the scorers are published."""
    desk = Desk()
    for name, spec in registered(ScoringSettings.model_validate(SCORING)).items():
        desk.objects[ref(name)] = object_form(spec)
    return desk


@asynccontextmanager
async def program(*arguments: str, **pipes: Any) -> AsyncGenerator[asyncio.subprocess.Process]:
    """Run a program for the length of a block; killed at its end if it still runs."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", *arguments, env=environment(), cwd=ROOT, **pipes
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


@asynccontextmanager
async def child(url: str) -> AsyncGenerator[asyncio.subprocess.Process]:
    """A worker as the service starts it."""
    start = {"url": url, "worker": "w1", "token": "t", "scoring": SCORING,
             "log_level": "info", "log_format": "json"}  # fmt: skip
    async with program("otel_bridge.scoring.worker", stdin=asyncio.subprocess.PIPE) as process:
        assert process.stdin is not None
        process.stdin.write(json.dumps(start).encode() + b"\n")
        yield process


async def ended(process: asyncio.subprocess.Process) -> int:
    return await asyncio.wait_for(process.wait(), SECONDS)


async def test_a_child_works_until_its_input_ends(desk):
    desk.add(*[a_task(f"c{n}", "is_json") for n in range(30)])
    async with serving(desk) as url, child(url) as process:
        await desk.until(lambda: len(desk.outcomes) == 30)
        assert desk.states() == {"done": 30}
        process.stdin.close()
        assert await ended(process) == 0


async def test_a_scorer_that_spins_is_stopped_and_the_others_do_not_wait_for_it(desk):
    desk.add(a_task("c1", "spin"), *[a_task(f"c{n}", "nothing") for n in range(20)])
    async with serving(desk) as url, child(url):
        await desk.until(lambda: len(desk.outcomes) == 21)
    assert desk.states() == {"done": 20, "failed": 1}
    (failed,) = [one for one in desk.outcomes if one.state == "failed"]
    assert failed.task == a_task("c1", "spin")
    assert "0.3 s" in failed.error
    assert failed.run.exception == failed.error


async def test_a_child_hands_back_what_it_holds_when_its_input_ends(desk, monkeypatch):
    monkeypatch.setitem(SCORING["scorers"]["spin"], "limits", {"timeout": "1h"})
    desk.objects[ref("spin")] = object_form(registered(ScoringSettings.model_validate(SCORING))["spin"])
    desk.add(*[a_task(f"c{n}", "spin") for n in range(3)])
    async with serving(desk) as url, child(url) as process:
        await desk.until(lambda: desk.bodies("/calls/stream_query"))
        process.stdin.close()
        assert await ended(process) == 0
    assert {(one.state, one.error) for one in desk.outcomes} == {("queued", None)}
    assert len(desk.outcomes) + len(desk.queue) == 3


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_score_worker_works_alone_until_it_is_told_to_stop(desk, tmp_path, number):
    file = scoring_config(tmp_path / "bridge.json", SCORING)
    desk.add(*[a_task(f"c{n}", "nothing") for n in range(30)])
    async with serving(desk) as url:
        flags = ("--endpoint", url, "--config", str(file), "--name", "alone", "--concurrency", "2")
        async with program("otel_bridge", "score-worker", *flags) as process:
            await desk.until(lambda: len(desk.outcomes) == 30)
            process.send_signal(number)
            assert await ended(process) == 0
    assert desk.states() == {"done": 30}
    assert {body["worker"] for body in desk.bodies("/bridge/scoring/lease")} == {"alone"}


async def said(*flags: str) -> tuple[int, str]:
    """Run a worker that ends by itself; return its exit code and what it said."""
    async with program("otel_bridge", "score-worker", *flags, stderr=asyncio.subprocess.PIPE) as process:
        _, errors = await asyncio.wait_for(process.communicate(), SECONDS)
        assert process.returncode is not None
        return process.returncode, errors.decode()


async def test_a_server_that_lends_no_tasks_is_told_in_one_line(desk):
    desk.answers["/bridge/scoring/lease"] = [501]
    async with serving(desk) as url:
        code, errors = await said("--endpoint", url, "--log-level", "error")
    assert code == 1
    assert errors.splitlines()[-1].startswith("otel-bridge: error: ")
    assert "answered 501: told to answer 501" in errors
    assert "Traceback" not in errors
