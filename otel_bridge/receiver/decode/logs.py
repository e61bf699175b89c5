"""An export request becomes the log records of spans; a record that belongs to no span is rejected alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

from google.protobuf.unknown_fields import UnknownFieldSet

from otel_bridge.model.call import LoggedSpan
from otel_bridge.receiver.decode.decoded import DecodedLogs
from otel_bridge.receiver.decode.ids import NO_SPAN_ID, NO_TRACE_ID, SPAN_ID_BYTES, TRACE_ID_BYTES, bad_id
from otel_bridge.receiver.decode.project import fallback, project_of
from otel_bridge.receiver.decode.request import Findings, read_request
from otel_bridge.receiver.signals import LOGS
from otel_bridge.translate.wire import tag, varint

if TYPE_CHECKING:
    from collections.abc import Callable

    from otel_bridge.receiver.base import Export

WITHOUT_SPAN: Final = "log records without a trace id and span id belong to no span and are not kept"

_LENGTH_DELIMITED: Final = 2
_RESOURCE_LOGS: Final = tag(1, _LENGTH_DELIMITED)  # LogsData.resource_logs
_SCOPE_LOGS: Final = tag(2, _LENGTH_DELIMITED)  # ResourceLogs.scope_logs
_LOG_RECORDS: Final = tag(2, _LENGTH_DELIMITED)  # ScopeLogs.log_records

LeadLogs: TypeAlias = "Callable[[Any, Callable[[Any], str | None]], Any]"


def _as_it_is(request: Any, _project: Callable[[Any], str | None]) -> Any:
    return request


Key: TypeAlias = tuple[str, bytes, bytes]
"""Project, trace id and span id."""


class _Origin:
    """The resource and the scope that records share: the envelopes' other fields, as protobuf."""

    __slots__ = ("resource_wire", "scope_wire")

    def __init__(self, resource_wire: bytes, scope_wire: bytes) -> None:
        self.resource_wire = resource_wire
        self.scope_wire = scope_wire

    def around(self, records: list[bytes]) -> bytes:
        """Write the `LogsData` of these records; one behind the other, two of them are one message too."""
        inner = _framed(_SCOPE_LOGS, self.scope_wire, *records)
        return b"".join(_framed(_RESOURCE_LOGS, self.resource_wire, *inner))


class _Logged:
    """The records of one span, in the order they came."""

    __slots__ = ("_done", "_origin", "_records")

    def __init__(self) -> None:
        self._done: list[bytes] = []
        self._origin: _Origin | None = None
        self._records: list[bytes] = []

    def add(self, record: bytes, origin: _Origin) -> None:
        if origin is not self._origin:
            self._close()
            self._origin = origin
        self._records += (_LOG_RECORDS, varint(len(record)), record)

    def wire(self) -> bytes:
        self._close()
        return b"".join(self._done)

    def _close(self) -> None:
        if self._origin is not None and self._records:
            self._done.append(self._origin.around(self._records))
            self._records = []


def decode_logs(export: Export, *, default_project: str | None, lead: LeadLogs = _as_it_is) -> DecodedLogs:
    """Return the request's records by span, each with its project and as whole as it came.

    `lead` may change the request and drop of it; it gets it with what tells the project of a `ResourceLogs`.
    Raise InvalidRequest when the request makes no sense.
    """
    found = Findings()
    project = fallback(export, default_project)
    request = read_request(export, found)
    total = _count(request)
    request = lead(request, lambda each: project_of(each, project)[0])
    spans: dict[Key, _Logged] = {}
    for resource_logs in request.resource_logs:
        _take_resource(resource_logs, project, export.projects, spans, found)
    accepted = total - found.rejected
    found.warn_of_snake_case(LOGS, accepted)
    return DecodedLogs(
        spans=[
            LoggedSpan(project_id=project_id, trace_id=trace_id.hex(), id=span_id.hex(), logs=logged.wire())
            for (project_id, trace_id, span_id), logged in spans.items()
        ],
        accepted=accepted,
        rejected=found.rejected,
        reasons=found.reasons,
        warnings=found.warnings,
        counts=found.counts,
    )


def _count(request: Any) -> int:
    return sum(len(scope.log_records) for part in request.resource_logs for scope in part.scope_logs)


def _take_resource(
    resource_logs: Any,
    otherwise: str | None,
    allowed: tuple[str, ...] | None,
    spans: dict[Key, _Logged],
    found: Findings,
) -> None:
    if not resource_logs.scope_logs:
        return  # an empty envelope
    project, reason = project_of(resource_logs, otherwise, allowed)
    if project is None:
        count = sum(len(scope_logs.log_records) for scope_logs in resource_logs.scope_logs)
        found.reject_homeless(count, LOGS, reason)
        return
    resource_wire = _shell(resource_logs, "resource", "scope_logs")
    for scope_logs in resource_logs.scope_logs:
        origin = _Origin(resource_wire, _shell(scope_logs, "scope", "log_records"))
        found.repeat(len(resource_wire) + len(origin.scope_wire), len(scope_logs.log_records))
        _take_records(scope_logs.log_records, project, origin, spans, found)


def _take_records(
    records: Any, project: str, origin: _Origin, spans: dict[Key, _Logged], found: Findings
) -> None:
    without_span = 0
    for record in records:
        trace_id, span_id = record.trace_id, record.span_id
        if trace_id in {b"", NO_TRACE_ID} or span_id in {b"", NO_SPAN_ID}:
            without_span += 1
            continue
        if len(trace_id) != TRACE_ID_BYTES or len(span_id) != SPAN_ID_BYTES:
            found.reject(1, bad_id(record, LOGS, record.event_name or record.severity_text))
            continue
        key = (project, trace_id, span_id)
        logged = spans.get(key)
        if logged is None:
            logged = spans[key] = _Logged()
        logged.add(record.SerializeToString(), origin)
    if without_span:
        found.reject(without_span, WITHOUT_SPAN)


def _framed(head: bytes, *parts: bytes) -> tuple[bytes, ...]:
    return head, varint(sum(map(len, parts))), *parts


def _shell(message: Any, inner: str, contents: str) -> bytes:
    """Serialise a `ResourceLogs` or `ScopeLogs` without its `contents`."""
    if UnknownFieldSet(message):
        shell = type(message)()
        shell.CopyFrom(message)
        shell.ClearField(contents)
    else:
        shell = type(message)(schema_url=message.schema_url)
        if message.HasField(inner):
            getattr(shell, inner).CopyFrom(getattr(message, inner))
    wire: bytes = shell.SerializeToString()
    return wire
