"""What the end-to-end tests say to a bridge: plain HTTP, no code of the bridge."""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

PROJECT = "local/default"
START_NS = 1_790_000_000_000_000_000


def a_request(count: int, *, text: str = "hello", trace_id: bytes | None = None) -> ExportTraceServiceRequest:
    """An export of `count` spans of one trace with fresh ids."""
    request = ExportTraceServiceRequest()
    resource = request.resource_spans.add()
    resource.resource.attributes.append(KeyValue(key="service.name", value=AnyValue(string_value="e2e")))
    scope = resource.scope_spans.add()
    scope.scope.name = "tests"
    trace = trace_id or os.urandom(16)
    for number in range(count):
        span = scope.spans.add(
            trace_id=trace,
            span_id=os.urandom(8),
            name=f"span {number}",
            start_time_unix_nano=START_NS + number * 1_000_000,
            end_time_unix_nano=START_NS + number * 1_000_000 + 500_000,
        )
        span.attributes.append(KeyValue(key="input.value", value=AnyValue(string_value=text)))
    return request


def span_ids(request: ExportTraceServiceRequest) -> list[str]:
    """The span ids of an export, as hex text."""
    return [s.span_id.hex() for r in request.resource_spans for c in r.scope_spans for s in c.spans]


def call(url: str, body: bytes | None = None, **headers: str) -> tuple[int, bytes]:
    """POST `body` (GET without one); return status and answer."""
    request = urllib.request.Request(
        url, data=body, headers={k if k.islower() else k.replace("_", "-"): v for k, v in headers.items()}
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def export(base: str, request: ExportTraceServiceRequest) -> int:
    """Send an export over OTLP/HTTP; return the status."""
    return call(f"{base}/v1/traces", request.SerializeToString(), Content_Type="application/x-protobuf")[0]


def post(base: str, path: str, body: Any) -> Any:
    """POST JSON to the API; return the parsed answer, lines as a list."""
    status, answer = call(f"{base}{path}", json.dumps(body).encode(), Content_Type="application/json")
    assert status == 200, (status, answer)
    if path.endswith("stream_query"):
        return [json.loads(line) for line in answer.splitlines()]
    return json.loads(answer)


def ids(base: str, project: str = PROJECT) -> list[str]:
    """The ids of every call of a project."""
    query = {"project_id": project, "columns": ["id"]}
    return [line["id"] for line in post(base, "/calls/stream_query", query)]
