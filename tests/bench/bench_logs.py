"""CPU µs a log record from the bytes of a request to changes, beside upb's bare parse in the same run.

    python -m tests.bench.bench_logs [--records 500] [--per-request 50] [--per-span 4] [--rounds 15]

The records are those of the recorded captures, again and again, each time with ids of their own. Medians and
minima of several rounds of CPU time; with busy neighbours the minimum is the better figure.
"""

from __future__ import annotations

import argparse
from itertools import count, cycle, islice

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from otel_bridge.receiver.allocator import tune_allocator
from otel_bridge.receiver.base import Encoding, Export
from otel_bridge.receiver.counting import count_items
from otel_bridge.receiver.decode import decode_logs
from otel_bridge.receiver.signals import LOGS
from tests.bench.bench_translate import PROJECT, measured
from tests.fixtures.captures import WITH_LOGS, log_exports
from tests.fixtures.otlp_json import as_otlp_json


def recorded() -> list[ExportLogsServiceRequest]:
    """One request for each recorded record, with its resource and scope."""
    alone = []
    for export in (export for capture in WITH_LOGS for export in log_exports(capture)):
        for part in ExportLogsServiceRequest.FromString(export.body).resource_logs:
            for scope in part.scope_logs:
                for record in scope.log_records:
                    request = ExportLogsServiceRequest()
                    one = request.resource_logs.add(resource=part.resource, schema_url=part.schema_url)
                    kept = one.scope_logs.add(scope=scope.scope, schema_url=scope.schema_url)
                    kept.log_records.add().CopyFrom(record)
                    alone.append(request)
    return alone


def requests(records: int, per_request: int, per_span: int) -> list[ExportLogsServiceRequest]:
    """Build requests of `per_request` records under one resource and one scope."""
    source = cycle(recorded())
    numbers = count()
    built = []
    for _ in range(records // per_request):
        request = ExportLogsServiceRequest()
        request.CopyFrom(next(source))
        scope = request.resource_logs[0].scope_logs[0]
        del scope.log_records[:]
        for one in islice(source, per_request):
            record = scope.log_records.add()
            record.CopyFrom(one.resource_logs[0].scope_logs[0].log_records[0])
            span = 1 + next(numbers) // per_span
            record.trace_id, record.span_id = (1).to_bytes(16, "big"), span.to_bytes(8, "big")
        built.append(request)
    return built


def changes(export: Export) -> list:
    return decode_logs(export, default_project=PROJECT).spans


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--records", type=int, default=500)
    parser.add_argument("--per-request", type=int, default=50)
    parser.add_argument("--per-span", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    tune_allocator()
    built = requests(options.records, options.per_request, options.per_span)
    bodies = {
        Encoding.PROTOBUF: [request.SerializeToString() for request in built],
        Encoding.JSON: [as_otlp_json(request) for request in built],
    }
    exports = {
        encoding: [Export(body=body, encoding=encoding, received_ns=1, signal=LOGS) for body in found]
        for encoding, found in bodies.items()
    }
    total = options.per_request * len(built)
    size = sum(map(len, bodies[Encoding.PROTOBUF])) / total
    print(f"{'CPU µs a log record':32}{'median':>8}{'minimum':>8}   ({size:.0f} bytes a record)")
    stages = {
        "upb parse (baseline)": (lambda e: ExportLogsServiceRequest.FromString(e.body), Encoding.PROTOBUF),
        "count": (lambda e: count_items(e.body, e.encoding, LOGS), Encoding.PROTOBUF),
        "decode, group by span": (changes, Encoding.PROTOBUF),
        "decode JSON, group by span": (changes, Encoding.JSON),
    }
    for name, (stage, encoding) in stages.items():
        median, least = measured(stage, exports[encoding], total, options.rounds)
        print(f"{name:32}{median:8.1f}{least:8.1f}")


if __name__ == "__main__":
    main()
