"""What reads cost as the store grows: asked over HTTP through a whole bridge, at rest and beside others.

    python -m tests.bench.bench_query                        100,000 and 1,000,000 calls
    python -m tests.bench.bench_query --calls 20000 --rounds 5
    python -m tests.bench.bench_query --calls 1000000 --keep FOLDER   builds it there, or finds it there

Calls are those of the mixed corpus, spread over the seven days that end now. CPU is that of the process tree.
A rate limits what is sent during the second half, so that the machine is busy but not full. "x floor" is p50
against that of an HTTP server that answers with as many bytes and does nothing else; where every call is
looked into, against one scan of the bodies by plain SQLite. Compare these, CPU and medians, not milliseconds.
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
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import apsw
import msgspec

from otel_bridge.ingest.settings import STORE_FILE
from otel_bridge.store.limits import StoreLimits
from otel_bridge.store.sqlite.writer import SqliteWriter
from tests.bench.bench_store import CORPUS_SPANS, corpus, moved
from tests.bench.contention import beside_heavy
from tests.bench.machines import PROJECT, baseline, bridge
from tests.bench.otlp_load import Tree, pct
from tests.bench.questions import QUERY, SCANS, WEEK, ask, questions
from tests.bench.sections import table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bench.machines import Machine

GROUP: Final = 1000
IN_2099: Final = 4_070_908_800_000_000
"""What a wrong clock says, in microseconds."""
STREAM_ROWS: Final = 100_000
HEAD: Final = ("question", "asked", "p50 ms", "p95 ms", "x floor", "CPU ms", "KB")
SCAN: Final = "SELECT count(*) FROM bodies WHERE instr(inputs, 'xylophone quartz')"


def build(path: Path, total: int, off: int = 0) -> None:
    """Write calls over the week that ends now, in the order of time; `off` percent are dated in 2099."""
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
            by = begin - first + turn * step + spread
            now = call.start.started_at + by
            ahead = IN_2099 - now if number % 100 < off else 0
            batch.append(moved(call, turn * 7919 + 1, by + ahead))
            if len(batch) == GROUP:
                made += _keep(writer, batch, now)
                batch = []
    made += _keep(writer, batch, now)
    while writer.maintain(now=int(time.time() * 1e6)):
        pass
    writer.close()
    print(f"built {made:,} calls in {time.perf_counter() - since:,.0f} s, "
          f"{path.stat().st_size / made:,.0f} B a call", flush=True)  # fmt: skip


def _keep(writer: SqliteWriter, batch: list, received_at: int) -> int:
    writer.begin()
    writer.apply(batch, received_at=received_at)
    writer.commit()
    writer.maintain(now=int(time.time() * 1e6))
    return len(batch)


def measure(machine: Machine, floor: Machine, path: Path, rounds: int) -> list[tuple[object, ...]]:
    """Ask everything; return the lines of a table (`HEAD`)."""
    connection, least = (
        http.client.HTTPConnection(urlsplit(m.api).netloc, timeout=120) for m in (machine, floor)
    )
    lines: list[tuple[object, ...]] = []
    scanned = scan(path)
    for name, (route, body) in questions(machine).items():
        asked = ask(connection, route, msgspec.json.encode(body), rounds, machine.pid)
        if name in SCANS:
            floor_p50 = scanned
        else:
            floor_p50 = pct(ask(least, f"/answer?bytes={asked.size}", b"{}", rounds, floor.pid).took, 0.5)
        p50 = pct(asked.took, 0.5)
        outcome = f"{len(asked.took)} x" if asked.status == 200 else f"answered {asked.status}"
        lines.append(
            (name, outcome, p50, pct(asked.took, 0.95), p50 / floor_p50, 1000 * asked.cpu, asked.size / 1000)
        )
    return lines


def scan(path: Path) -> float:
    """Return the milliseconds of one scan of all bodies, the median of three."""
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    took = []
    for _ in range(3):
        started = time.perf_counter()
        connection.execute(SCAN).fetchall()
        took.append(time.perf_counter() - started)
    connection.close()
    return pct(took, 0.5)


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
    flags = ("--data-dir", str(path.parent), "--retention", "off", "--max-disk", "off")
    with bridge(None, *flags) as machine, baseline() as floor:
        for load in (0, options.rate):
            with loaded(machine, load) if load else nullcontext():
                lines = measure(machine, floor, path, options.rounds)
            table(f"{total:,} calls, {f'beside {load:,} spans/s' if load else 'at rest'}", HEAD, lines)
        table(f"{total:,} calls, beside heavy questions", *beside_heavy(machine, options.rounds))
        parts = [streamed(machine, min(share, total)) for share in (STREAM_ROWS // 10, STREAM_ROWS)]
        table("A stream", ("lines", "seconds", "MB", "RSS added MB"), parts)


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
    parser.add_argument("--off", type=int, default=0, help="percent of calls that are dated in 2099")
    parser.add_argument("--keep", type=Path, help="keep the stores in this folder")
    options = parser.parse_args()
    print(f"Python {platform.python_version()}, {platform.machine()}")
    with tempfile.TemporaryDirectory() as scratch:
        for total in options.calls:
            folder = (options.keep or Path(scratch)) / str(total)
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / STORE_FILE
            if not path.exists():
                build(path, total, options.off)
            run(path, options, total)


if __name__ == "__main__":
    main()
