"""What a backup costs a bridge under load: acknowledgements, answers and CPU with and without one, in turns.

    python -m tests.bench.bench_backup --calls 60000 --rounds 6

A sender exports 50 spans at a fixed pace and asks for the newest 100 calls now and then. In every second
round backups are made one after the other. CPU is that of the bridge's processes.
"""

from __future__ import annotations

import argparse
import http.client
import shutil
import statistics
import subprocess
import sys
import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import psutil

from tests.bench.loads import bodies, send
from tests.bench.machines import Machine, bridge
from tests.bench.sections import table

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bench.otlp_load import Request

SPANS = 50
PACE_SECONDS = 0.05
ASK_EACH = 10
NEWEST = {"project_id": "bench", "limit": 100, "sort_by": [{"field": "started_at", "direction": "desc"}]}


def cpu_seconds(machine: Machine) -> float:
    """CPU of the bridge's processes so far."""
    root = psutil.Process(machine.pid)
    times = [each.cpu_times() for each in [root, *root.children(recursive=True)]]
    return sum(each.user + each.system for each in times)


class Backups(threading.Thread):
    """Makes backups until it is told to stop."""

    def __init__(self, machine: Machine, target: Path) -> None:
        super().__init__()
        self.over = threading.Event()
        self.seconds: list[float] = []
        self._machine = machine
        self._target = target

    def run(self) -> None:
        while not self.over.is_set():
            command = [sys.executable, "-m", "otel_bridge", "backup", str(self._target)]
            began = time.perf_counter()
            subprocess.run(
                [*command, f"--data-dir={self._machine.data_dir}"], check=True, stdout=subprocess.DEVNULL
            )
            self.seconds.append(time.perf_counter() - began)
            self.size = sum(path.stat().st_size for path in self._target.rglob("*"))
            shutil.rmtree(self._target)


def paced(machine: Machine, requests: list[Request]) -> tuple[list[float], list[float], float]:
    """Send requests at their pace; return ms to each acknowledgement and answer, and CPU µs a span."""
    acknowledged, answered = [], []
    then, next_at = cpu_seconds(machine), time.monotonic()
    with closing(http.client.HTTPConnection(urlsplit(machine.http).netloc, timeout=60)) as connection:
        for number, request in enumerate(requests):
            time.sleep(max(0.0, next_at - time.monotonic()))
            next_at += PACE_SECONDS
            began = time.perf_counter()
            connection.request("POST", "/v1/traces", request.body, {"Content-Type": "application/x-protobuf"})
            assert connection.getresponse().read() is not None
            acknowledged.append((time.perf_counter() - began) * 1000)
            if number % ASK_EACH == 0:
                began = time.perf_counter()
                machine.ask("/calls/stream_query", NEWEST)
                answered.append((time.perf_counter() - began) * 1000)
    spans = sum(len(request.ids) for request in requests)
    return acknowledged, answered, (cpu_seconds(machine) - then) / spans * 1e6


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--calls", type=int, default=60_000)
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--requests", type=int, default=150)
    options = parser.parse_args()
    lines, seconds, size = [], [], 0
    with bridge() as machine:
        send(machine, bodies("protobuf", options.calls, 500))
        target = machine.data_dir.with_name(f"{machine.data_dir.name}-backup")
        for number in range(options.rounds):
            requests = bodies("protobuf", options.requests * SPANS, SPANS, seed=100 + number)
            backups = Backups(machine, target)
            if number % 2:
                backups.start()
            acknowledged, answered, cpu = paced(machine, requests)
            backups.over.set()
            if number % 2:
                backups.join()
                seconds += backups.seconds
                size = backups.size
            high = sorted(acknowledged)[int(len(acknowledged) * 0.95)]
            lines.append(
                (
                    "backup" if number % 2 else "none",
                    statistics.median(acknowledged),
                    high,
                    statistics.median(answered),
                    cpu,
                )
            )
    table("rounds", ("", "ack p50 ms", "ack p95 ms", "last 100 p50 ms", "CPU µs a span"), lines)
    medians = [
        [statistics.median(line[column] for line in lines if line[0] == kind) for column in range(1, 5)]
        for kind in ("none", "backup")
    ]
    table(
        "with : without",
        ("ack p50", "ack p95", "last 100", "CPU"),
        [[b / a for a, b in zip(*medians, strict=True)]],
    )
    print(f"\nbackup of {size >> 20:,} MiB: {statistics.median(seconds):.1f} s, {len(seconds)} made")


if __name__ == "__main__":
    main()
