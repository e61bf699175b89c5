"""What the durable queue costs: CPU and disk a span, how fast it drains, and memory with a large backlog.

    python -m tests.bench.bench_queue
    python -m tests.bench.bench_queue --backlog-mib 1024

The corpus is that of `otlp_load.py`. CPU is of this process, threads included, in microseconds a span: from
decoded spans to a committed record and from there to unpacked bytes and a settled cursor. Decoding before and
translating after are not in it (`bench_translate`, `bench_e2e`). Commits wait for the real disk.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import tempfile
import time
from argparse import Namespace
from itertools import cycle
from pathlib import Path

import psutil

from otel_bridge.queue.base import Destination, NewRecord, QueueLimits
from otel_bridge.queue.payload import span_records
from otel_bridge.queue.sqlite.reader import SqliteQueueReader
from otel_bridge.queue.sqlite.writer import SqliteQueueWriter
from otel_bridge.receiver.base import Encoding, Export
from otel_bridge.receiver.decode import decode
from tests.bench import otlp_load

PROJECT = "local/default"
CORPUS_SPANS = 8000
HOURS, SPANS_A_SECOND = 72, 50
ALLOWED_GIB = 15
ROUNDS = 5
BATCH_CALLS, BATCH_BYTES = 1000, 8 << 20
GROUP_BYTES = 2 << 20


def requests(per_request: int, spans: int = CORPUS_SPANS) -> list[list]:
    """Return the decoded spans of each request."""
    shape = Namespace(
        seed=1, size="mixed", error_rate=0.03, dialect="mixed", project="bench", spans=spans,
        per_request=per_request, duplicates=0, resource=[], encoding="protobuf", gzip=False,
    )  # fmt: skip
    return [
        decode(
            Export(body=request.body, encoding=Encoding.PROTOBUF, received_ns=otlp_load.BASE_NS),
            default_project=PROJECT,
        ).spans
        for request in otlp_load.build(shape)
    ]


class Bench:
    """A queue in a folder, and what was put into it."""

    def __init__(self, folder: Path, max_bytes: int) -> None:
        self.path = folder / "queue.db"
        limits = QueueLimits(max_bytes=max_bytes, min_free_bytes=0)
        destinations = (Destination("weave"),)
        self.writer = SqliteQueueWriter(self.path, folder / "dead.db", destinations, limits)
        self.reader = SqliteQueueReader(self.path)

    def close(self) -> None:
        self.reader.close()
        self.writer.close()

    def put(self, *groups: list[NewRecord]) -> None:
        """Put the records of some requests in one commit."""
        for records in groups:
            self.writer.prepare(records)
        self.writer.begin()
        for records in groups:
            self.writer.put(records)
        self.writer.commit()
        self.writer.maintain()

    def drain(self) -> tuple[int, float, float]:
        """Deliver everything to nobody; return calls, CPU seconds and wall seconds."""
        lanes = {lane.id: lane for lane in self.writer.changed()}
        calls, cpu, wall = 0, time.process_time(), time.perf_counter()
        while waiting := [lane for lane in lanes.values() if lane.cursors and lane.cursors[0].records]:
            for lane in waiting:
                after = lane.cursors[0].seq
                lent = self.reader.read(
                    "weave", lane.id, after, max_calls=BATCH_CALLS, max_bytes=BATCH_BYTES
                ).records
                calls += sum(record.calls for record in lent)
                self.writer.begin()
                self.writer.settle("weave", lane.id, lent[-1].seq)
                self.writer.commit()
            self.writer.maintain()
            lanes |= {lane.id: lane for lane in self.writer.changed()}
        return calls, time.process_time() - cpu, time.perf_counter() - wall


def rss() -> float:
    return psutil.Process().memory_info().rss / 2**20


def puts(per_request: int, grouped: int) -> None:
    """Print what it costs to put the corpus, `grouped` requests a commit, and to take it out."""
    corpus = requests(per_request)
    gc.collect()
    gc.freeze()
    put_cpu, put_wall, out_cpu, sizes = [], [], [], []
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        bench = Bench(Path(folder), 4 << 30)
        for _ in range(ROUNDS + 1):  # the first one trains the dictionary
            before = bench.writer.sizes().bytes
            cpu, wall = time.process_time(), time.perf_counter()
            for at in range(0, len(corpus), grouped):
                bench.put(*(span_records(spans) for spans in corpus[at : at + grouped]))
            put_cpu.append((time.process_time() - cpu) / CORPUS_SPANS * 1e6)
            put_wall.append(CORPUS_SPANS / (time.perf_counter() - wall))
            sizes.append((bench.writer.sizes().bytes - before) / CORPUS_SPANS)
            calls, cpu, _ = bench.drain()
            out_cpu.append(cpu / calls * 1e6)
        bench.close()
    print(
        f"{per_request:>4} spans a request, {grouped:>3} requests a commit: "
        f"in {statistics.median(put_cpu[1:]):5.1f} us CPU a span "
        f"({statistics.median(put_wall[1:]):>7,.0f} spans/s), out {statistics.median(out_cpu[1:]):4.1f} us, "
        f"{statistics.median(sizes[1:]):,.0f} B a span "
        f"({sizes[0]:,.0f} before training)",
        flush=True,
    )
    gc.unfreeze()


def backlog(mib: int, per_request: int = 250) -> None:
    """Print memory, disk and drain rate with `mib` MiB waiting."""
    corpus = [span_records(spans) for spans in requests(per_request)]
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        bench = Bench(Path(folder), (mib + 64) << 20)
        bench.put(*corpus[:4])
        bench.drain()
        gc.collect()
        empty, spans = rss(), 0
        source = cycle(corpus)
        while bench.writer.sizes().bytes < mib << 20:
            group = [next(source) for _ in range(4)]
            bench.put(*group)
            spans += sum(record.calls for records in group for record in records)
        full = rss()
        disk = sum(file.stat().st_size for file in Path(folder).iterdir())
        started = time.perf_counter()
        again = SqliteQueueReader(bench.path)
        again.ask("load_cursors")
        again.close()
        opened = time.perf_counter() - started
        calls, cpu, wall = bench.drain()
        while bench.writer.maintain():
            pass
        bench.close()
        left = sum(file.stat().st_size for file in Path(folder).iterdir())
    a_span = disk / spans
    gib = a_span * HOURS * 3600 * SPANS_A_SECOND / 2**30
    print(f"backlog {mib} MiB: {spans:,} spans, {a_span:,.0f} B of disk a span, log included")
    print(
        f"  {HOURS} h at {SPANS_A_SECOND} spans/s: {gib:.1f} GiB of the {ALLOWED_GIB} GiB allowed:"
        f" {'fits' if gib <= ALLOWED_GIB else 'DOES NOT FIT'}"
    )
    print(
        f"  memory {full - empty:+.0f} MiB against an empty queue ({empty:.0f} MiB); "
        f"opened in {opened * 1000:.0f} ms"
    )
    print(
        f"  drained {calls:,} calls at {calls / wall:,.0f} calls/s, {cpu / calls * 1e6:.1f} us CPU a call;"
        f" memory then {rss() - empty:+.0f} MiB, file {left >> 20} MiB"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--backlog-mib", type=int, default=256)
    options = parser.parse_args()
    for per_request, grouped in ((1, 1), (1, 50), (50, 1), (50, 8), (500, 1)):
        puts(per_request, grouped)
    backlog(options.backlog_mib)


if __name__ == "__main__":
    main()
