"""An export request becomes spans; a bad span is rejected alone and named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from otel_bridge.errors import InvalidRequest
from otel_bridge.model.span import Origin, Span
from otel_bridge.receiver.base import Encoding
from otel_bridge.receiver.decode import otlp_json
from otel_bridge.receiver.decode.decoded import Decoded
from otel_bridge.receiver.decode.envelopes import check_wire
from otel_bridge.receiver.decode.project import fallback, project_of, shown
from otel_bridge.receiver.decode.scalars import NOT_HEX
from otel_bridge.receiver.decode.writers import TOO_DEEP
from otel_bridge.translate.record import resource_wire, scope_wire
from otel_bridge.translate.values import MAX_LEVELS, flatten

if TYPE_CHECKING:
    from collections.abc import Iterable

    from otel_bridge.receiver.base import Export

TRACE_ID_BYTES: Final = 16
SPAN_ID_BYTES: Final = 8
NO_TRACE_ID: Final = bytes(TRACE_ID_BYTES)
NO_SPAN_ID: Final = bytes(SPAN_ID_BYTES)

MAX_KEPT_REASONS: Final = 1_000
"""Only the first few are told to anyone."""

NESTED_TOO_DEEP: Final = (
    f"attribute values nested deeper than {MAX_LEVELS} levels are cut in the call (the stored span is whole)"
)
BAD_PARENT: Final = "spans whose parent_span_id is malformed or their own span_id were taken as roots"


def decode(export: Export, *, default_project: str | None) -> Decoded:
    """Return the request's spans, each with its project; raise InvalidRequest when it makes no sense."""
    work = _Work()
    project = fallback(export, default_project)
    request = _request(export, work)
    for resource_spans in request.resource_spans:
        if not resource_spans.scope_spans:
            continue  # an empty envelope
        _take_resource(resource_spans, export, project, work)
    return work.decoded()


class _Work:
    """What has been found so far."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.reasons: list[str] = []
        self.warnings: list[str] = []
        self.counts: dict[str, int] = {}
        self.rejected = 0

    def decoded(self) -> Decoded:
        if self.counts.get("nested_too_deep"):
            self.warnings.append(NESTED_TOO_DEEP)
        if self.counts.get("bad_parent_ids"):
            self.warnings.append(BAD_PARENT)
        if self.counts.get("json_snake_case") and not self.spans and not self.rejected:
            self.warnings.append(otlp_json.SNAKE_CASE)
        return Decoded(
            spans=self.spans,
            rejected=self.rejected,
            reasons=self.reasons,
            warnings=self.warnings,
            counts=self.counts,
        )


def _request(export: Export, work: _Work) -> Any:
    body = export.body
    if export.encoding is Encoding.JSON:
        body = otlp_json.to_protobuf(body, work.counts, work.warnings)
    else:
        check_wire(body)
    try:
        return ExportTraceServiceRequest.FromString(body)
    except DecodeError:
        raise InvalidRequest(_undecodable(export.encoding)) from None


def _undecodable(encoding: Encoding) -> str:
    if encoding is Encoding.JSON:
        return TOO_DEEP
    return (
        "the body is not a protobuf ExportTraceServiceRequest: "
        "it is cut off, holds text that is not UTF-8, or nests deeper than 100 messages"
    )


def _take_resource(resource_spans: Any, export: Export, otherwise: str | None, work: _Work) -> None:
    project, reason = project_of(resource_spans, otherwise)
    if project is None:
        count = sum(len(scope_spans.spans) for scope_spans in resource_spans.scope_spans)
        if count:
            work.rejected += count
            work.reasons.append(f"{count} span{'s' * (count != 1)} rejected: {reason}")
        return
    wire = resource_wire(resource_spans)
    for scope_spans in resource_spans.scope_spans:
        origin = Origin(
            project_id=project,
            received_ns=export.received_ns,
            wb_run_id=export.wb_run_id,
            resource_wire=wire,
            scope_wire=scope_wire(scope_spans),
        )
        _take_spans(scope_spans.spans, origin, work)


def _take_spans(messages: Iterable[Any], origin: Origin, work: _Work) -> None:
    spans, counts = work.spans, work.counts
    for message in messages:
        trace_id, span_id, parent_id = message.trace_id, message.span_id, message.parent_span_id
        if (
            len(trace_id) != TRACE_ID_BYTES
            or len(span_id) != SPAN_ID_BYTES
            or trace_id == NO_TRACE_ID
            or span_id == NO_SPAN_ID
        ):
            work.rejected += 1
            if len(work.reasons) < MAX_KEPT_REASONS:
                work.reasons.append(_bad_id(message))
            continue
        if len(parent_id) != SPAN_ID_BYTES or parent_id in {NO_SPAN_ID, span_id}:
            if parent_id not in {b"", NO_SPAN_ID}:
                counts["bad_parent_ids"] = counts.get("bad_parent_ids", 0) + 1
            parent_id = b""
        spans.append(
            Span(
                origin=origin,
                message=message,
                attributes=flatten(message.attributes, counts),
                id=span_id.hex(),
                trace_id=trace_id.hex(),
                name=message.name,
                start_ns=message.start_time_unix_nano,
                end_ns=message.end_time_unix_nano,
                parent_id=parent_id.hex() or None,
            )
        )


def _bad_id(message: Any) -> str:
    faults = [
        fault
        for field, value, size in (
            ("trace_id", message.trace_id, TRACE_ID_BYTES),
            ("span_id", message.span_id, SPAN_ID_BYTES),
        )
        if (fault := _fault(field, value, size))
    ]
    return f"span {shown(message.name)} rejected: {', '.join(faults)}"


def _fault(field: str, value: bytes, size: int) -> str:
    if value.startswith(NOT_HEX):
        return f"{field} is not hexadecimal"
    if not value:
        return f"{field} is missing"
    if len(value) != size:
        return f"{field} has {len(value)} byte{'s' * (len(value) != 1)}, not {size}"
    return "" if any(value) else f"{field} is all zeros"
