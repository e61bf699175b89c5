"""A trace over OTLP/HTTP with the stock OpenTelemetry SDK, read back as calls.

Needs `pip install opentelemetry-sdk opentelemetry-exporter-otlp-proto-http` and a running `otel-bridge run`.
Settings: OTEL_EXPORTER_OTLP_ENDPOINT (default http://localhost:4318),
    OTEL_BRIDGE_API (default 127.0.0.1:6345).
"""

import json
import os
import urllib.request

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

API = "http://" + os.environ.get("OTEL_BRIDGE_API", "127.0.0.1:6345")
PROJECT = "local/default"  # where spans go that name no project


def calls_of(trace_id: str) -> list[dict]:
    """Ask the bridge for the calls of one trace, oldest first."""
    query = {"project_id": PROJECT, "filter": {"trace_ids": [trace_id]}}
    request = urllib.request.Request(f"{API}/calls/stream_query", data=json.dumps(query).encode())
    with urllib.request.urlopen(request, timeout=10) as answer:
        return [json.loads(line) for line in answer]


def main() -> None:
    provider = TracerProvider(resource=Resource.create({"service.name": "checkout"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    tracer = provider.get_tracer("examples.http")

    with tracer.start_as_current_span("place order") as order:
        order.set_attribute("order.items", 3)
        with tracer.start_as_current_span("charge card", kind=trace.SpanKind.CLIENT) as charge:
            charge.set_attribute("payment.amount", 42.5)
    provider.shutdown()  # sends what is left

    trace_id = f"{order.get_span_context().trace_id:032x}"
    for call in calls_of(trace_id):
        took = call["summary"]["weave"]["latency_ms"]
        print(f"{call['op_name']:<12} id={call['id']} parent={call['parent_id']} {took} ms")
    print(f"The trace {trace_id} is kept; every line above is a call at {API}.")


if __name__ == "__main__":
    main()
