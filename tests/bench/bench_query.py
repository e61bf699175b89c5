"""What reads cost as the store grows: asked over HTTP through a whole bridge, at rest and under load.

    python -m tests.bench.bench_query                        100,000 and 1,000,000 calls
    python -m tests.bench.bench_query --calls 20000 --rounds 5
    python -m tests.bench.bench_query --calls 1000000 --keep FOLDER   builds it there, or finds it there

Calls are those of the mixed corpus, spread over the seven days that end now. CPU is that of the process tree.
A rate limits what is sent during the second half, so that the machine is busy but not full.
"""

from __future__ import annotations

import argparse
import http.client
import platform
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import msgspec

from otel_bridge.ingest.settings import STORE_FILE
from otel_bridge.store.limits import StoreLimits
from otel_bridge.store.sqlite.writer import SqliteWriter
from tests.bench.bench_e2e import table
from tests.bench.bench_store import CORPUS_SPANS, corpus, moved
from tests.bench.machines import PROJECT, bridge
from tests.bench.otlp_load import Tree, pct

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bench.machines import Machine

WEEK: Final = timedelta(days=7)
GROUP: Final = 1000
SECONDS: Final = 20.0
"""As long as one question may be asked again."""
STREAM_ROWS: Final = 100_000
QUERY, COUNT = "/calls/stream_query", "/calls/query_stats"
NEWEST: Final = [{"field": "started_at", "direction": "desc"}]
SLOWEST: Final = [{"field": "summary.weave.latency_ms", "direction": "desc"}]


def build(path: Path, total: int) -> None:
    """Write calls over the week that ends now, in the order of time."""
    calls = corpus(min(total, CORPUS_SPANS))
    turns = -(-total // len(calls))
    first = min(call.start.started_at for call in calls)
    step = int(WEEK.total_seconds() * 1e6) // turns
    begin = int(time.time() * 1e6) - turns * step
    writer = SqliteWriter(path, StoreLimits(retention_seconds=None, max_bytes=None))
    batch, made, since = [], 0, time.perf_counter()
    for turn in range(turns):
        for number, call in enumerate(calls[: total - turn * len(calls)]):
            spread = first - call.start.started_at + number * step // len(calls)
            batch.append(moved(call, turn * 7919 + 1, begin - first + turn * step + spread))
            if len(batch) == GROUP:
                made += _keep(writer, batch)
                batch = []
    made += _keep(writer, batch)
    while writer.maintain(now=int(time.time() * 1e6)):
        pass
    writer.close()
    print(f"built {made:,} calls in {time.perf_counter() - since:,.0f} s, "
          f"{path.stat().st_size / made:,.0f} B a call", flush=True)  # fmt: skip


def _keep(writer: SqliteWriter, batch: list) -> int:
    writer.begin()
    writer.apply(batch, received_at=int(time.time() * 1e6))
    writer.commit()
    writer.maintain(now=int(time.time() * 1e6))
    return len(batch)


def measure(machine: Machine, rounds: int) -> dict[str, tuple[object, ...]]:
    """Ask everything; return answers, p50 and p95 in ms, CPU ms and KB of an answer, by question."""
    connection = http.client.HTTPConnection(urlsplit(machine.api).netloc, timeout=120)
    found: dict[str, tuple[object, ...]] = {}
    for name, (path, body) in questions(machine).items():
        encoded = msgspec.json.encode(body)
        took, status, size, tree = [], 200, 0, Tree(machine.pid)
        until = time.perf_counter() + SECONDS
        while len(took) < rounds and (not took or time.perf_counter() < until) and status == 200:
            started = time.perf_counter()
            connection.request("POST", path, encoded)
            answer = connection.getresponse()
            size, status = len(answer.read()), answer.status
            took.append(time.perf_counter() - started)
        outcome = f"{len(took)} x" if status == 200 else f"answered {status}"
        found[name] = (
            outcome,
            pct(took, 0.5),
            pct(took, 0.95),
            1000 * tree.seconds() / len(took),
            size / 1000,
        )
    return found


@contextmanager
def loaded(machine: Machine, rate: int) -> Iterator[None]:
    """Send spans while the block runs."""
    command = [
        sys.executable, "-m", "tests.bench.otlp_load", "send", "--url", f"{machine.http}/v1/traces",
        "--spans", str(rate * 600), "--per-request", "50", "--rate", str(rate), "--connections", "4",
    ]  # fmt: skip
    sender = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    before = machine.count()
    try:
        while machine.count() == before:
            time.sleep(0.1)
        yield
    finally:
        sender.kill()
        sender.wait()


def streamed(machine: Machine, rows: int) -> tuple[object, ...]:
    """Read many lines; return lines, seconds, MB, and the MB of memory that the bridge grew by."""
    columns = ["id", "op_name", "inputs", "output", "summary"]
    body = msgspec.json.encode({"project_id": PROJECT, "limit": rows, "columns": columns})
    connection = http.client.HTTPConnection(urlsplit(machine.api).netloc, timeout=300)
    resting, tree = machine.rss(), Tree(machine.pid, every=0.02)
    tree.start()
    started, lines, size = time.perf_counter(), 0, 0
    connection.request("POST", QUERY, body)
    answer = connection.getresponse()
    while part := answer.read(1 << 16):
        lines += part.count(b"\n")
        size += len(part)
    tree.stop.set()
    return lines, time.perf_counter() - started, size >> 20, (tree.peak - resting) >> 20


def run(path: Path, options: argparse.Namespace, total: int) -> None:
    """Measure one store."""
    with bridge(None, "--data-dir", str(path.parent), "--retention", "off", "--max-disk", "off") as machine:
        for load in (0, options.rate):
            with loaded(machine, load) if load else nullcontext():
                found = measure(machine, options.rounds)
            beside = f"beside {load:,} spans/s" if load else "at rest"
            table(f"{total:,} calls, {beside}", ("question", "asked", "p50 ms", "p95 ms", "CPU ms", "KB"),
                  [(name, *(line if isinstance(line, str) else float(line) for line in row))
                   for name, row in found.items()])  # fmt: skip
        lines = [streamed(machine, min(share, total)) for share in (STREAM_ROWS // 10, STREAM_ROWS)]
        table("A stream", ("lines", "seconds", "MB", "RSS added MB"), lines)


def main() -> None:
    """Build and measure stores of the sizes asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--calls", type=int, nargs="*", default=[100_000, 1_000_000])
    parser.add_argument("--rounds", type=int, default=30, help="how often each question is asked")
    parser.add_argument(
        "--rate", type=int, default=1000, help="spans a second beside the second round; 0: none"
    )
    parser.add_argument("--keep", type=Path, help="keep the stores in this folder")
    options = parser.parse_args()
    print(f"Python {platform.python_version()}, {platform.machine()}")
    with tempfile.TemporaryDirectory() as scratch:
        for total in options.calls:
            folder = (options.keep or Path(scratch)) / str(total)
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / STORE_FILE
            if not path.exists():
                build(path, total)
            run(path, options, total)


if __name__ == "__main__":
    main()
