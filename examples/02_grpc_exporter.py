"""The same over OTLP/gRPC, with a project named by the program and an operation that fails.

Needs `pip install opentelemetry-sdk opentelemetry-exporter-otlp-proto-grpc` and a running `otel-bridge run`.
Settings: OTEL_EXPORTER_OTLP_ENDPOINT (default http://localhost:4317),
    OTEL_BRIDGE_API (default 127.0.0.1:6345).
"""

import contextlib
import json
import os
import urllib.request

from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

API = "http://" + os.environ.get("OTEL_BRIDGE_API", "127.0.0.1:6345")
ENTITY, PROJECT = "examples", "warehouse"


def read_call(call_id: str) -> dict:
    """Ask the bridge for one call."""
    body = json.dumps({"project_id": f"{ENTITY}/{PROJECT}", "id": call_id}).encode()
    request = urllib.request.Request(f"{API}/call/read", data=body)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)["call"]


def main() -> None:
    resource = Resource.create(
        {"service.name": "warehouse", "wandb.entity": ENTITY, "wandb.project": PROJECT}
    )
    provider = TracerProvider(resource=resource)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    tracer = provider.get_tracer("examples.grpc")

    with contextlib.suppress(LookupError), tracer.start_as_current_span("reserve stock") as span:
        span.set_attribute("sku", "A-113")
        raise LookupError("no stock left for A-113")
    provider.shutdown()  # sends what is left

    call = read_call(f"{span.get_span_context().span_id:016x}")
    print(f"{call['op_name']} is {call['summary']['weave']['status']}")
    print(call["exception"].splitlines()[0])


if __name__ == "__main__":
    main()
