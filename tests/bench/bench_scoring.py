"""What scoring costs, from `/calls/score` to the last feedback. Prints tables; compare ratios and CPU.

    python -m tests.bench.bench_scoring                   all sections, some minutes
    python -m tests.bench.bench_scoring deterministic     some of them
    python -m tests.bench.bench_scoring embedded --calls 2000

CPU is that of the whole process tree: service, writer, reader, worker, runners.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec
import psutil

from tests.bench.bench_scoring_tasks import report
from tests.bench.contention import RUNS, ingest, light
from tests.bench.loads import bodies, send
from tests.bench.machines import PROJECT, bridge
from tests.bench.otlp_load import Tree
from tests.bench.scoring_kafka import cluster
from tests.bench.sections import run_sections, table
from tests.fixtures.scoring_config import scoring_config

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.bench.machines import Machine

ROOT: Final = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS: Final = 900.0
POLL_SECONDS: Final = 0.5
PAGE: Final = 1000
"""Calls whose ids are read at a time."""
DETERMINISTIC: Final = {
    "is_json": {"type": "valid_json"},
    "polite": {"type": "regex", "pattern": r"\b(please|thank you|thanks)\b", "ignore_case": True},
    "short": {"type": "length", "max": 20_000},
}
NOTHING: Final = {"nothing": {"type": "python", "callable": "tests.bench.scorers:nothing"}}
SPINNING: Final = {
    "spin": {"type": "python", "callable": "tests.bench.scorers:spin", "limits": {"timeout": "1h"}}
}
RUNNER: Final = "otel_bridge.scoring.runner"
SPUN_SECONDS: Final = 1.0
"""More CPU than a runner takes to start."""
BAR_SECONDS: Final = 30.0
"""Of CPU, for `BAR_CALLS` calls and 3 deterministic scorers."""
BAR_CALLS: Final = 10_000
BAR_SHARE: Final = 0.9
"""Of what is accepted without a scorer that spins."""
BAR_MS: Final = 10.0
"""For the newest 100 calls beside one."""


@contextmanager
def scoring(scorers: dict[str, Any], kafka: dict[str, Any] | None = None) -> Iterator[Machine]:
    """Run a bridge with these scorers, its jobs in its store or in a Kafka."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        path = Path(folder) / "bridge.json"
        scoring_config(path, {"scorers": scorers, "python_path": [str(ROOT)]}, kafka)
        with bridge(None, "--config", str(path)) as machine:
            yield machine


def call_ids(machine: Machine, many: int) -> list[str]:
    """Return the ids of so many calls."""
    found: list[str] = []
    while len(found) < many:
        body = {"project_id": PROJECT, "columns": ["id"], "limit": PAGE, "offset": len(found)}
        lines = machine.ask("/calls/stream_query", body).splitlines()
        if not lines:
            raise SystemExit(f"there are only {len(found)} calls")
        found += [msgspec.json.decode(line)["id"] for line in lines]
    return found[:many]


def score(machine: Machine, ids: Sequence[str], names: Sequence[str]) -> None:
    """Ask for every call to be scored by every scorer."""
    machine.ask("/calls/score", {"project_id": PROJECT, "call_ids": ids, "scorer_refs": names})


def counts(machine: Machine) -> dict[str, int]:
    """Return how many tasks are in which state."""
    answer = machine.ask(f"/calls/score/status?project_id={PROJECT}&limit=0")
    return msgspec.json.decode(answer)["counts"]


def until_settled(machine: Machine, tasks: int) -> float:
    """Wait until so many tasks are done; return how long that took."""
    started = time.perf_counter()
    while (now := counts(machine)).get("done", 0) < tasks:
        if now.get("failed", 0) or time.perf_counter() - started > PATIENCE_SECONDS:
            raise SystemExit(f"not all tasks are done: {now}")
        time.sleep(POLL_SECONDS)
    return time.perf_counter() - started


def measured(scorers: dict[str, Any], calls: int, kafka: dict[str, Any] | None = None) -> tuple[object, ...]:
    """Score so many calls by all scorers; return what that cost."""
    with scoring(scorers, kafka) as machine:
        send(machine, bodies("protobuf", calls, 50))
        ids = call_ids(machine, calls)
        before = machine.disk()
        tree = Tree(machine.pid, every=0.05)
        tree.start()
        score(machine, ids, list(scorers))
        tasks = calls * len(scorers)
        seconds = until_settled(machine, tasks)
        cpu = tree.seconds()
        tree.stop.set()
        grown = (machine.disk() - before) / tasks
    return (calls, len(scorers), cpu, 1e6 * cpu / tasks, tasks / seconds, tree.peak >> 20, round(grown))


HEAD: Final = ("calls", "scorers", "CPU s", "CPU us/job", "jobs/s", "RSS peak MB", "disk bytes/job")


def embedded(options: argparse.Namespace) -> None:
    """A Python scorer that does nothing, through the queue in the store."""
    table("embedded queue, a scorer that does nothing", HEAD, [measured(NOTHING, options.calls)])


def deterministic(options: argparse.Namespace) -> None:
    """Three deterministic scorers."""
    line = measured(DETERMINISTIC, options.calls)
    table("deterministic scorers", HEAD, [line])
    if options.calls >= BAR_CALLS:  # of fewer, most is what starting costs
        bar = BAR_SECONDS * options.calls / BAR_CALLS
        print(f"  bar: {bar:g} s of CPU, {'kept' if line[2] < bar else 'MISSED'}")


def spin(options: argparse.Namespace) -> None:
    """Ingestion and small questions beside a scorer that never ends, in turn while it stands and runs."""
    alone: list[dict[str, float]] = []
    beside: list[dict[str, float]] = []
    seeds = itertools.count(2, RUNS)
    with scoring(SPINNING) as machine:
        send(machine, bodies("protobuf", 10_000, 50))
        score(machine, call_ids(machine, 10), ["spin"])
        runner = spinning(machine)
        for found, let in options.turns * ((alone, runner.suspend), (beside, runner.resume)):
            let()
            found.append(light(machine, options.rounds) | ingest(machine, first_seed=next(seeds)))
    medians = {
        name: tuple(statistics.median(turn[name] for turn in turns) for turns in (alone, beside))
        for name in alone[0]
    }
    lines = [(name, before, after, after / before) for name, (before, after) in medians.items()]
    table("beside a scorer that spins", ("", "alone", "beside", "x alone"), lines)
    before, after = medians["accepted spans/s"]
    kept = after >= BAR_SHARE * before and medians["last 100, p50 ms"][1] < BAR_MS
    bar = f"{BAR_SHARE:.0%} of the spans/s, the newest 100 calls within {BAR_MS:g} ms"
    print(f"  bar: {bar}: {'kept' if kept else 'MISSED'}")


def spinning(machine: Machine) -> psutil.Process:
    """Wait for the process in which a scorer spins."""
    end = time.perf_counter() + PATIENCE_SECONDS
    while time.perf_counter() < end:
        for process in psutil.Process(machine.pid).children(recursive=True):
            if RUNNER in process.cmdline() and process.cpu_times().user > SPUN_SECONDS:
                return process
        time.sleep(POLL_SECONDS)
    raise SystemExit("nothing spins")


def ledger(options: argparse.Namespace) -> None:
    """The store's share alone, in this process."""
    report(min(options.calls, 3_000))


def kafka(options: argparse.Namespace) -> None:
    """The same as `embedded` through Kafka, whose own CPU is not counted."""
    with cluster() as (what, extension):
        line = measured(NOTHING, options.calls, extension)
    table(f"{what}, a scorer that does nothing", HEAD, [line])


SECTIONS: Final = {
    "ledger": ledger,
    "embedded": embedded,
    "kafka": kafka,
    "deterministic": deterministic,
    "spin": spin,
}


def main() -> None:
    """Run the sections that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=20, help="of each small question in `spin`")
    parser.add_argument("--turns", type=int, default=3, help="of `spin`")
    run_sections(parser, SECTIONS)


if __name__ == "__main__":
    main()
