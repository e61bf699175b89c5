"""What each recorded instrumentation costs: CPU µs from a span to its call, beside upb's bare parse.

    python -m tests.bench.bench_dialects [--rounds 30]

For each capture of `tests/fixtures/otlp`: decode and translate with all tables on, from the bytes of its
requests. Minima of several rounds; the ratio to the parse is what carries over to other machines.
"""

from __future__ import annotations

import argparse
import time
from functools import partial

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from otel_bridge.receiver.allocator import tune_allocator
from otel_bridge.receiver.base import Encoding, Export
from otel_bridge.receiver.decode import decode, otlp_json
from otel_bridge.translate.calls import translate
from tests.fixtures.captures import CAPTURES, exports

PROJECT = "local/default"
REPEAT = 8
"""Requests of a capture are few: each round takes them this often."""


def as_protobuf(export: Export) -> Export:
    """Return the same export in protobuf, so that only the dialects differ."""
    if export.encoding is Encoding.PROTOBUF:
        return export
    body = otlp_json.to_protobuf(export.body, {}, [])
    return Export(body=body, encoding=Encoding.PROTOBUF, received_ns=export.received_ns)


def parse(bodies: list[Export]) -> None:
    for export in bodies:
        ExportTraceServiceRequest.FromString(export.body)


def read(bodies: list[Export]) -> list:
    return [span for export in bodies for span in decode(export, default_project=PROJECT).spans]


def into_calls(bodies: list[Export]) -> None:
    for span in read(bodies):
        translate(span)


def least_us(work, spans: int, rounds: int) -> float:
    """Return the least CPU µs a span of several rounds."""
    figures = []
    for _ in range(rounds):
        start = time.process_time_ns()
        for _ in range(REPEAT):
            work()
        figures.append((time.process_time_ns() - start) / (REPEAT * spans) / 1000)
    return min(figures)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=30)
    rounds = parser.parse_args().rounds
    tune_allocator()
    print(
        f"{'capture':26}{'spans':>6}{'KB/span':>9}{'parse':>8}{'decode':>8}{'call':>8}"
        f"{'µs/KB':>8}{'x parse':>9}"
    )
    for name in CAPTURES:
        bodies = [as_protobuf(export) for export in exports(name)]
        spans = len(read(bodies))
        kilobytes = sum(len(export.body) for export in bodies) / spans / 1000
        parsed, decoded, called = (
            least_us(partial(work, bodies), spans, rounds) for work in (parse, read, into_calls)
        )
        print(
            f"{name:26}{spans:6}{kilobytes:9.1f}{parsed:8.1f}{decoded:8.1f}{called:8.1f}"
            f"{called / kilobytes:8.1f}{called / parsed:9.1f}"
        )


if __name__ == "__main__":
    main()
