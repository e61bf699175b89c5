"""What the store's share of scoring costs: a task queued, lent and settled, beside what a call costs itself.

    python -m tests.bench.bench_scoring_tasks
    python -m tests.bench.bench_scoring_tasks --calls 10000 --scorers 3 --batch 100

CPU is of this process, threads included, in microseconds a call or a task; every batch is a commit of its
own, synced to the disk. Settling includes the run as a call, and feedback. The median of some rounds counts.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec
import orjson

from otel_bridge.ingest.scoring_frames import ChangeTasks
from otel_bridge.ingest.scoring_requests import prepare_scoring
from otel_bridge.model import tasks as t
from otel_bridge.model.call import CompletedCall, EndedCall, StartedCall
from otel_bridge.model.scoring import Leased, Outcome, Run, Task
from otel_bridge.store.limits import StoreLimits
from otel_bridge.store.scoring.watching import Watched
from otel_bridge.store.sqlite.writer import SqliteWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

PROJECT: Final = "local/default"
EVERYTHING: Final = StoreLimits(retention_seconds=None, max_bytes=None)
NOW: Final = 1_767_323_045_006_000
QUEUED_TOGETHER: Final = 1_000


def some_calls(many: int) -> list[CompletedCall]:
    """Calls of a kilobyte, with ids scattered as those of spans are."""
    inputs = orjson.dumps({"messages": [{"role": "user", "content": "word " * 100}]})
    output = orjson.dumps({"choices": [{"message": {"role": "assistant", "content": "answer " * 60}}]})
    calls = []
    for number in range(many):
        call_id, trace_id = os.urandom(8).hex(), os.urandom(16).hex()
        start = StartedCall(
            project_id=PROJECT, id=call_id, trace_id=trace_id, op_name="chat", started_at=NOW + number,
            attributes=b"{}", inputs=inputs,
        )  # fmt: skip
        end = EndedCall(
            project_id=PROJECT, id=call_id, ended_at=NOW + number + 9, summary=b"{}", output=output
        )
        calls.append(CompletedCall(start, end))
    return calls


def outcome(leased: Leased) -> Outcome:
    """What a deterministic scorer says."""
    scored = orjson.dumps({"call": f"weave:///{PROJECT}/call/{leased.task.call_id}"})
    output = msgspec.Raw(b'{"passed":true,"length":120}')
    run = Run(
        op_name="rule.score", started_at=NOW, ended_at=NOW + 50, inputs=msgspec.Raw(scored), output=output,
        summary=msgspec.Raw(b"{}"), attributes=msgspec.Raw(b'{"scorer":{"kind":"length"}}'),
    )  # fmt: skip
    return Outcome(task=leased.task, attempt=leased.attempt, state="done", output=output, run=run)


class Round:
    """One store, filled and scored; what each step cost."""

    def __init__(self, folder: Path, *, watched: bool) -> None:
        self.writer = SqliteWriter(
            folder / "calls.db", EVERYTHING, watched=Watched(everywhere=True) if watched else None
        )
        self.cost: dict[str, float] = {}

    def timed(self, name: str, work: Callable[[], int]) -> None:
        """Note what `work` cost, for each of the things it says it did."""
        began = time.process_time()
        many = work()
        self.cost[name] = (time.process_time() - began) / max(1, many) * 1e6

    def upsert(self, calls: Sequence[CompletedCall], batch: int) -> int:
        for part in parts(calls, batch):
            self.writer.begin()
            self.writer.apply(part, received_at=NOW)
            self.writer.commit()
        return len(calls)

    def change(self, change: t.ScoringChange) -> t.ScoringAnswer:
        """Change tasks as the writer process does: from JSON to JSON, and tell the backlog."""
        prepared = prepare_scoring(ChangeTasks(1, NOW), msgspec.json.encode(change))
        self.writer.begin()
        answer = self.writer.apply_scoring(prepared.change, now=NOW)
        self.writer.commit()
        self.writer.backlog()
        msgspec.json.encode(answer)
        return answer

    def enqueue(self, tasks: Sequence[Task]) -> int:
        for part in parts(tasks, QUEUED_TOGETHER):
            self.change(t.EnqueueTasks(tasks=tuple(part)))
        return len(tasks)

    def claim_and_settle(self, batch: int) -> int:
        done, self.claiming = 0, 0.0
        while True:
            began = time.process_time()
            leased = self.change(t.ClaimTasks(worker="w", limit=batch)).leased
            self.claiming += time.process_time() - began
            if not leased:
                return done
            outcomes = tuple(map(outcome, leased))
            done += self.change(t.SettleTasks(outcomes=outcomes)).kept

    def let_go(self, batch: int) -> int:
        """Take ended calls, as monitors do."""
        seen = 0
        while ended := self.change(t.ClaimTasks(worker="w", limit=0, ended=batch)).ended:
            self.change(t.EnqueueTasks(ended=ended))
            seen += len(ended)
        return seen


def parts(items: Sequence, size: int) -> Iterator[Sequence]:
    for at in range(0, len(items), size):
        yield items[at : at + size]


def one_round(calls: int, scorers: int, batch: int, *, watched: bool) -> dict[str, float]:
    made = some_calls(calls)
    refs = [f"weave:///{PROJECT}/object/rule{n}:digest" for n in range(scorers)]
    tasks = [
        Task(project_id=PROJECT, call_id=call.start.id, scorer_ref=ref, job_id="job")
        for call in made
        for ref in refs
    ]
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        one = Round(Path(folder), watched=watched)
        one.timed("a call written", lambda: one.upsert(made, batch))
        if watched:
            one.timed("an ended call taken and let go", lambda: one.let_go(batch))
        one.timed("a task queued", lambda: one.enqueue(tasks))
        one.timed("a task lent and settled", lambda: one.claim_and_settle(batch))
        one.cost["of that, lent"] = one.claiming / len(tasks) * 1e6
        one.writer.close()
    return one.cost


def report(calls: int, scorers: int = 3, batch: int = 100, rounds: int = 3) -> None:
    """Print what each step costs, in a project that is watched and in one that is not."""
    print(f"{calls} calls, {scorers} scorers, {batch} a commit; µs CPU")
    for watched in (False, True):
        costs = [one_round(calls, scorers, batch, watched=watched) for _ in range(rounds)]
        medians = {name: statistics.median(one[name] for one in costs) for name in costs[0]}
        medians["a task in all"] = medians["a task queued"] + medians["a task lent and settled"]
        print(f"\n{'watched' if watched else 'not watched'}")
        for name, cost in medians.items():
            print(f"  {name:32} {cost:8.1f}   {cost / medians['a call written']:5.2f} x a call")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--calls", type=int, default=3_000)
    parser.add_argument("--scorers", type=int, default=3)
    parser.add_argument("--batch", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    report(asked.calls, asked.scorers, asked.batch, asked.rounds)


if __name__ == "__main__":
    main()
