"""What log records and retranslation cost: CPU of this process in microseconds a call, as ratios in one run.

    python -m tests.bench.bench_repair --calls 6000

The corpus is that of `otlp_load.py`. Everything is measured in turns, several rounds of it, and the median
is told: so a busy machine moves all figures alike.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from msgspec.structs import replace
from opentelemetry.proto.logs.v1.logs_pb2 import LogsData

from otel_bridge.model.call import CompletedCall, LoggedSpan
from otel_bridge.store.limits import StoreLimits
from otel_bridge.store.retranslation import Retranslation
from otel_bridge.store.sqlite.writer import SqliteWriter
from otel_bridge.translate.calls import translate
from tests.bench.bench_store import PROJECT, corpus

GROUP = 500
TEXT = "What is the capital of France, and how many people live in it? " * 8
NOBODY = LoggedSpan(project_id=PROJECT, trace_id="f" * 32, id="e" * 16, logs=b"")


def logs_of(call: CompletedCall, records: int = 2) -> LoggedSpan:
    data = LogsData()
    scope = data.resource_logs.add().scope_logs.add()
    scope.scope.name = "opentelemetry.instrumentation.openai_v2"
    for number in range(records):
        record = scope.log_records.add(
            observed_time_unix_nano=call.start.started_at * 1000 + number,
            trace_id=bytes.fromhex(call.start.trace_id),
            span_id=bytes.fromhex(call.start.id),
            event_name=("gen_ai.user.message", "gen_ai.choice")[number % 2],
        )
        record.body.kvlist_value.values.add(key="content").value.string_value = TEXT
    start = call.start
    return LoggedSpan(project_id=PROJECT, trace_id=start.trace_id, id=start.id, logs=data.SerializeToString())


def groups(changes: list) -> list[list]:
    return [changes[at : at + GROUP] for at in range(0, len(changes), GROUP)]


def write(folder: Path, name: str, requests: list[list], *, first: list | None = None) -> float:
    """Write all requests into a new store; return the CPU seconds, those of `first` not counted."""
    writer = SqliteWriter(folder / f"{name}.db", StoreLimits(max_bytes=None))
    if first:
        commit(writer, first)
    then = time.process_time()
    for request in requests:
        commit(writer, request)
    spent = time.process_time() - then
    writer.close()
    for path in folder.glob(f"{name}.db*"):
        path.unlink()
    return spent


def commit(writer: SqliteWriter, request: list) -> None:
    writer.begin()
    writer.prepare(request)
    writer.apply(request, received_at=1)
    writer.commit()


def run(folder: Path, name: str, translate_again) -> tuple[float, float]:
    """Translate a whole store again; return CPU seconds and the longest step in milliseconds."""
    writer = SqliteWriter(
        folder / name, StoreLimits(max_bytes=None), translate=translate_again, translator=1_000
    )
    asked, cursor, longest = Retranslation(everything=True, restart=True), None, 0.0
    then = time.process_time()
    while True:
        writer.begin()
        wall = time.perf_counter()
        done = writer.retranslate(asked, cursor)
        longest = max(longest, time.perf_counter() - wall)
        writer.commit()
        if (cursor := done.cursor) is None:
            break
    spent = time.process_time() - then
    writer.close()
    return spent, longest * 1000


def renamed(span):
    """Other tables: every call changes."""
    call = translate(span)
    attributes = b'{"turn":%d}' % time.monotonic_ns()
    if isinstance(call, CompletedCall):
        return CompletedCall(replace(call.start, attributes=attributes), call.end)
    return replace(call, attributes=attributes)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--calls", type=int, default=6_000)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    calls = [call for call in corpus(asked.calls) if isinstance(call, CompletedCall)]
    logs = [logs_of(call) for call in calls]
    spent: dict[str, list[float]] = {}
    longest = 0.0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        kept = SqliteWriter(folder / "kept.db", StoreLimits(max_bytes=None))
        for request in groups(calls):
            commit(kept, request)
        kept.close()
        for _ in range(asked.rounds):
            plain = groups(calls)
            pairs = [[*a, *b] for a, b in zip(groups(calls), groups(logs), strict=True)]
            stranger = [replace(logs[0], id=NOBODY.id, trace_id=NOBODY.trace_id)]
            spent.setdefault("spans, no logs ever", []).append(write(folder, "none", plain))
            spent.setdefault("spans, other logs wait", []).append(
                write(folder, "flag", plain, first=stranger)
            )
            spent.setdefault("spans, 2 logs each after", []).append(write(folder, "after", pairs))
            spent.setdefault("spans, 2 logs each before", []).append(
                write(folder, "before", [[*b, *a] for a, b in zip(plain, groups(logs), strict=True)])
            )
            for what, again in (("retranslated, changed", renamed), ("retranslated, unchanged", translate)):
                run(folder, "kept.db", again)  # the first of two brings the calls to what `again` says
                cpu, step = run(folder, "kept.db", again)
                spent.setdefault(what, []).append(cpu)
                longest = max(longest, step)
    base = statistics.median(spent["spans, no logs ever"])
    for what, found in spent.items():
        middle = statistics.median(found)
        print(f"{what:28} {middle / len(calls) * 1e6:7.1f} us CPU a call  {middle / base:5.2f}x")
    print(f"longest step {longest:.1f} ms wall")


if __name__ == "__main__":
    main()
