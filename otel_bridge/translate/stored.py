"""What a store keeps of a span, read back: its record and its log records become the span they were.

Log records lie as one OTLP `LogsData` message. Each record of it stands alone, with its resource and its
scope beside it: so records can be told apart and joined as bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson
from google.protobuf.message import DecodeError
from opentelemetry.proto.logs.v1.logs_pb2 import LogsData, ResourceLogs, ScopeLogs
from opentelemetry.proto.trace.v1.trace_pb2 import Span as Message

from otel_bridge.model.span import Origin, Span
from otel_bridge.translate.record import unpack
from otel_bridge.translate.tree import unflatten
from otel_bridge.translate.values import flatten, read
from otel_bridge.translate.wire import varint

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

TRACE_ID_BYTES: Final = 16
SPAN_ID_BYTES: Final = 8

RESOURCE_LOGS: Final = b"\x0a"  # LogsData.resource_logs
SCOPE_LOGS: Final = b"\x12"  # ResourceLogs.scope_logs
LOG_RECORDS: Final = b"\x12"  # ScopeLogs.log_records

_NO_SPAN_ID: Final = bytes(SPAN_ID_BYTES)


class UnreadableRecord(Exception):
    """What is stored is no span, or are no log records."""


def read_span(
    record: bytes, logs: bytes | None, *, project_id: str, wb_run_id: str | None, received_ns: int
) -> Span:
    """Return the span of a record (`record.pack`), with its log records; raise UnreadableRecord.

    What the record does not hold is as in `model.span.Origin`: translated again, the span gives its call.
    """
    try:
        resource_wire, scope_wire, raw = unpack(record)
        message = Message.FromString(raw)
    except (IndexError, ValueError, DecodeError) as error:
        raise UnreadableRecord(str(error)) from error
    if len(message.trace_id) != TRACE_ID_BYTES or len(message.span_id) != SPAN_ID_BYTES:
        raise UnreadableRecord("the span has no ids")
    origin = Origin(
        project_id=project_id,
        received_ns=received_ns,
        wb_run_id=wb_run_id,
        resource_wire=resource_wire,
        scope_wire=scope_wire,
    )
    return span_of(message, origin, read_logs(logs) if logs else ())


def span_of(message: Any, origin: Origin, logs: tuple[Any, ...] = ()) -> Span:
    """Return the span of a message that was accepted once."""
    span_id, parent_id = message.span_id, message.parent_span_id
    if len(parent_id) != SPAN_ID_BYTES or parent_id in {_NO_SPAN_ID, span_id}:
        parent_id = b""  # a root, as when it came
    return Span(
        origin=origin,
        message=message,
        attributes=flatten(message.attributes, {}),
        id=span_id.hex(),
        trace_id=message.trace_id.hex(),
        name=message.name,
        start_ns=message.start_time_unix_nano,
        end_ns=message.end_time_unix_nano,
        parent_id=parent_id.hex() or None,
        logs=logs,
    )


def read_logs(logs: bytes) -> tuple[Any, ...]:
    """Return the `LogRecord`s of a `LogsData` in the order of their times; raise UnreadableRecord.

    Batches of one program overtake each other on their way: times do not. Records of one time, and those
    without any, stay in the order they came.
    """
    return tuple(sorted((record for _, _, record in _records(logs)), key=_instant))


def split_logs(logs: bytes) -> list[bytes]:
    """Cut a `LogsData` into one for each record; joined, they say the same. Raise UnreadableRecord."""
    return [_alone(*found) for found in _records(logs)]


def logs_json(records: Iterable[Any]) -> bytes:
    """Return the member `logs` of an `otel_dump`: the records as a JSON list of readable trees."""
    return orjson.dumps([_tree(record) for record in records])


def _tree(record: Any) -> dict[str, Any]:
    return {
        "time_unix_nano": str(record.time_unix_nano),
        "observed_time_unix_nano": str(record.observed_time_unix_nano),
        "event_name": record.event_name,
        "severity_number": record.severity_number,
        "severity_text": record.severity_text,
        "body": read(record.body, 1, {}),
        "attributes": unflatten(flatten(record.attributes, {})),
        "flags": record.flags,
        "dropped_attributes_count": record.dropped_attributes_count,
    }


def _instant(record: Any) -> int:
    nanos: int = record.time_unix_nano or record.observed_time_unix_nano
    return nanos


def _records(logs: bytes) -> Iterator[tuple[bytes, bytes, Any]]:
    """Yield the fields around each record, as bytes, and the record."""
    try:
        parsed = LogsData.FromString(logs)
    except DecodeError as error:
        raise UnreadableRecord(str(error)) from error
    for resource_logs in parsed.resource_logs:
        resource_wire = _shell(resource_logs, ResourceLogs(), "scope_logs")
        for scope_logs in resource_logs.scope_logs:
            scope_wire = _shell(scope_logs, ScopeLogs(), "log_records")
            for record in scope_logs.log_records:
                yield resource_wire, scope_wire, record


def _shell(message: Any, shell: Any, inner: str) -> bytes:
    """Serialise a message without what it is around, unknown fields too."""
    shell.CopyFrom(message)
    shell.ClearField(inner)
    wire: bytes = shell.SerializeToString()
    return wire


def _alone(resource_wire: bytes, scope_wire: bytes, record: Any) -> bytes:
    raw: bytes = record.SerializeToString()
    scope = scope_wire + LOG_RECORDS + varint(len(raw)) + raw
    resource = resource_wire + SCOPE_LOGS + varint(len(scope)) + scope
    return RESOURCE_LOGS + varint(len(resource)) + resource
