"""The whole bridge under load, beside a server that only reads bodies. Prints tables; compare ratios and CPU.

    python -m tests.bench.bench_e2e                      all sections, some minutes
    python -m tests.bench.bench_e2e ingest startup       some of them
    python -m tests.bench.bench_e2e growth --spans 1000000

Every section runs on a fresh data directory. The load generator takes CPU of the same machine.
"""

from __future__ import annotations

import argparse
import gzip
import http.client
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from tests.bench.loads import TRANSPORTS, bodies, send
from tests.bench.machines import PROJECT, baseline, bridge, stop
from tests.bench.otlp_load import Tree, pct
from tests.bench.sections import run_sections, table
from tests.bench.slow_fsync import compiler, slow_fsync

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bench.machines import Machine

SIZES: Final = {1: 3_000, 50: 20_000, 500: 20_000}
"""Spans a request → spans of a run."""
GROWTH_SLICE: Final = 10_000
ONE_TRACE_SPANS: Final = 10_000
BOMB_BYTES: Final = 1 << 30
LARGE_BYTES: Final = 100_000_000


def ingest(options: argparse.Namespace) -> None:
    """Each transport at each request size."""
    lines = []
    for transport, encoding in TRANSPORTS.items():
        for per_request, spans in SIZES.items():
            requests = bodies(encoding, spans // options.fraction, per_request)
            floor = None
            if transport != "grpc":
                with baseline() as machine:
                    floor = send(machine, requests, transport=transport, readable=False)
            with bridge() as machine:
                run = send(machine, requests, transport=transport)
                stop(machine)
                disk = machine.disk() / run.spans
            times = run.cpu_us / floor.cpu_us if floor and floor.cpu_us else "-"
            lines.append((transport, per_request, run.cpu_us, times, run.accepted_per_s, run.readable_per_s,
                          run.p50_ms, run.p99_ms, run.rss_peak_mb, round(disk), run.refused))  # fmt: skip
    head = ("transport", "spans/request", "CPU us/span", "x floor", "accepted/s", "readable/s", "p50 ms",
            "p99 ms", "RSS peak MB", "disk B/call", "refused")  # fmt: skip
    table("Ingest, 8 connections ('x floor': CPU against a server that only reads the body)", head, lines)


def startup(options: argparse.Namespace) -> None:
    """From the command to the first accepted span, and the memory of a bridge that waits."""
    seconds, rss, pss = [], 0, 0
    for _ in range(5):
        with bridge() as machine:
            seconds.append(machine.first_span_seconds)
            rss, pss = machine.rss(), machine.pss()
    table("Start and rest", ("first span s (median of 5)", "RSS MB", "PSS MB"),
          [(f"{statistics.median(seconds):.2f}", rss >> 20, pss >> 20)])  # fmt: skip


@contextmanager
def asking(machine: Machine, trace_id: str) -> Iterator[dict[str, list[float]]]:
    """Read beside what the block does; the milliseconds of every answer are there when it ends."""
    command = [sys.executable, "-m", "tests.bench.probe", machine.api, trace_id]
    probe = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    took: dict[str, list[float]] = {}
    yield took
    out, _ = probe.communicate(timeout=120)
    took.update(msgspec.json.decode(out))


def reads(options: argparse.Namespace) -> None:
    """Reads and probes while ingest is saturated."""
    requests = bodies("protobuf", 60_000 // options.fraction, 50)
    with bridge() as machine:
        send(machine, requests[:20])
        trace_id = requests[0].ids[0][:16].hex()
        with asking(machine, trace_id) as quiet:
            time.sleep(2)
        with asking(machine, trace_id) as busy:
            run = send(machine, requests[20:])
    lines = [(name, len(busy[name]), *(pct([ms / 1000 for ms in took[name]], q) for took in (quiet, busy)
              for q in (0.5, 0.95))) for name in busy]  # fmt: skip
    head = ("read", "answers", "p50 ms at rest", "p95 ms at rest", "p50 ms under load", "p95 ms under load")
    table(f"Reads beside {run.accepted_per_s:,.0f} accepted spans/s", head, lines)


def growth(options: argparse.Namespace) -> None:
    """CPU and disk a call as the store grows."""
    lines, sent = [], 0
    with bridge() as machine:
        while sent < options.spans:
            requests = bodies.__wrapped__("protobuf", GROWTH_SLICE, 50, seed=2 + sent // GROWTH_SLICE)
            run = send(machine, requests)
            sent += run.spans
            lines.append(
                (sent, run.cpu_us, run.accepted_per_s, run.p99_ms, machine.disk() / sent, run.rss_peak_mb)
            )
    first = lines[1][1] if len(lines) > 1 else lines[0][1]
    marks = [line for line in lines if line[0] in _marks(len(lines))]
    head = ("calls", "CPU us/span", "accepted/s", "p99 ms", "disk B/call", "RSS MB", "x the second 10k")
    table("Growth, 50 spans a request", head, [(*line, f"{line[1] / first:.2f}") for line in marks])


def _marks(slices: int) -> set[int]:
    """Sizes worth a line: 1, 2, 5, 10, … slices and the last."""
    steps = {base * 10**power for base in (1, 2, 5) for power in range(6)}
    return {GROWTH_SLICE * step for step in {*steps, slices} if step <= slices}


def slow_disk(options: argparse.Namespace) -> None:
    """The same load when every fsync takes longer."""
    if compiler() is None:
        print("\nSlow fsync: SKIPPED, no C compiler on this machine")
        return
    lines = []
    requests = bodies("protobuf", 20_000 // options.fraction, 50)
    with tempfile.TemporaryDirectory() as folder:
        for delay in (0, options.fsync_delay_ms):
            with bridge(slow_fsync(Path(folder), delay)) as machine:
                run = send(machine, requests)
            lines.append((delay, run.cpu_us, run.accepted_per_s, run.p50_ms, run.p99_ms))
    lines = [(*line, f"{line[2] / lines[0][2]:.2f}") for line in lines]
    head = ("added to an fsync, ms", "CPU us/span", "accepted/s", "p50 ms", "p99 ms", "x throughput")
    table("Slow fsync, 50 spans a request, 8 connections", head, lines)


def one_trace(options: argparse.Namespace) -> None:
    """One trace of 10,000 spans: written, then read whole."""
    requests = bodies("protobuf", ONE_TRACE_SPANS, 500, one_trace=True)
    query = {"project_id": PROJECT, "filter": {"trace_ids": [requests[0].ids[0][:16].hex()]}}
    with bridge() as machine:
        run = send(machine, requests)
        resting = machine.rss()
        tree = Tree(machine.pid, every=0.01)
        tree.start()
        started = time.perf_counter()
        answer = machine.ask("/calls/stream_query", query)
        seconds = time.perf_counter() - started
        tree.stop.set()
    head = ("lines", "written/s", "read ms", "MB", "RSS added MB")
    table("One trace", head, [(answer.count(b"\n"), run.accepted_per_s, 1000 * seconds,
                               len(answer) / 1e6, (tree.peak - resting) >> 20)])  # fmt: skip


def hostile(options: argparse.Namespace) -> None:
    """Bodies that are too large: what is answered, and what memory they cost."""
    bomb = gzip.compress(bytes(BOMB_BYTES), 9)
    cases = {f"gzip bomb, {len(bomb) >> 10} KiB to 1 GiB": ({"Content-Encoding": "gzip"}, bomb),
             "100 MB, plain": ({}, bytes(LARGE_BYTES))}  # fmt: skip
    lines = []
    for name, (headers, body) in cases.items():
        with bridge() as machine:
            resting = machine.rss()
            tree = Tree(machine.pid, every=0.005)
            tree.start()
            status = _post(f"{machine.http}/v1/traces", headers, body)
            tree.stop.set()
            lines.append((name, status, (tree.peak - resting) >> 20, 1000 * tree.seconds()))
    table("Hostile bodies", ("body", "answer", "RSS added MB", "CPU ms"), lines)


def _post(url: str, headers: dict[str, str], body: bytes) -> str:
    request = urllib.request.Request(url, body, {"Content-Type": "application/x-protobuf", **headers})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return str(answer.status)
    except urllib.error.HTTPError as error:
        return str(error.code)
    except (urllib.error.URLError, ConnectionError, http.client.HTTPException) as error:
        return f"connection closed ({type(getattr(error, 'reason', error)).__name__})"


SECTIONS: Final = {f.__name__.replace("_", "-"): f
                   for f in (startup, ingest, reads, growth, slow_disk, one_trace, hostile)}  # fmt: skip


def main() -> None:
    """Run the sections that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--spans", type=int, default=100_000, help="how far `growth` goes")
    parser.add_argument("--fsync-delay-ms", type=int, default=10)
    parser.add_argument(
        "--fraction", type=int, default=1, help="send only 1/N of the spans, to try things out"
    )
    run_sections(parser, SECTIONS)


if __name__ == "__main__":
    main()
