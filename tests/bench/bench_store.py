"""What the store costs: CPU, disk and reads as it grows, and apsw against the standard library's sqlite3.

    python -m tests.bench.bench_store grow --calls 100000
    python -m tests.bench.bench_store binding --calls 1000000

The corpus is that of `otlp_load.py`, translated once; ids and times are made new for every copy, the spans
keep their text. CPU is of this process, threads included, in microseconds a call.
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import sqlite3
import statistics
import tempfile
import time
from argparse import Namespace
from pathlib import Path

import apsw
from msgspec.structs import replace

from otel_bridge.model.call import CompletedCall
from otel_bridge.model.query import CallsFilter, CallsQuery, SortBy
from otel_bridge.receiver.base import Encoding, Export
from otel_bridge.receiver.decode import decode
from otel_bridge.store.limits import StoreLimits
from otel_bridge.store.sqlite.reader import SqliteReader
from otel_bridge.store.sqlite.writer import SqliteWriter
from otel_bridge.translate.calls import translate
from tests.bench import otlp_load

PROJECT = "local/default"
CORPUS_SPANS = 4000


def corpus(spans: int = CORPUS_SPANS) -> list[CompletedCall]:
    shape = Namespace(
        seed=1, size="mixed", error_rate=0.03, dialect="mixed", project="bench", spans=spans, per_request=50,
        duplicates=0, resource=[], encoding="protobuf", gzip=False,
    )  # fmt: skip
    calls = []
    for request in otlp_load.build(shape):
        export = Export(body=request.body, encoding=Encoding.PROTOBUF, received_ns=otlp_load.BASE_NS)
        calls += [translate(span) for span in decode(export, default_project=PROJECT).spans]
    return calls


def fresh(calls: list[CompletedCall], total: int):
    """Yield `total` calls: the corpus again and again, with ids of its own and later times each time."""
    rng = random.Random(7)
    made = 0
    step = max(c.start.started_at for c in calls) - min(c.start.started_at for c in calls) + 1000
    for turn in range(total // len(calls) + 1):
        salt, shift = rng.getrandbits(64), turn * step
        for call in calls[: total - made]:
            yield moved(call, salt, shift)
        made += len(calls)


def moved(call: CompletedCall, salt: int, shift: int) -> CompletedCall:
    start, end = call.start, call.end
    span = start.span.replace(bytes.fromhex(start.id), bytes.fromhex(salted(start.id, salt)), 1)
    start = replace(
        start,
        id=salted(start.id, salt),
        trace_id=salted(start.trace_id[:16], salt) + start.trace_id[16:],
        parent_id=start.parent_id and salted(start.parent_id, salt),
        started_at=start.started_at + shift,
        span=span,
        span_start_ns=start.span_start_ns + shift * 1000,
    )
    return CompletedCall(start, replace(end, id=start.id, ended_at=end.ended_at + shift))


def salted(hex_id: str, salt: int) -> str:
    """Scatter ids as real ones are scattered."""
    return f"{(int(hex_id, 16) * 0x9E3779B97F4A7C15 ^ salt) & 0xFFFFFFFFFFFFFFFF:016x}"


def grow(total: int, group: int, folder: Path) -> None:
    path = folder / "calls.db"
    writer = SqliteWriter(path, StoreLimits(max_bytes=None))
    source, calls = fresh(corpus(), total), []
    gc.collect()
    gc.freeze()  # the corpus is the benchmark's, and no burden of a writer
    marks, spent, cpu_then, said = [], [], 0.0, max(total // 10, 10_000)
    for number, call in enumerate(source, 1):
        calls.append(call)
        if len(calls) < group and number < total:
            continue
        cpu, wall = time.process_time(), time.perf_counter()
        writer.begin()
        writer.apply(calls, received_at=number)
        writer.commit()
        writer.maintain(now=number)
        spent.append((time.perf_counter() - wall) * 1000)
        cpu_then += time.process_time() - cpu
        calls = []
        if number % said < group:
            wal = path.with_name("calls.db-wal").stat().st_size
            marks.append(cpu_then / said * 1e6)
            high = sorted(spent)[int(len(spent) * 0.99)]
            print(
                f"{number:>9,} calls  {marks[-1]:5.1f} us CPU a call  group p50 "
                f"{statistics.median(spent):.1f} p99 {high:.1f} max {max(spent):.0f} ms  log {wal >> 20} MiB",
                flush=True,
            )
            cpu_then, spent = 0.0, []
    print(f"growth {marks[-1] / marks[0]:.2f}x")
    read(path)
    writer.close()
    print(f"disk {path.stat().st_size / total:,.0f} B a call")


def read(path: Path) -> None:
    reader = SqliteReader(path)
    newest = CallsQuery(project_id=PROJECT, sort_by=(SortBy("started_at", "desc"),), limit=100)
    some = json.loads(reader.lines(newest, reader.plan(newest).seqs).splitlines()[50])
    asked = {
        "last 100": newest,
        "roots": replace(newest, filter=CallsFilter(trace_roots_only=True)),
        "one trace": CallsQuery(project_id=PROJECT, filter=CallsFilter(trace_ids=(some["trace_id"],))),
        "one call": CallsQuery(project_id=PROJECT, filter=CallsFilter(call_ids=(some["id"],))),
        "one op, last 100": replace(newest, filter=CallsFilter(op_names=("refund", some["op_name"])[1:])),
    }
    for name, query in asked.items():
        cpu, wall = timed(lambda query=query: reader.lines(query, reader.plan(query).seqs))
        print(f"{name:18} {cpu:8.2f} ms CPU {wall:8.2f} ms")
    for name, query in {"count": CallsQuery(project_id=PROJECT), "count roots": asked["roots"]}.items():
        cpu, wall = timed(lambda query=query: reader.count(replace(query, limit=None)))
        print(f"{name:18} {cpu:8.2f} ms CPU {wall:8.2f} ms")
    reader.close()


def timed(work, rounds: int = 15) -> tuple[float, float]:
    cpus, walls = [], []
    for _ in range(rounds):
        cpu, wall = time.process_time(), time.perf_counter()
        work()
        cpus.append(time.process_time() - cpu)
        walls.append(time.perf_counter() - wall)
    return statistics.median(cpus) * 1000, statistics.median(walls) * 1000


CREATE = """
    CREATE TABLE calls (seq INTEGER PRIMARY KEY, id TEXT, trace_id TEXT, op_name TEXT, started_at INTEGER);
    CREATE UNIQUE INDEX by_id ON calls (id);
    CREATE INDEX by_start ON calls (started_at, id);
    CREATE INDEX by_trace ON calls (trace_id);
    CREATE TABLE bodies (seq INTEGER PRIMARY KEY, inputs TEXT, output TEXT, attributes TEXT);
"""
SETTINGS = ("page_size = 4096", "journal_mode = WAL", "synchronous = FULL", "cache_size = -32768")
FILTER = "SELECT count(*) FROM bodies WHERE json_extract(attributes, '$.model') = 'gpt-4o'"
SEARCH = "SELECT count(*) FROM bodies WHERE instr(inputs, 'no such words') OR instr(output, 'no such words')"


def binding(total: int, group: int, folder: Path) -> None:
    print(
        f"apsw {apsw.apsw_version()} with SQLite {apsw.sqlite_lib_version()}; "
        f"sqlite3 with SQLite {sqlite3.sqlite_version}; {total:,} calls in groups of {group}"
    )
    for name, connect in (
        ("apsw", apsw.Connection),
        ("sqlite3", lambda path: sqlite3.connect(path, isolation_level=None)),
    ):
        one_binding(name, connect(str(folder / f"{name}.db")), total, group)


def one_binding(name: str, connection, total: int, group: int) -> None:
    for setting in SETTINGS:
        connection.execute(f"PRAGMA {setting}").fetchall()
    for statement in CREATE.split(";")[:-1]:
        connection.execute(statement)
    cpu, calls, bodies = 0.0, [], []
    for seq, call in enumerate(fresh(corpus(), total), 1):
        start, end = call.start, call.end
        calls.append((seq, start.id, start.trace_id, start.op_name, start.started_at))
        texts = (start.inputs, end.output or b"null", start.attributes)
        bodies.append((seq, *(text.decode() for text in texts)))
        if len(calls) == group or seq == total:
            then = time.process_time()
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany("INSERT INTO calls VALUES (?, ?, ?, ?, ?)", calls)
            connection.executemany("INSERT INTO bodies VALUES (?, ?, ?, ?)", bodies)
            connection.execute("COMMIT")
            cpu += time.process_time() - then
            calls, bodies = [], []
    print(f"{name:8} insert {cpu / total * 1e6:6.1f} us a call", end="", flush=True)
    for what, sql in (("JSON filter", FILTER), ("substring", SEARCH)):
        cost, _ = timed(lambda sql=sql: connection.execute(sql).fetchall(), rounds=3)
        print(f"  {what} {cost / total * 1000:6.2f} us a call", end="", flush=True)
    print()
    connection.close()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("grow", "binding"))
    parser.add_argument("--calls", type=int, default=100_000)
    parser.add_argument("--group", type=int, default=500, help="calls in one transaction")
    parser.add_argument("--dir", default=None, help="where the databases are made (and removed again)")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=asked.dir) as folder:
        {"grow": grow, "binding": binding}[asked.what](asked.calls, asked.group, Path(folder))


if __name__ == "__main__":
    main()
