"""Spans in files: OTLP `TracesData` in protobuf, or as JSON, one a line.

A protobuf file is one message, however long: its `resource_spans` stand one after the other, so a file is
written and read piece by piece, and files may be joined.
"""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any, Final, TypeAlias

import msgspec

from otel_bridge.commands.failing import CommandFailed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MAX_MESSAGE_BYTES: Final = 64 << 20
"""As much as a bridge takes in one request."""
_Members: TypeAlias = dict[str, msgspec.Raw]
_RESOURCE_SPANS: Final = 0x0A
"""Field 1, a length and its bytes (`opentelemetry/proto/trace/v1/trace.proto`)."""


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


def check_start(head: bytes) -> None:
    """Refuse what cannot be the start of a `TracesData` message."""
    if head and head[0] != _RESOURCE_SPANS:
        raise CommandFailed("the file is not OTLP traces in protobuf")


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
    """Write a `TracesData` message as OTLP/JSON, one line."""
    from opentelemetry.proto.trace.v1.trace_pb2 import TracesData  # noqa: PLC0415 - only for JSON

    from otel_bridge.translate.otlp_json import document  # noqa: PLC0415 - as above

    return document(TracesData.FromString(message))


def is_json(text: bytes) -> bool:
    """Tell whether a text is one JSON object."""
    try:
        msgspec.json.decode(text, type=dict[str, msgspec.Raw])
    except msgspec.DecodeError:
        return False
    return True


def joined(documents: Iterable[bytes]) -> bytes:
    """Put the `resourceSpans` of many documents into one."""
    resources: list[Any] = []
    for document in documents:
        try:
            members = msgspec.json.decode(document, type=_Members)
            resources += _items(members, "resourceSpans", "resource_spans", needed=True)
        except (msgspec.DecodeError, KeyError) as error:
            raise CommandFailed(f"what begins {document[:60]!r} is no OTLP/JSON of traces") from error
    return msgspec.json.encode({"resourceSpans": resources})


def spans_in(body: bytes, encoding: str) -> int:
    """Count the spans of a request, as far as they can be told."""
    if encoding == "protobuf":
        from opentelemetry.proto.trace.v1.trace_pb2 import TracesData  # noqa: PLC0415 - only for spans

        resources = TracesData.FromString(body).resource_spans
        return sum(len(scope.spans) for resource in resources for scope in resource.scope_spans)
    try:
        scopes = [
            msgspec.json.decode(scope, type=_Members)
            for resource in _items(msgspec.json.decode(body, type=_Members), "resourceSpans")
            for scope in _items(msgspec.json.decode(resource, type=_Members), "scopeSpans", "scope_spans")
        ]
        return sum(len(_items(scope, "spans")) for scope in scopes)
    except msgspec.DecodeError:
        return 0


def _items(members: dict[str, msgspec.Raw], *names: str, needed: bool = False) -> list[msgspec.Raw]:
    """Return the list that one of the names has; raise KeyError when it is `needed` and there is none."""
    found = next((members[name] for name in names if name in members), None)
    if found is None and needed:
        raise KeyError(names[0])
    return [] if found is None else msgspec.json.decode(found, type=list[msgspec.Raw])
