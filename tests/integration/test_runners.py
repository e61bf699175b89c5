"""Runner processes: real ones, whatever the scorer does to them."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import aclosing
from pathlib import Path

import orjson
import pytest
from blockbuster import blockbuster_ctx
from msgspec import Raw
from structlog.testing import capture_logs

from otel_bridge.scorer.base import ScorerBusy, ScorerFailed, Verdict
from otel_bridge.scorer.settings import ScoringSettings
from otel_bridge.scorer.spec import Bounds, Spec
from otel_bridge.scoring.runners import Runners

FOLDER = Path(__file__).parents[1] / "fixtures" / "scorers"
PATIENCE = 60.0
DEADLINE = 2.0
"""Of one call, where a test waits for it; long enough for a healthy call on a busy machine."""


@pytest.fixture(autouse=True)
def nothing_blocks():
    with blockbuster_ctx("otel_bridge.scoring"):
        yield


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


CALLED = {
    "a function": (python("length"), {"passed": True, "length": 3}),
    "a coroutine function": (python("waiting"), "out"),
    "a function that gives an awaitable": (python("half_async"), "out"),
    "a class": (python("Grader"), {"level": 1, "output": "out"}),
    "a class and its arguments": (python("Grader", arguments={"level": 5}), {"level": 5, "output": "out"}),
    "a class with async score": (python("AsyncGrader"), {"level": 1, "output": "out"}),
    "an object": (python("grader"), {"level": 7, "output": "out"}),
    "a class of callables": (python("Called"), ["called", "out"]),
    "a function, arguments and a map": (
        python("named", arguments={"level": 9}, column_map={"question": "q"}),
        {"question": "why", "output": "out", "level": 9},
    ),
}


async def test_a_python_scorer_of_any_sort_is_called_with_what_the_call_has():
    async with Runners(settings()) as runners:
        found = {
            name: (await results(runners, spec, [line("out", q="why")]))[0]
            for name, (spec, _) in CALLED.items()
        }
    assert {name: tree(one.output) for name, one in found.items()} == {
        name: output for name, (_, output) in CALLED.items()
    }
    assert all(tree(one.inputs)["output"] == "out" for one in found.values())
    assert all(0 < one.started_at <= one.ended_at for one in found.values())


async def test_whatever_has_a_json_form_is_a_result():
    kinds = ("none", "number", "text", "pydantic", "dataclass", "nested", "nan")
    assert await scored(python("returns"), *kinds) == [
        None, 0.5, "good", {"passed": True, "score": 1.0}, {"passed": True},
        {"all": [{"passed": False, "score": 0.0}], "scalar": 0.5}, None,
    ]  # fmt: skip


async def test_what_has_no_json_form_or_is_too_large_costs_its_own_call_only():
    found = await scored(python("returns"), "object", "circle", "large", "text")
    assert found[0] == "the result is no JSON: an object of class object has no JSON form"
    assert found[1].startswith("the result is no JSON: ")
    assert found[2] == f"the result has {(100 << 20) + 2} bytes, more than max_result = {1 << 20}"
    assert found[3] == "good"


async def test_a_scorer_that_cannot_be_loaded_says_why_for_each_call():
    reasons = {
        "nowhere": "sample_scorers:nowhere cannot be loaded: AttributeError: ",
        "Broken": "sample_scorers:Broken cannot be loaded: ValueError: no licence",
        "not_a_scorer": "an object of class int is no scorer",
    }
    async with Runners(settings()) as runners:
        for name, why in reasons.items():
            found = await results(runners, python(name), [line("a"), line("b")])
            assert [str(one).startswith(why) for one in found] == [True, True]


async def test_a_module_that_is_not_there_is_named():
    spec = Spec(name="x", kind="python", settings={"callable": "no_such_module:x"}, origin="config")
    (reason,) = await scored(spec, "a")
    assert "No module named 'no_such_module'" in reason


async def test_a_call_without_the_arguments_fails_alone():
    async with Runners(settings()) as runners:
        lines = [line("out", 0, question="q"), line("out", 1, other="o")]
        good, bad = await results(runners, python("named"), lines)
    assert isinstance(good, Verdict)
    assert str(bad) == "the call has no input for the scorer's parameter question; it has other"


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


async def test_what_a_scorer_raises_is_told_with_its_place_and_ends_no_process():
    found = await scored(
        python("behaves"),
        "one",
        "raise",
        "sys.exit",
        "interrupt",
        "recurse",
        "memory",
        "two",
        max_memory="2GiB",
    )
    assert found[0] == found[-1]
    raised, left, interrupted, recursed, memory = found[1:-1]
    assert raised.startswith("LookupError: no such answer (sample_scorers.py, line ")
    assert left.startswith("SystemExit: the scorer ended its process (")
    assert interrupted.startswith("KeyboardInterrupt (")
    assert recursed.startswith("RecursionError: ")
    assert memory.startswith("MemoryError: no more memory (scoring.max_memory bounds it) (")


async def test_a_scorer_may_ask_to_be_tried_again_later():
    async with Runners(settings()) as runners:
        (found,) = await results(runners, python("behaves"), [line("busy")])
    assert isinstance(found, ScorerBusy)
    assert (str(found), found.retry_after) == ("try later", 3)


async def test_a_copy_of_the_process_that_a_scorer_leaves_behind_says_nothing():
    found = await scored(python("behaves"), "fork", "one", "fork", "two")
    assert [isinstance(one, int) for one in found] == [True] * 4


async def test_what_a_scorer_prints_is_in_the_log_and_not_in_the_protocol():
    with capture_logs() as logs:
        found = await scored(python("behaves"), "print", "one")
    assert found[0] == found[1]
    lines = [one["line"] for one in logs if one["event"] == "a scorer printed"]
    assert lines == ["first line", "second print", "\N{REPLACEMENT CHARACTER} not text", "to stderr"]
    assert {one["scorer"] for one in logs} == {"behaves"}


async def test_coroutines_run_beside_one_another_up_to_the_concurrency():
    async with Runners(settings()) as runners:
        lines = [line("together", n, size=6) for n in range(12)]
        found = await results(runners, python("behaves_async", concurrency=6), lines)
    assert len({bytes(one.output) for one in found}) == 1


async def test_a_coroutine_that_waits_too_long_or_is_cancelled_costs_no_process():
    found = await scored(python("behaves_async", timeout=DEADLINE), "one", "wait", "cancel", "two")
    assert found[0] == found[3]
    assert found[1] == f"took longer than {DEADLINE:g} s and was stopped"
    assert found[2].startswith("CancelledError")


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


async def test_two_runners_score_at_the_same_time(tmp_path):
    async with Runners(settings(), size=2) as runners:
        spec = python("meets")
        one, other = await asyncio.gather(
            results(runners, spec, [line(folder=str(tmp_path), me="a", other="b")]),
            results(runners, spec, [line(folder=str(tmp_path), me="b", other="a")]),
        )
    assert one[0].output != other[0].output


async def test_a_call_larger_than_a_batch_and_many_calls_are_scored():
    async with Runners(settings()) as runners:
        spec = Spec(name="l", kind="length", settings={}, origin="builtin")
        lines = [line("x" * 6_000_000), *(line("y" * n, n) for n in range(1000))]
        found = await results(runners, spec, lines)
    assert [tree(one.output)["length"] for one in found] == [6_000_000, *range(1000)]
    assert tree(found[5].inputs) == {"call": "weave:///ada/demo/call/c4"}


async def test_an_argument_that_is_large_is_recorded_as_a_ref_to_its_call():
    async with Runners(settings()) as runners:
        (verdict,) = await results(runners, python("length"), [line("x" * 100_000)])
    assert tree(verdict.inputs) == {"output": "weave:///ada/demo/call/c0"}


async def test_a_line_that_is_no_call_fails_alone():
    async with Runners(settings()) as runners:
        spec = Spec(name="l", kind="length", settings={}, origin="builtin")
        bad, deep, good = await results(runners, spec, [b"{", b"[" * 100_000, line("four")])
    assert isinstance(bad, ScorerFailed)
    assert isinstance(deep, ScorerFailed)
    assert tree(good.output)["length"] == 4


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


async def test_a_runner_gives_way_to_everything_else():
    assert await scored(python("niceness"), "x") == [19]


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
