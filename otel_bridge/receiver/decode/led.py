"""An export request becomes spans by way of pipelines, which may change it, drop of it and share it out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from otel_bridge.receiver.decode.export import Work, has_bad_id, take_resource
from otel_bridge.receiver.decode.ids import bad_id
from otel_bridge.receiver.decode.own import set_own_aside
from otel_bridge.receiver.decode.project import fallback, project_of
from otel_bridge.receiver.decode.request import read_request
from otel_bridge.receiver.signals import TRACES
from otel_bridge.translate.record import resource_wire, scope_wire

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from otel_bridge.model.span import Span
    from otel_bridge.receiver.base import Export
    from otel_bridge.receiver.decode.decoded import Decoded
    from otel_bridge.receiver.decode.export import Seen

    Lead = Callable[[Any, Callable[[Any], str | None]], Iterable[tuple[Any, frozenset[str]]]]


class Led(Struct, frozen=True):
    """What some exporters get."""

    spans: list[Span]
    exporters: frozenset[str]


class DecodedParts(Struct, frozen=True):
    """What decoding came to. `said` has no spans of its own; `accepted` counts what was not rejected."""

    parts: list[Led]
    accepted: int
    said: Decoded


def decode_led(
    export: Export, *, default_project: str | None, lead: Lead, seen: Seen | None = None
) -> DecodedParts:
    """Lead the request through pipelines and return the spans that come out, each with its project.

    `lead` gets the request, which it may change, and what tells the project of a `ResourceSpans`. A span is
    rejected when it has bad ids, or belongs to no project in one of the parts. Raise InvalidRequest when the
    request makes no sense. `seen` as in `decode`, but of all that came, before it is led.
    """
    work = Work()
    project = fallback(export, default_project)
    request = read_request(export, work)
    set_own_aside(request, export, work)
    count = _set_bad_ids_aside(request, work)
    if seen is not None:
        _tell(request, seen)
    parts: list[Led] = []
    homeless = 0
    for content, exporters in lead(request, lambda each: project_of(each, project)[0]):
        own = Work()
        for resource_spans in content.resource_spans:
            if resource_spans.scope_spans:
                take_resource(resource_spans, export, project, own)
        parts.append(Led(own.spans, exporters))
        homeless = max(homeless, own.rejected)
        work.reasons += own.reasons
        for name, number in own.counts.items():
            work.counts[name] = max(work.counts.get(name, 0), number)
    work.rejected += homeless
    return DecodedParts(parts, count - homeless, work.decoded(count - homeless))


def _tell(request: Any, seen: Seen) -> None:
    """Tell of what came, before anything changes it."""
    for resource_spans in request.resource_spans:
        wire = resource_wire(resource_spans)
        for scope_spans in resource_spans.scope_spans:
            seen(wire, scope_wire(scope_spans), scope_spans.spans)


def _set_bad_ids_aside(request: Any, work: Work) -> int:
    """Take spans with bad ids out of the request; return how many are left."""
    scopes = [scope for resource_spans in request.resource_spans for scope in resource_spans.scope_spans]
    for scope in scopes:
        spans = scope.spans
        for at in reversed(range(len(spans))):
            if has_bad_id(spans[at].trace_id, spans[at].span_id):
                work.reject(1, bad_id(spans[at], TRACES, spans[at].name))
                del spans[at]
    return sum(len(scope.spans) for scope in scopes)
