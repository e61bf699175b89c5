"""Answers with status 200: full and partial success, in the request's encoding (`otlp-receiver.md` §3)."""

from __future__ import annotations

from typing import Final

import orjson
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceResponse,
)

from otel_bridge.receiver.base import Encoding
from otel_bridge.receiver.signals import TRACES, Signal

MAX_BYTES: Final = 16 * 1024
"""Far below the 64 KiB that the collector's exporter reads."""

_FULL: Final = {Encoding.PROTOBUF: b"", Encoding.JSON: b"{}"}
_CUT_CHARS: Final = 2_000
"""What is left of a message that would make the answer too long, however it is escaped."""


def encode_success(rejected: int, message: str, encoding: Encoding, signal: Signal = TRACES) -> bytes:
    """Write the export response: empty when everything was kept, else how many items were not, and why.

    A message without rejects is a warning. The three signals' responses differ in JSON names only.
    """
    if not rejected and not message:
        return _FULL[encoding]
    body = _encode(rejected, message, encoding, signal)
    return body if len(body) <= MAX_BYTES else _encode(rejected, message[:_CUT_CHARS], encoding, signal)


def _encode(rejected: int, message: str, encoding: Encoding, signal: Signal) -> bytes:
    if encoding is Encoding.PROTOBUF:
        partial = ExportTracePartialSuccess(rejected_spans=rejected, error_message=message)
        return bytes(ExportTraceServiceResponse(partial_success=partial).SerializeToString())
    members = {signal.rejected: str(rejected)} if rejected else {}
    return orjson.dumps({"partialSuccess": members | {"errorMessage": message}})
