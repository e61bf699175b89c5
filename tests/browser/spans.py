"""Spans as the tests of the page send them: plain values in, one OTLP request out."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import orjson

from tests.e2e import client
from tests.fixtures.otlp_spans import a_message, a_request, pairs

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from opentelemetry.proto.trace.v1.trace_pb2 import Span

    from tests.e2e.process import Bridge

NANOS = 1_000_000_000
ERROR = 2
REQUEST_SPANS = 500
PROTOBUF = "application/x-protobuf"


def trace_id(n: int) -> bytes:
    return (0x5EED << 96 | n).to_bytes(16, "big")


def span_id(n: int) -> bytes:
    return (0xB << 60 | n).to_bytes(8, "big")


def a_span(
    name: str,
    *,
    trace: int,
    number: int,
    parent: int | None = None,
    at: float | None = None,
    lasts: float = 1.0,
    **attributes: Any,
) -> Span:
    """A span that starts at `at` (seconds since the epoch; now unless given); `__` in a key means a dot."""
    start = int((time.time() if at is None else at) * NANOS)
    return a_message(
        {key.replace("__", "."): value for key, value in attributes.items()},
        name=name,
        trace_id=trace_id(trace),
        span_id=span_id(number),
        parent_span_id=b"" if parent is None else span_id(parent),
        start_time_unix_nano=start,
        end_time_unix_nano=start + int(lasts * NANOS),
    )


def failed(span: Span, kind: str, message: str, stack: str) -> Span:
    """Say of a span that it ended with an exception, the way the SDKs do."""
    event = span.events.add(name="exception", time_unix_nano=span.end_time_unix_nano)
    said = {"exception.type": kind, "exception.message": message, "exception.stacktrace": stack}
    event.attributes.extend(pairs(said))
    span.status.code, span.status.message = ERROR, message
    return span


def text(role: str, *contents: str, **members: Any) -> dict[str, Any]:
    """One message of the GenAI conventions."""
    return {"role": role, "parts": [{"type": "text", "content": content} for content in contents], **members}


def json_of(value: Any) -> str:
    return orjson.dumps(value).decode()


def send(
    bridge: Bridge, spans: Iterable[Span], *, project: str, resource: Mapping[str, Any] | None = None
) -> None:
    """Export spans over OTLP/HTTP, some hundreds a request; they are readable when this returns."""
    waiting = list(spans)
    for first in range(0, len(waiting), REQUEST_SPANS):
        request = a_request(*waiting[first : first + REQUEST_SPANS], resource=resource)
        post(bridge, request.SerializeToString(), project=project)


def post(
    bridge: Bridge, body: bytes, *, project: str, path: str = "/v1/traces", kind: str = PROTOBUF
) -> None:
    """Post one request of an exporter."""
    status, answer = client.call(f"{bridge.http}{path}", body, Content_Type=kind, project_id=project)
    assert status == 200, answer
