"""Runner processes: real ones, and what comes of a call."""

from __future__ import annotations

import asyncio

from structlog.testing import capture_logs

from otel_bridge.scorer.base import ScorerBusy, ScorerFailed, Verdict
from otel_bridge.scorer.spec import Spec
from otel_bridge.scoring.runners import Runners
from tests.integration.running import DEADLINE, line, python, results, scored, settings, tree

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
    found = await scored(python("returns"), "object", "circle", "large", "text", "number of 400 digits")
    assert found[0] == "the result is no JSON: an object of class object has no JSON form"
    assert found[1].startswith("the result is no JSON: ")
    assert found[2] == f"the result has {(100 << 20) + 2} bytes, more than max_result = {1 << 20}"
    assert found[3] == "good"
    assert found[4].startswith("the result is JSON that nobody can read: number")


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


async def test_a_runner_gives_way_to_everything_else():
    assert await scored(python("niceness"), "x") == [19]
