"""CPU µs a call of each deterministic kind, beside reading the call alone; and what a runner adds.

    python -m tests.bench.bench_scorers [--calls 400] [--rounds 9] [--tasks 5000]

First: medians and minima of several rounds of CPU time in this process, over calls of 0.5, 3 and 30 KB; the
time to read a call's JSON is in every figure. Then: CPU of the pool and of its runner for a scorer that does
next to nothing, a kind and a Python function, per task, start-up taken off.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import statistics
import time
from collections.abc import Callable

import msgspec
import orjson

from otel_bridge.scorer.callables import encoded
from otel_bridge.scorer.rules.opening import open_rule
from otel_bridge.scorer.settings import ScoringSettings
from otel_bridge.scorer.spec import Spec
from otel_bridge.scoring.runners import Runners

WORDS = "The quick brown fox jumps over the lazy dog, says agent 7 at 12:30, order 4711-22. "
SIZES = {"0.5 KB": 500, "3 KB": 3_000, "30 KB": 30_000}
SCHEMA = {
    "type": "object",
    "required": ["answer", "notes"],
    "properties": {"answer": {"type": "string", "minLength": 3}, "notes": {"items": {"type": "integer"}}},
}
KINDS: dict[str, tuple[str, dict]] = {
    "valid_json": ("valid_json", {}),
    "json_schema": ("json_schema", {"schema": SCHEMA}),
    "regex": ("regex", {"pattern": r"order (?P<n>\d+-\d+)x", "negate": True}),
    "contains": ("contains", {"texts": ["nowhere", "in the text"], "negate": True}),
    "contains, any case": ("contains", {"texts": ["nowhere", "in it"], "negate": True, "ignore_case": True}),
    "exact_match": ("exact_match", {"value_field": "inputs.expected"}),
    "fuzzy_match": ("fuzzy_match", {"value_field": "inputs.expected", "max_characters": 100_000}),
    "length": ("length", {"max": 100_000}),
    "latency": ("latency", {"max": "10s"}),
    "cost": ("cost", {"max": 1}),
    "tokens": ("tokens", {"max": 10_000}),
    "pii": ("pii", {}),
}


def a_line(number: int, size: int) -> bytes:
    output = orjson.dumps({"answer": (WORDS * (size // len(WORDS) + 1))[:size], "notes": [1, 2, 3]}).decode()
    cost = {"prompt_tokens_total_cost": 0.01, "completion_tokens_total_cost": 0.02}
    return orjson.dumps(
        {
            "id": f"{number:016x}",
            "project_id": "local/default",
            "op_name": "chat",
            "started_at": "2026-11-28T12:00:00.000000Z",
            "ended_at": "2026-11-28T12:00:01.500000Z",
            "inputs": {"question": WORDS, "expected": output[: len(output) // 2]},
            "output": output,
            "summary": {
                "usage": {"gpt-4o": {"input_tokens": 700, "output_tokens": 120, "total_tokens": 820}},
                "weave": {"costs": {"gpt-4o": cost}, "latency_ms": 1500},
            },
        }
    )


def per_call(work: Callable[[bytes], object], lines: list[bytes], rounds: int) -> tuple[float, float]:
    """Return median and minimum of CPU µs a call."""
    figures = []
    for _ in range(rounds):
        start = time.process_time_ns()
        for line in lines:
            work(line)
        figures.append((time.process_time_ns() - start) / len(lines) / 1000)
    return statistics.median(figures), min(figures)


def kinds(calls: int, rounds: int) -> None:
    for label, size in SIZES.items():
        lines = [a_line(number, size) for number in range(calls)]
        print(f"\ncalls with an output of {label}: µs CPU a call, median (minimum)")
        median, least = per_call(msgspec.json.decode, lines, rounds)
        print(f"  {'read the call':20} {median:8.1f} ({least:.1f})")
        for name, (kind, settings) in KINDS.items():
            judge = open_rule(kind, settings).judge

            def work(line: bytes, judge=judge) -> object:
                return encoded(judge(msgspec.json.decode(line)), 1 << 20)

            median, least = per_call(work, lines, rounds)
            print(f"  {name:20} {median:8.1f} ({least:.1f})")


def cpu(who: int) -> float:
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


async def through_a_runner(spec: Spec, lines: list[bytes]) -> tuple[float, float]:
    """Return CPU seconds of the runner, from start to end, and of the pool."""
    runner, pool = cpu(resource.RUSAGE_CHILDREN), cpu(resource.RUSAGE_SELF)
    async with Runners(ScoringSettings()) as runners:
        count = 0
        for at in range(0, len(lines), 100):
            async for _ in runners.run(spec, lines[at : at + 100]):
                count += 1
    assert count == len(lines)
    return cpu(resource.RUSAGE_CHILDREN) - runner, cpu(resource.RUSAGE_SELF) - pool


def runner(tasks: int) -> None:
    specs = {
        "a kind": Spec(name="length", kind="length", settings={}, origin="builtin"),
        "a Python function": Spec(
            name="f", kind="python", settings={"callable": "tests.bench.scorers:nothing"}, origin="config"
        ),
        "a coroutine function": Spec(
            name="f",
            kind="python",
            settings={"callable": "tests.bench.scorers:nothing_async"},
            origin="config",
        ),
    }
    line = a_line(0, 100)
    print(f"\nthrough a runner, batches of 100, {len(line)} bytes a call: µs CPU a task")
    for name, spec in specs.items():
        start = asyncio.run(through_a_runner(spec, [line] * 100))
        full = asyncio.run(through_a_runner(spec, [line] * (tasks + 100)))
        in_runner, in_pool = (
            (after - before) / tasks * 1e6 for before, after in zip(start, full, strict=True)
        )
        print(
            f"  {name:20} runner {in_runner:6.1f}   pool {in_pool:6.1f}   together {in_runner + in_pool:6.1f}"
            f"   (a runner's start and end: {start[0] * 1000:.0f} ms)"
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--calls", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--tasks", type=int, default=5000)
    options = parser.parse_args()
    kinds(options.calls, options.rounds)
    runner(options.tasks)


if __name__ == "__main__":
    main()
