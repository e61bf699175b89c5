"""Calls and scorers for runner processes, and what came of them."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import orjson
import pytest
from msgspec import Raw

from otel_bridge.scorer.base import Verdict
from otel_bridge.scorer.settings import ScoringSettings
from otel_bridge.scorer.spec import Bounds, Spec
from otel_bridge.scoring.runners import Runners

FOLDER = Path(__file__).parents[1] / "fixtures" / "scorers"
PATIENCE = 60.0
DEADLINE = 3.0
"""Of one call, where a test waits for it; long enough for a healthy call on a busy machine."""


def settings(**said) -> ScoringSettings:
    return ScoringSettings(python_path=(FOLDER,), **said)


def python(name: str, *, timeout: float = PATIENCE, concurrency: int = 4, **said) -> Spec:
    column_map = said.pop("column_map", None)
    return Spec(
        name=name,
        kind="python",
        settings={"callable": f"sample_scorers:{name}", **said},
        origin="config",
        column_map=column_map,
        bounds=Bounds(timeout_seconds=timeout, concurrency=concurrency),
    )


def line(output=None, number: int = 0, **inputs) -> bytes:
    return orjson.dumps({"id": f"c{number}", "project_id": "ada/demo", "inputs": inputs, "output": output})


def tree(raw: Raw):
    return orjson.loads(bytes(raw))


async def results(runners: Runners, spec: Spec, lines: list[bytes]) -> list:
    """Return what came of each line, in the order of the lines."""
    found = {}
    async for number, result in runners.run(spec, lines):
        assert number not in found
        found[number] = result
    return [found[number] for number in range(len(lines))]


async def scored(spec: Spec, *outputs, **said) -> list:
    """Return the output of a verdict, or the reason why there is none, for each call."""
    async with Runners(settings(**said)) as runners:
        found = await results(runners, spec, [line(output, n) for n, output in enumerate(outputs)])
    return [tree(one.output) if isinstance(one, Verdict) else str(one) for one in found]


async def gone(pid: int) -> None:
    """Wait until a process is no more."""
    for _ in range(int(PATIENCE / 0.02)):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        await asyncio.sleep(0.02)
    pytest.fail(f"process {pid} still runs")


def pid_in(path: Path) -> int | None:
    text = path.read_text() if path.exists() else ""
    return int(text) if text else None


async def told_pid(path: Path) -> int:
    """Wait until a scorer has told its process id."""
    for _ in range(int(PATIENCE / 0.02)):
        if (pid := pid_in(path)) is not None:
            return pid
        await asyncio.sleep(0.02)
    return pytest.fail("no scorer ran")
