"""What records hold, to and from bytes; pure.

Spans lie as one OTLP `TracesData` message with their resources and scopes, each once a record, so that an
export is the records joined. Calls written through the API lie as a msgpack list of tagged changes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from zlib import crc32

import msgspec
from google.protobuf.message import DecodeError
from msgspec import Struct
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from otel_bridge.model.call import (
    Change,
    CompletedCall,
    DeletedCalls,
    EndedCall,
    StartedCall,
    UpdatedCall,
)
from otel_bridge.model.span import Origin, Span
from otel_bridge.queue.base import API_SHARD, SPAN_SHARDS, NewRecord
from otel_bridge.translate.record import RESOURCE_SPANS, SCOPE_SPANS, SPANS, resource_wire, scope_wire
from otel_bridge.translate.stored import span_of
from otel_bridge.translate.wire import varint

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from otel_bridge.queue.base import Record

MAX_RECORD_BYTES: Final = 1 << 20
"""A record is closed when it is this large; only a larger span makes a larger record."""
MAX_RECORD_CALLS: Final = 500
"""A record holds no more calls: a batch is made of whole records."""


class UnreadablePayload(Exception):
    """The bytes are not what `pack_spans` or `pack_changes` made."""


class _Tagged(Struct, frozen=True, array_like=True, tag_field="kind"):
    """A change with its name beside it: msgpack has no types."""


class _Start(_Tagged, frozen=True, tag="start"):
    change: StartedCall


class _End(_Tagged, frozen=True, tag="end"):
    change: EndedCall


class _Complete(_Tagged, frozen=True, tag="complete"):
    change: CompletedCall


class _Update(_Tagged, frozen=True, tag="update"):
    change: UpdatedCall


class _Delete(_Tagged, frozen=True, tag="delete"):
    change: DeletedCalls


_TAGS: Final[dict[type, Any]] = {
    StartedCall: _Start,
    EndedCall: _End,
    CompletedCall: _Complete,
    UpdatedCall: _Update,
    DeletedCalls: _Delete,
}
_BARRIERS: Final = (UpdatedCall, DeletedCalls)

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[_Start | _End | _Complete | _Update | _Delete]).decode


def shard_of(trace_id: str) -> int:
    """Return the lane of a trace's spans within its project."""
    return 1 + crc32(trace_id.encode()) % SPAN_SHARDS


def pack_spans(spans: Iterable[Span]) -> bytes:
    """Return the spans as they were sent, unknown fields too: one `TracesData`, in this order."""
    return _joined((span, span.message.SerializeToString()) for span in spans)


def _joined(spans: Iterable[tuple[Span, bytes]]) -> bytes:
    """Make one `TracesData` of spans and their own bytes."""
    parts: list[bytes] = []
    origin: Origin | None = None
    run: list[bytes] = []
    for span, raw in spans:
        if span.origin is not origin:
            parts += _resource_spans(origin, run)
            origin, run = span.origin, []
        run += (SPANS, varint(len(raw)), raw)
    parts += _resource_spans(origin, run)
    return b"".join(parts)


def read_spans(record: Record, project_id: str) -> list[Span]:
    """Return the spans of a record of the kind "spans"; raise UnreadablePayload."""
    try:
        data = TracesData.FromString(record.payload)
    except DecodeError as error:
        raise UnreadablePayload(str(error)) from error
    spans: list[Span] = []
    for resource_spans in data.resource_spans:
        wire = resource_wire(resource_spans)
        for scope_spans in resource_spans.scope_spans:
            origin = Origin(
                project_id=project_id,
                received_ns=record.received_ns,
                wb_run_id=record.wb_run_id,
                resource_wire=wire,
                scope_wire=scope_wire(scope_spans),
            )
            spans += [span_of(message, origin) for message in scope_spans.spans]
    return spans


def pack_changes(changes: Iterable[Change]) -> bytes:
    """Return changes as msgpack; those of log records have no place in a queue."""
    return _encode([_TAGS[type(change)](change) for change in changes])


def read_changes(payload: bytes) -> list[Change]:
    """Return the changes of a record of the kind "calls"; raise UnreadablePayload."""
    try:
        return [tagged.change for tagged in _decode(payload)]
    except msgspec.MsgspecError as error:
        raise UnreadablePayload(str(error)) from error


def is_barrier(payload: bytes) -> bool:
    """Tell whether a record of the kind "calls" must not overtake anything; raise UnreadablePayload."""
    return any(isinstance(change, _BARRIERS) for change in read_changes(payload))


def shard_of_payload(payload: bytes) -> int:
    """Return the lane of a record of the kind "spans", by its first span; raise UnreadablePayload."""
    try:
        data = TracesData.FromString(payload)
    except DecodeError as error:
        raise UnreadablePayload(str(error)) from error
    spans = (span for each in data.resource_spans for scope in each.scope_spans for span in scope.spans)
    return next((shard_of(span.trace_id.hex()) for span in spans), 1)


def span_records(spans: Sequence[Span]) -> list[NewRecord]:
    """Share the spans of one request among the lanes of their projects, in their order."""
    lanes: dict[tuple[str, int], list[Span]] = {}
    for span in spans:
        lanes.setdefault((span.origin.project_id, shard_of(span.trace_id)), []).append(span)
    return [
        NewRecord(
            project_id=project_id,
            shard=shard,
            kind="spans",
            calls=len(some),
            payload=_joined(some),
            received_ns=some[0][0].origin.received_ns,
            wb_run_id=some[0][0].origin.wb_run_id,
        )
        for (project_id, shard), together in lanes.items()
        for some in _pieces(together)
    ]


def change_records(changes: Sequence[Change], received_ns: int) -> list[NewRecord]:
    """Share the changes of one write among its projects, in order; updates and deletions stand alone."""
    records: list[NewRecord] = []
    runs: dict[str, list[Change]] = {}
    for change in changes:
        if isinstance(change, _BARRIERS):
            records += [_calls_record(p, run, received_ns) for p, run in runs.items()]
            runs = {}
            records.append(_calls_record(change.project_id, [change], received_ns, barrier=True))
            continue
        project_id = change.start.project_id if isinstance(change, CompletedCall) else change.project_id
        run = runs.setdefault(project_id, [])
        run.append(change)
        if len(run) >= MAX_RECORD_CALLS:
            records.append(_calls_record(project_id, runs.pop(project_id), received_ns))
    return records + [_calls_record(p, run, received_ns) for p, run in runs.items()]


def _calls_record(
    project_id: str, changes: Sequence[Change], received_ns: int, *, barrier: bool = False
) -> NewRecord:
    return NewRecord(
        project_id=project_id,
        shard=API_SHARD,
        kind="calls",
        calls=len(changes),
        payload=pack_changes(changes),
        received_ns=received_ns,
        barrier=barrier,
    )


def _pieces(spans: Sequence[Span]) -> Iterator[Sequence[tuple[Span, bytes]]]:
    """Cut the spans of a lane, with their own bytes, where a record would grow too large."""
    piece: list[tuple[Span, bytes]] = []
    size = 0
    for span in spans:
        raw = span.message.SerializeToString()
        if piece and (size + len(raw) > MAX_RECORD_BYTES or len(piece) >= MAX_RECORD_CALLS):
            yield piece
            piece, size = [], 0
        piece.append((span, raw))
        size += len(raw)
    yield piece


def _resource_spans(origin: Origin | None, run: Sequence[bytes]) -> tuple[bytes, ...]:
    if origin is None:
        return ()
    inner = len(origin.scope_wire) + sum(map(len, run))
    scope_head = SCOPE_SPANS + varint(inner)
    outer = len(origin.resource_wire) + len(scope_head) + inner
    return (RESOURCE_SPANS, varint(outer), origin.resource_wire, scope_head, origin.scope_wire, *run)
