"""What each processor costs: CPU µs a span, beside reading the span and making its call.

    python -m tests.bench.bench_processors [--rounds 15]

One request of 500 spans of the mixed corpus (2.9 KB each, `tests/bench/otlp_load.py`), parsed anew for
each round. Medians; the ratio to decoding and translating the same spans is what carries over.
"""

from __future__ import annotations

import argparse
import statistics
import time
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from otel_bridge.pipeline.flow import Flow
from otel_bridge.pipeline.plan import Component, Pipeline, Plan
from otel_bridge.receiver.allocator import tune_allocator
from otel_bridge.receiver.base import Encoding, Export
from otel_bridge.receiver.decode import decode
from otel_bridge.translate.calls import translate
from tests.bench.loads import bodies

SPANS = 500
PROJECT = "local/default"

CHAT = 'attributes["gen_ai.operation.name"] == "chat"'
BLOCKED = ["sk-[A-Za-z0-9]{20,}", {"kind": "card"}, {"kind": "iban"}]
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "resource: one upsert": (
        "resource",
        {"attributes": [{"action": "upsert", "key": "deployment.environment.name", "value": "prod"}]},
    ),
    "attributes: upsert, delete, hash": (
        "attributes",
        {
            "actions": [
                {"action": "upsert", "key": "team", "value": "search"},
                {"action": "delete", "key": "http.request.header.authorization"},
                {"action": "hash", "key": "enduser.id"},
            ]
        },
    ),
    "filter: two conditions": (
        "filter",
        {"traces": {"span": ['IsMatch(name, "^GET /health")', f'{CHAT} and attributes["nothing"] == true']}},
    ),
    "probabilistic_sampler: 100 %": ("probabilistic_sampler", {"sampling_percentage": 100}),
    "truncate: 1 MiB": ("truncate", {}),
    "redaction: three blocked values": ("redaction", {"allow_all_keys": True, "blocked_values": BLOCKED}),
    "redaction: blocked keys too": (
        "redaction",
        {
            "allow_all_keys": True,
            "blocked_values": BLOCKED,
            "blocked_key_patterns": ["(?i)token$|password|secret"],
        },
    ),
}


def measured(work: Any, rounds: int) -> float:
    """Return the median CPU µs a span; what is made ready for a round does not count."""
    figures = []
    for _ in range(rounds):
        request = ExportTraceServiceRequest.FromString(BODY)
        start = time.process_time_ns()
        work(request)
        figures.append((time.process_time_ns() - start) / SPANS / 1000)
    return statistics.median(figures)


def a_flow(name: str, settings: dict[str, Any]) -> Flow:
    pipeline = Pipeline("traces", ("otlp",), (name,), ("store",))
    return Flow(Plan((pipeline,), {name: Component(name, settings)}))


def plain(_request: Any) -> None:
    export = Export(body=BODY, encoding=Encoding.PROTOBUF, received_ns=1)
    for span in decode(export, default_project=PROJECT).spans:
        translate(span)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    tune_allocator()
    baseline = measured(plain, rounds)
    print(f"{'decode and translate':40} {baseline:8.1f} µs a span")
    for title, (name, settings) in CASES.items():
        flow = a_flow(name, settings)
        cost = measured(lambda request, flow=flow: flow.spans("otlp", request, lambda _each: PROJECT), rounds)
        print(f"{title:40} {cost:8.1f} µs a span  {cost / baseline:5.2f} of it")


BODY = bodies("protobuf", SPANS, SPANS)[0].body

if __name__ == "__main__":
    main()
