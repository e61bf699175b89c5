"""CPU µs a span from protobuf bytes to calls, stage by stage, beside upb's bare parse in the same run.

    python -m tests.bench.bench_translate [--spans 500] [--per-request 50] [--rounds 15]

Medians and minima of several rounds of CPU time; with busy neighbours the minimum is the better figure. Every
stage starts from the bytes of a request, as the writer process does, and keeps nothing.
"""

from __future__ import annotations

import argparse
import statistics
import time
from functools import partial

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from otel_bridge.receiver.allocator import tune_allocator
from otel_bridge.receiver.base import Encoding, Export
from otel_bridge.receiver.decode import decode
from otel_bridge.translate.batch import upsert_batch
from otel_bridge.translate.calls import translate
from otel_bridge.translate.dump import render
from otel_bridge.translate.record import pack
from tests.bench.loads import bodies

PROJECT = "local/default"


def spans(export: Export) -> list:
    return decode(export, default_project=PROJECT).spans


STAGES = {
    "upb parse (baseline)": lambda export: ExportTraceServiceRequest.FromString(export.body),
    "decode": spans,
    "decode, pack": lambda export: [pack(span) for span in spans(export)],
    "decode, translate, pack": lambda export: [translate(span) for span in spans(export)],
    "decode, translate, dump": lambda export: [translate(span, dumped=True) for span in spans(export)],
    "decode, translate, dump, join": lambda export: upsert_batch(
        translate(span, dumped=True) for span in spans(export)
    ),
}


def measured(stage, inputs: list, count: int, rounds: int) -> tuple[float, float]:
    """Return median and minimum of CPU µs a span."""
    figures = []
    for _ in range(rounds):
        start = time.process_time_ns()
        for one in inputs:
            stage(one)
        figures.append((time.process_time_ns() - start) / count / 1000)
    return statistics.median(figures), min(figures)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--spans", type=int, default=500)
    parser.add_argument("--per-request", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    tune_allocator()
    run = partial(measured, count=options.spans, rounds=options.rounds)
    exports = {
        encoding: [
            Export(body=request.body, encoding=encoding, received_ns=1)
            for request in bodies(encoding.value, options.spans, options.per_request)
        ]
        for encoding in Encoding
    }
    protobuf = exports[Encoding.PROTOBUF]
    print(f"{'CPU µs a span':32}{'median':>8}{'minimum':>8}")
    rows = {name: partial(run, stage, protobuf) for name, stage in STAGES.items()}
    rows["decode JSON"] = partial(run, spans, exports[Encoding.JSON])
    records = [pack(span) for export in protobuf for span in spans(export)]
    rows["render a stored span"] = partial(run, render, records)
    for name, row in rows.items():
        median, least = row()
        print(f"{name:32}{median:8.1f}{least:8.1f}")


if __name__ == "__main__":
    main()
