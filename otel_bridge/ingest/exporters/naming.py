"""Spans in a file must tell their project: a header that gave it is not there any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans

from otel_bridge.receiver.decode.project import ENTITY_KEY, PROJECT_KEY, project_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from otel_bridge.model.span import Origin, Span


def naming_projects(spans: Sequence[Span], default_project: str | None) -> Sequence[Span]:
    """Return the spans; resources that do not name the project of theirs name it, but for the default one."""
    named = {
        id(origin): _naming(origin, default_project)
        for origin in {id(s.origin): s.origin for s in spans}.values()
    }
    if all(origin is None for origin in named.values()):
        return spans
    return [replace(span, origin=named[id(span.origin)] or span.origin) for span in spans]


def _naming(origin: Origin, default_project: str | None) -> Origin | None:
    """Return where spans come from, naming their project; None: nothing needs to be named."""
    if origin.project_id == default_project:
        return None
    if project_of(ResourceSpans.FromString(origin.resource_wire), None)[0] is not None:
        return None
    more = ResourceSpans()
    entity, _, project = origin.project_id.partition("/")
    for key, text in ((ENTITY_KEY, entity), (PROJECT_KEY, project)):
        more.resource.attributes.add(key=key).value.string_value = text
    # A message that is there twice is one with the fields of both.
    return replace(origin, resource_wire=origin.resource_wire + more.SerializeToString())
