"""Spans in files: OTLP `TracesData` in protobuf, or as JSON, one a line.

A protobuf file is one message, however long: its `resource_spans` stand one after the other, so a file is
written and read piece by piece, and files may be joined.
"""

from __future__ import annotations

import base64
from typing import IO, TYPE_CHECKING, Any, Final

import msgspec

from otel_bridge.commands.failing import CommandFailed

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_MESSAGE_BYTES: Final = 64 << 20
"""As much as a bridge takes in one request."""
_RESOURCE_SPANS: Final = 0x0A
"""Field 1, a length and its bytes (`opentelemetry/proto/trace/v1/trace.proto`)."""
_IDS: Final = ("traceId", "spanId", "parentSpanId")


def messages(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Yield `TracesData` messages of one `resource_spans` each, from pieces cut anywhere."""
    buffer = bytearray()
    for piece in pieces:
        buffer += piece
        position = 0
        while (end := _end(buffer, position)) is not None:
            yield bytes(buffer[position:end])
            position = end
        del buffer[:position]
    if buffer:
        raise CommandFailed("the file ends amid a span")


def pieces(file: IO[bytes], size: int = 1 << 20) -> Iterator[bytes]:
    """Read a file to its end."""
    while piece := file.read(size):
        yield piece


def _end(buffer: bytearray, at: int) -> int | None:
    """Return where the message at a position ends; None when that is still to come."""
    if at >= len(buffer):
        return None
    if buffer[at] != _RESOURCE_SPANS:
        raise CommandFailed("the file is not OTLP traces in protobuf")
    length = shift = 0
    for position in range(at + 1, len(buffer)):
        length |= (buffer[position] & 0x7F) << shift
        if length > MAX_MESSAGE_BYTES:
            raise CommandFailed("the file is not OTLP traces in protobuf, or a span is too large")
        if not buffer[position] & 0x80:
            end = position + 1 + length
            return end if end <= len(buffer) else None
        shift += 7
    return None


def to_json(message: bytes) -> bytes:
    """Write a `TracesData` message as OTLP/JSON: ids in hexadecimal digits, enums as numbers, one line."""
    from google.protobuf.json_format import MessageToDict  # noqa: PLC0415 - only for JSON
    from opentelemetry.proto.trace.v1.trace_pb2 import TracesData  # noqa: PLC0415 - as above

    document = MessageToDict(TracesData.FromString(message), use_integers_for_enums=True)
    for resource in document.get("resourceSpans", ()):
        for scope in resource.get("scopeSpans", ()):
            for span in scope.get("spans", ()):
                _hexadecimal(span)
    return msgspec.json.encode(document)


def _hexadecimal(span: dict[str, Any]) -> None:
    for holder in (span, *span.get("links", ())):
        for name in _IDS:
            if name in holder:
                holder[name] = base64.b64decode(holder[name]).hex()
