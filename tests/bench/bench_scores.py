"""What a question about scores costs over many of them, in one process: medians of CPU time.

python -m tests.bench.bench_scores                   100,000 calls, each scored by two scorers
python -m tests.bench.bench_scores --calls 20000 --rounds 3
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from otel_bridge.model import query as q
from otel_bridge.model.annex import Feedback, KeepFeedback
from otel_bridge.model.call import CompletedCall, EndedCall, StartedCall
from otel_bridge.model.questions import AskFeedbackStats, AskPayloadSchema
from otel_bridge.model.scoring import SCORED_CALL
from otel_bridge.model.stats import FeedbackChoice, FeedbackMetric
from otel_bridge.query.fields import field_of
from otel_bridge.store.sqlite.reader import SqliteReader
from otel_bridge.store.sqlite.writer import SqliteWriter

if TYPE_CHECKING:
    from collections.abc import Callable

PROJECT = "bench/scores"
TYPES = ("wandb.runnable.a", "wandb.runnable.b")
START = 1_767_225_600
WEEK = 7 * 86_400
GROUP = 1000
SCORE = FeedbackMetric("output.score", ("output", "score"), "numeric", ("avg", "min", "max"), ("50", "95"))
PASSED = FeedbackMetric("output.passed", ("output", "passed"), "boolean", ("count_true", "avg"))
LABEL = FeedbackMetric("output.label", ("output", "label"), "categorical", ("count",))
FIELD = f"feedback.[{TYPES[0]}].payload.output."
NEWEST = (q.SortBy("started_at", "desc"),)


def build(path: Path, total: int) -> None:
    dice = random.Random(1)
    writer = SqliteWriter(path)
    for first in range(0, total, GROUP):
        numbers = range(first, min(first + GROUP, total))
        at = (START + first * WEEK // total) * 1_000_000
        said = tuple(a_verdict(n, kind, dice) for n in numbers for kind in TYPES)
        writer.begin()
        writer.apply([a_call(n, at + n - first) for n in numbers], received_at=at)
        writer.apply([KeepFeedback(rows=said)], received_at=at)
        writer.commit()
    writer.close()


def a_call(number: int, at: int) -> CompletedCall:
    start = StartedCall(
        project_id=PROJECT,
        id=f"{number:016x}",
        trace_id=f"{number:032x}",
        op_name="chat",
        started_at=at,
        attributes=b'{"kind":"llm","model":"m"}',
        inputs=b'{"q":"%b"}' % (b"words " * 80),
    )
    return CompletedCall(
        start,
        EndedCall(project_id=PROJECT, id=start.id, ended_at=at + 5000, summary=b"{}", output=b'"ok"'),
    )


def a_verdict(number: int, kind: str, dice: random.Random) -> Feedback:
    name = kind.rpartition(".")[2]
    output = {
        "score": dice.random(),
        "passed": dice.random() > 0.01,
        "label": dice.choice("xyz"),
        "reason": "because " * 15,
    }
    members = {
        "id": f"{name}{number}",
        "project_id": PROJECT,
        "weave_ref": f"weave:///{PROJECT}/call/{number:016x}",
        "feedback_type": kind,
        "payload": {"output": output},
        "runnable_ref": f"weave:///{PROJECT}/object/{name}:abcdefghijklmnopqrstuvwxyz0123456789",
        "call_ref": f"weave:///{PROJECT}/call/{number + 1:016x}",
        "trigger_ref": None,
    }
    return Feedback(
        project_id=PROJECT,
        id=members["id"],
        weave_ref=members["weave_ref"],
        feedback_type=kind,
        members=orjson.dumps(members),
    )


def series(reader: SqliteReader, *metrics: FeedbackMetric) -> Callable[[], object]:
    question = AskFeedbackStats(
        project_id=PROJECT,
        start=START,
        end=START + WEEK,
        granularity=3600,
        metrics=metrics,
        choice=FeedbackChoice(TYPES[0]),
    )
    return lambda: reader.answer(question)


def page(reader: SqliteReader, **members: object) -> Callable[[], object]:
    query = q.CallsQuery(project_id=PROJECT, limit=100, **members)
    return lambda: reader.plan(query)


def compare(op: str, name: str, value: object) -> q.Compare:
    return q.Compare(op, q.GetField(field_of(name)), q.Literal(value))


def questions(reader: SqliteReader) -> dict[str, Callable[[], object]]:
    failed = compare("eq", FIELD + "passed", False)
    schema = AskPayloadSchema(project_id=PROJECT, start=START, end=START + WEEK, sample=200)
    no_run = compare("eq", f"attributes.{'.'.join(SCORED_CALL)}", "")
    return {
        "series of a number, hourly, 2 percentiles": series(reader, SCORE),
        "series of a boolean, hourly": series(reader, PASSED),
        "series of a category, hourly": series(reader, LABEL),
        "places of values": lambda: reader.answer(schema),
        "newest 100 that did not pass": page(reader, query=failed, sort_by=NEWEST),
        "count of those": lambda: reader.count(q.CallsQuery(project_id=PROJECT, query=failed)),
        "100 with the highest score": page(reader, sort_by=(q.SortBy(FIELD + "score", "desc"),)),
        "newest 100 that are no runs of scorers": page(reader, query=no_run, sort_by=NEWEST),
    }


def main() -> None:
    """Build a store, ask, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--calls", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "calls.db"
        build(path, options.calls)
        reader = SqliteReader(path)
        print(f"{options.calls:,} calls, {len(TYPES) * options.calls:,} scores")
        for name, ask in questions(reader).items():
            took = []
            for _ in range(options.rounds):
                since = time.process_time()
                ask()
                took.append(time.process_time() - since)
            print(f"{name:45} {statistics.median(took) * 1000:8.1f} ms CPU")
        reader.close()


if __name__ == "__main__":
    main()
