"""Runner processes that are stopped, or end by themselves: nobody else pays for it, and nothing goes on."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import aclosing

import pytest

from otel_bridge.scoring.runners import Runners
from tests.integration.running import (
    DEADLINE,
    FOLDER,
    gone,
    line,
    python,
    results,
    scored,
    settings,
    told_pid,
    tree,
)


@pytest.mark.parametrize("how", ["spin", "spin in C", "sleep"])
async def test_a_call_that_takes_too_long_is_stopped_and_the_others_are_scored(how):
    found = await scored(python("behaves", timeout=DEADLINE), "one", how, "two", "three")
    assert found[1] == f"took longer than {DEADLINE:g} s and was stopped"
    first, *others = found[0], *found[2:]
    assert len({*others}) == 1
    assert first not in others


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ("exit at once", "the scorer ended its process, exit code 3"),
        ("crash", "the scorer's process was ended by SIGSEGV"),
    ],
)
async def test_a_scorer_that_ends_its_process_costs_the_call_at_fault_only(how, why):
    found = await scored(python("behaves"), "one", how, "two", how, "three")
    assert [isinstance(one, int) for one in found] == [True, False, True, False, True]
    assert (found[1], found[3]) == (why, why)


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ("spin", f"took longer than {DEADLINE:g} s and was stopped"),
        ("exit at once", "the scorer ended its process, exit code 3"),
    ],
)
async def test_of_several_coroutines_under_way_the_one_at_fault_is_found(how, why):
    found = await scored(python("behaves_async", timeout=DEADLINE), "one", "two", how, "three", "four")
    assert [one for one in found if not isinstance(one, int)] == [why]
    assert found[2] == why


async def test_who_stops_early_leaves_nothing_running(tmp_path):
    path = tmp_path / "pid"
    async with Runners(settings()) as runners:
        lines = [line("a"), line("b")]
        async with aclosing(runners.run(python("length"), lines)) as found:
            await anext(found)
        spinning = asyncio.create_task(
            results(runners, python("spins_after_telling"), [line(path=str(path))])
        )
        pid = await told_pid(path)
        spinning.cancel()
        await asyncio.wait([spinning])
        await gone(pid)
        assert len(await results(runners, python("length"), lines)) == 2


async def test_processes_end_with_the_pool_and_when_they_are_idle():
    async with Runners(settings(), idle_seconds=0.1) as idle:
        (verdict,) = await results(idle, python("behaves"), [line("one")])
        await gone(tree(verdict.output))
    async with Runners(settings()) as runners:
        (verdict,) = await results(runners, python("behaves"), [line("one")])
        os.kill(tree(verdict.output), 0)
    await gone(tree(verdict.output))


PARENT = """
import asyncio, sys
from otel_bridge.scorer.settings import ScoringSettings
from otel_bridge.scorer.spec import Spec
from otel_bridge.scoring.runners import Runners

async def main(folder, line):
    spec = Spec(name="s", kind="python", settings={"callable": "sample_scorers:spins_after_telling"},
                origin="config")
    async with Runners(ScoringSettings(python_path=(folder,))) as runners:
        async for _ in runners.run(spec, [line.encode()]):
            pass

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a process with its parent")
async def test_a_spinning_scorer_ends_with_the_process_that_owns_the_pool(tmp_path):
    path = tmp_path / "pid"
    arguments = ("-c", PARENT, str(FOLDER), line(path=str(path)).decode())
    parent = await asyncio.create_subprocess_exec(sys.executable, *arguments)
    pid = await told_pid(path)
    parent.send_signal(signal.SIGKILL)
    await parent.wait()
    await gone(pid)
