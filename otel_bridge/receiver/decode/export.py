"""An export request becomes spans; a bad span is rejected alone and named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from otel_bridge.model.span import Origin, Span
from otel_bridge.receiver.decode.decoded import Decoded
from otel_bridge.receiver.decode.ids import NO_SPAN_ID, NO_TRACE_ID, SPAN_ID_BYTES, TRACE_ID_BYTES, bad_id
from otel_bridge.receiver.decode.own import set_own_aside
from otel_bridge.receiver.decode.project import fallback, project_of
from otel_bridge.receiver.decode.request import Findings, read_request
from otel_bridge.receiver.signals import TRACES
from otel_bridge.translate.record import resource_wire, scope_wire
from otel_bridge.translate.values import MAX_LEVELS, flatten

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from otel_bridge.receiver.base import Export

    Seen = Callable[[bytes, bytes, Sequence[Any]], None]
    """Takes note of a `ScopeSpans`: resource and scope as in `model.span.Origin`, and its spans."""

NESTED_TOO_DEEP: Final = (
    f"attribute values nested deeper than {MAX_LEVELS} levels are cut in the call (the stored span is whole)"
)
BAD_PARENT: Final = "spans whose parent_span_id is malformed or their own span_id were taken as roots"


def decode(export: Export, *, default_project: str | None, seen: Seen | None = None) -> Decoded:
    """Return the request's spans, each with its project; raise InvalidRequest when it makes no sense.

    `seen` is told of each `ScopeSpans` that was taken.
    """
    work = Work(seen)
    project = fallback(export, default_project)
    request = read_request(export, work)
    set_own_aside(request, export, work)
    for resource_spans in request.resource_spans:
        if not resource_spans.scope_spans:
            continue  # an empty envelope
        take_resource(resource_spans, export, project, work)
    return work.decoded()


class Work(Findings):
    """What has been found so far, and the spans."""

    def __init__(self, seen: Seen | None = None) -> None:
        super().__init__()
        self.spans: list[Span] = []
        self.seen = seen

    def decoded(self, accepted: int | None = None) -> Decoded:
        """Return what was found; `accepted` where the spans are somewhere else."""
        if self.counts.get("nested_too_deep"):
            self.warnings.append(NESTED_TOO_DEEP)
        if self.counts.get("bad_parent_ids"):
            self.warnings.append(BAD_PARENT)
        self.warn_of_snake_case(TRACES, len(self.spans) if accepted is None else accepted)
        return Decoded(
            spans=self.spans,
            rejected=self.rejected,
            reasons=self.reasons,
            warnings=self.warnings,
            counts=self.counts,
        )


def take_resource(resource_spans: Any, export: Export, otherwise: str | None, work: Work) -> None:
    """Read the spans of a `ResourceSpans`, or reject them when they belong to no project."""
    project, reason = project_of(resource_spans, otherwise, export.projects)
    if project is None:
        count = sum(len(scope_spans.spans) for scope_spans in resource_spans.scope_spans)
        work.reject_homeless(count, TRACES, reason)
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
        work.repeat(len(wire) + len(origin.scope_wire), len(scope_spans.spans))
        if work.seen is not None:
            work.seen(wire, origin.scope_wire, scope_spans.spans)
        _take_spans(scope_spans.spans, origin, work)


def has_bad_id(trace_id: bytes, span_id: bytes) -> bool:
    """Tell whether a span with these ids is no valid one."""
    return (
        len(trace_id) != TRACE_ID_BYTES
        or len(span_id) != SPAN_ID_BYTES
        or trace_id == NO_TRACE_ID
        or span_id == NO_SPAN_ID
    )


def _take_spans(messages: Iterable[Any], origin: Origin, work: Work) -> None:
    spans, counts = work.spans, work.counts
    for message in messages:
        trace_id, span_id, parent_id = message.trace_id, message.span_id, message.parent_span_id
        if has_bad_id(trace_id, span_id):
            work.reject(1, bad_id(message, TRACES, message.name))
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
