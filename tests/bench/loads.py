"""Bodies for the benchmarks, built once before any clock starts, and one measured run of them."""

from __future__ import annotations

import asyncio
import time
from argparse import Namespace
from functools import cache
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from tests.bench import otlp_load

if TYPE_CHECKING:
    from tests.bench.machines import Machine

CONNECTIONS: Final = 8
SETTLE_SECONDS: Final = 60.0
TRANSPORTS: Final = {"http protobuf": "protobuf", "http json": "json", "grpc": "protobuf"}
"""Transport → encoding of its bodies."""


class Run(Struct, frozen=True, kw_only=True):
    """What one run came to. CPU is that of the server's process tree."""

    spans: int
    cpu_us: float
    accepted_per_s: float
    readable_per_s: float
    p50_ms: float
    p99_ms: float
    rss_peak_mb: int
    refused: int


@cache
def bodies(
    encoding: str,
    spans: int,
    per_request: int,
    seed: int = 1,
    one_trace: bool = False,
) -> list[otlp_load.Request]:
    """Build requests of the mixed corpus (mean 2.9 KB a span); the same arguments give the same bytes."""
    return otlp_load.build(
        Namespace(
            seed=seed, size="mixed", error_rate=0.03, dialect="mixed", project="bench", spans=spans,
            per_request=per_request, encoding=encoding, gzip=False, duplicates=0.0, resource=[],
            huge_rate=0.0, one_trace=spans if one_trace else 0,
        )
    )  # fmt: skip


def send(
    machine: Machine,
    requests: list[otlp_load.Request],
    *,
    transport: str = "http protobuf",
    connections: int = CONNECTIONS,
    readable: bool = True,
) -> Run:
    """Send the requests over `connections` connections, closed loop, and wait until all can be read."""
    grpc = transport == "grpc"
    arguments = Namespace(
        url=[machine.grpc if grpc else f"{machine.http}/v1/traces"], header=[], grpc=grpc, gzip=False,
        encoding=TRANSPORTS[transport], connections=connections, rate=0, retry=True, timeout=60,
        per_request=len(requests[0].ids),
    )  # fmt: skip
    before = machine.count() if readable else 0
    tree = otlp_load.Tree(machine.pid, every=0.05)
    tree.start()
    started = time.perf_counter()
    tally, wall = asyncio.run(otlp_load.drive(arguments, requests))
    accepted = len(tally.accepted)
    while readable and machine.count() < before + accepted:
        assert time.perf_counter() - started < wall + SETTLE_SECONDS, "accepted spans cannot be read"
        time.sleep(0.02)
    seconds = time.perf_counter() - started
    tree.stop.set()
    return Run(
        spans=accepted,
        cpu_us=1e6 * tree.seconds() / max(1, accepted),
        accepted_per_s=accepted / wall,
        readable_per_s=accepted / seconds if readable else 0.0,
        p50_ms=otlp_load.pct(tally.lat, 0.5),
        p99_ms=otlp_load.pct(tally.lat, 0.99),
        rss_peak_mb=tree.peak >> 20,
        refused=sum(len(r.ids) for r in requests) - accepted,
    )
