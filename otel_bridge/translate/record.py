"""The stored form of a span: an OTLP `TracesData` message with its resource, its scope and nothing else.

Resource and scope are serialised once per `ScopeSpans`; a record is bytes joined around the span's own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from google.protobuf.unknown_fields import UnknownFieldSet
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans

from otel_bridge.translate.wire import LOW_BITS, after_field, varint

if TYPE_CHECKING:
    from otel_bridge.model.span import Span

RESOURCE_SPANS: Final = b"\x0a"  # TracesData.resource_spans
SCOPE_SPANS: Final = b"\x12"  # ResourceSpans.scope_spans
SPANS: Final = b"\x12"  # ScopeSpans.spans


def pack(span: Span) -> bytes:
    """Return the whole span as it was sent, unknown fields too."""
    raw = span.message.SerializeToString()
    head = SPANS + varint(len(raw))
    origin = span.origin
    scope_wire, resource_wire = origin.scope_wire, origin.resource_wire
    inner = len(scope_wire) + len(head) + len(raw)
    scope_head = SCOPE_SPANS + varint(inner)
    outer = len(resource_wire) + len(scope_head) + inner
    return b"".join(
        (RESOURCE_SPANS, varint(outer), resource_wire, scope_head, scope_wire, head, raw)
    )  # fmt: skip


class Unpacked(NamedTuple):
    """The parts of a record: as in `model.span.Origin`, and the span's own bytes."""

    resource_wire: bytes
    scope_wire: bytes
    span: bytes


def unpack(record: bytes) -> Unpacked:
    """Cut a record into its parts without parsing them."""
    start = _contents(record, 0)
    inner = _find(record, start, SCOPE_SPANS)
    inner_start = _contents(record, inner)
    span = _find(record, inner_start, SPANS)
    return Unpacked(record[start:inner], record[inner_start:span], record[_contents(record, span) :])


def _contents(wire: bytes, at: int) -> int:
    """Return where the contents of the length-delimited field at `at` begin."""
    at += 1
    while wire[at] > LOW_BITS:
        at += 1
    return at + 1


def _find(wire: bytes, at: int, field: bytes) -> int:
    """Return where the last field begins, skipping the fields before it."""
    while wire[at] != field[0]:
        at = after_field(wire, at)
    return at


def resource_wire(resource_spans: Any) -> bytes:
    """Serialise a `ResourceSpans` without its scopes."""
    if UnknownFieldSet(resource_spans):
        return _without(resource_spans, ResourceSpans(), "scope_spans")
    shell = ResourceSpans(schema_url=resource_spans.schema_url)
    if resource_spans.HasField("resource"):
        shell.resource.CopyFrom(resource_spans.resource)
    wire: bytes = shell.SerializeToString()
    return wire


def scope_wire(scope_spans: Any) -> bytes:
    """Serialise a `ScopeSpans` without its spans."""
    if UnknownFieldSet(scope_spans):
        return _without(scope_spans, ScopeSpans(), "spans")
    shell = ScopeSpans(schema_url=scope_spans.schema_url)
    if scope_spans.HasField("scope"):
        shell.scope.CopyFrom(scope_spans.scope)
    wire: bytes = shell.SerializeToString()
    return wire


def _without(message: Any, shell: Any, field: str) -> bytes:
    shell.CopyFrom(message)
    shell.ClearField(field)
    wire: bytes = shell.SerializeToString()
    return wire
