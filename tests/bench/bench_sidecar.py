"""A sidecar from OTLP to the upstream's 200. Prints tables; compare CPU, which is that of all its processes.

    python -m tests.bench.bench_sidecar                          all sections, some minutes
    python -m tests.bench.bench_sidecar delivery --rounds 5      CPU a span at each request size
    python -m tests.bench.bench_sidecar backlog --backlog-mib 1024

The upstream is a process of its own that reads and counts. It and the load generator take CPU of the same
machine, so rates are lower bounds; CPU a span is not touched by them.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
import urllib.request
from argparse import Namespace
from asyncio import run
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from tests.bench import otlp_load
from tests.bench.loads import CONNECTIONS, bodies
from tests.bench.machines import bridge, free_ports, stopping
from tests.bench.sections import run_sections, table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bench.machines import Machine

SIZES: Final = {1: 2_000, 50: 20_000, 500: 20_000}
"""Spans a request → spans of a run."""
POLL_SECONDS: Final = 0.02
SETTLE_SECONDS: Final = 600.0
BACKLOG_SLICE: Final = 10_000

UPSTREAM: Final = """
import sys
from aiohttp import web

calls, open_ = 0, False

async def take(request):
    global calls
    if not open_:
        return web.Response(status=503, body=b"{}")
    body = await request.read()
    starts, ends = body.count(b'{"mode":"start","req":'), body.count(b'{"mode":"end","req":')
    calls += starts
    return web.Response(body=b'{"res":[' + b",".join([b"{}"] * (starts + ends)) + b"]}",
                        content_type="application/json")

async def count(request):
    return web.Response(body=str(calls).encode())

async def door(request):
    global open_
    open_ = request.path == "/open"
    return web.Response(body=b"{}")

app = web.Application(client_max_size=1 << 30)
app.router.add_post("/call/upsert_batch", take)
app.router.add_get("/count", count)
app.router.add_get("/open", door)
app.router.add_get("/shut", door)
web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None, access_log=None)
"""


class Upstream:
    """The server that counts."""

    def __init__(self, url: str) -> None:
        self.url = url

    def ask(self, path: str) -> bytes:
        with urllib.request.urlopen(self.url + path, timeout=60) as answer:
            return answer.read()

    def arrived(self, calls: int) -> None:
        """Wait until so many calls have come."""
        deadline = time.perf_counter() + SETTLE_SECONDS
        while int(self.ask("/count")) < calls:
            assert time.perf_counter() < deadline, "accepted spans do not arrive"
            time.sleep(POLL_SECONDS)


@contextmanager
def pair(*flags: str) -> Iterator[tuple[Upstream, Machine]]:
    """Run an upstream and a sidecar in front of it."""
    (port,) = free_ports(1)
    upstream = Upstream(f"http://127.0.0.1:{port}")
    process = subprocess.Popen([sys.executable, "-c", UPSTREAM, str(port)])
    environment = {"OTEL_BRIDGE_PROFILE": "sidecar", "WEAVE_ENDPOINT": upstream.url, "WANDB_ENTITY": "local",
                   "WANDB_PROJECT": "default", "WANDB_API_KEY": "", "WANDB_API_KEY_FILE": ""}  # fmt: skip
    with stopping(process), bridge(environment, *flags) as machine:
        upstream.ask("/open")
        upstream.arrived(1)  # the span that said the sidecar is up
        yield upstream, machine


def send(machine: Machine, requests: list[otlp_load.Request], *, grpc: bool = False) -> tuple[int, float]:
    """Send the requests; return how many spans were accepted, and in how many seconds."""
    arguments = Namespace(
        url=[machine.grpc if grpc else f"{machine.http}/v1/traces"], header=[], grpc=grpc, gzip=False,
        encoding="protobuf", connections=CONNECTIONS, rate=0, retry=True, timeout=60,
        per_request=len(requests[0].ids),
    )  # fmt: skip
    tally, seconds = run(otlp_load.drive(arguments, requests))
    return len(tally.accepted), seconds


def delivery(options: argparse.Namespace) -> None:
    """CPU and rate from the sender's request to the upstream's answer."""
    lines = []
    for grpc in (False, True):
        for per_request, spans in SIZES.items():
            requests = bodies("protobuf", spans // options.fraction, per_request)
            runs = [_deliver(requests, grpc=grpc) for _ in range(options.rounds)]
            cpu, accepted, delivered, rss = (statistics.median(each) for each in zip(*runs, strict=True))
            lines.append(("grpc" if grpc else "http", per_request, cpu, accepted, delivered, int(rss)))
    head = ("transport", "spans/request", "CPU us/span", "accepted/s", "delivered/s", "RSS peak MB")
    table(f"Delivery, {CONNECTIONS} connections, medians of {options.rounds}", head, lines)


def _deliver(requests: list[otlp_load.Request], *, grpc: bool) -> tuple[float, float, float, float]:
    with pair() as (upstream, machine):
        tree = otlp_load.Tree(machine.pid, every=0.05)
        tree.start()
        started = time.perf_counter()
        accepted, seconds = send(machine, requests, grpc=grpc)
        upstream.arrived(accepted + 1)
        whole = time.perf_counter() - started
        tree.stop.set()
        return 1e6 * tree.seconds() / accepted, accepted / seconds, accepted / whole, tree.peak >> 20


def backlog(options: argparse.Namespace) -> None:
    """Fill the queue while the upstream is away, look at memory and disk, then let it drain."""
    size = options.backlog_mib
    with pair(f"--queue-size={2 * size + 64}MiB") as (upstream, machine):
        upstream.ask("/shut")
        tree = otlp_load.Tree(machine.pid, every=0.1)
        tree.start()
        accepted, seconds, seed = 0, 0.0, 1
        while machine.disk() < size << 20:
            seed += 1
            requests = bodies.__wrapped__("protobuf", BACKLOG_SLICE, 50, seed=seed)
            count, took = send(machine, requests)
            accepted, seconds = accepted + count, seconds + took
        filled, rss, peak, disk = tree.seconds(), machine.rss(), tree.peak, machine.disk()
        upstream.ask("/open")
        started = time.perf_counter()
        upstream.arrived(accepted + 1)
        drained = time.perf_counter() - started
        cpu = tree.seconds() - filled
        tree.stop.set()
        line = (accepted, disk >> 20, disk / accepted, 1e6 * filled / accepted, accepted / seconds, rss >> 20,
                peak >> 20, tree.peak >> 20, accepted / drained, 1e6 * cpu / accepted)  # fmt: skip
    head = ("calls", "disk MiB", "B/call", "CPU us/span in", "accepted/s", "RSS MB", "peak in MB", "peak MB",
            "drained/s", "CPU us/span out")  # fmt: skip
    table("Backlog", head, [line])
    hours = 50 * 3600 * 72 * disk / accepted / (1 << 30)
    print(f"  72 hours at 50 spans/s: {hours:.1f} GiB")


SECTIONS: Final = {"delivery": delivery, "backlog": backlog}


def main() -> None:
    """Run the sections that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--backlog-mib", type=int, default=64, help="how much waits before it drains")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--fraction", type=int, default=1, help="send only 1/N of the spans")
    run_sections(parser, SECTIONS)


if __name__ == "__main__":
    main()
