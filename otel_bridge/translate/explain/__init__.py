"""Why a call is what it is: which attribute became which field, by which rule, and what was left.

It asks the lookup that translates (`lookup.Found`, `listen.Listener`), so that it cannot tell another story.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans

from otel_bridge.model.call import CompletedCall
from otel_bridge.translate.calls import announces, translate
from otel_bridge.translate.explain import own
from otel_bridge.translate.explain.advice import advise
from otel_bridge.translate.explain.block import silent, trees
from otel_bridge.translate.explain.choose import PAYLOADS, Chooser
from otel_bridge.translate.explain.leftovers import leftovers
from otel_bridge.translate.explain.report import Advice, Explanation, Field, Left, Lost, Said
from otel_bridge.translate.listen import Listener
from otel_bridge.translate.lookup import look_up
from otel_bridge.translate.options import DEFAULT
from otel_bridge.translate.values import flatten

if TYPE_CHECKING:
    from otel_bridge.model.span import Attributes, Span
    from otel_bridge.translate.options import Options

__all__ = ["Advice", "Explanation", "Field", "Left", "Lost", "Said", "explain"]


def explain(span: Span, options: Options = DEFAULT) -> Explanation:
    """Return how the span becomes its call: every field that has a value is what `translate` makes of it."""
    found, listener = look_up(span.attributes), Listener(span)
    chooser = Chooser(span.attributes, found, listener)
    call = translate(span, options)
    start, end = (call.start, call.end) if isinstance(call, CompletedCall) else (call, None)
    resource = _resource(span)
    mapped = trees(span.attributes, found, chooser, options)
    inner = sorted((*mapped.fields, *silent(chooser)), key=lambda field: field.path[0] not in PAYLOADS)
    shown = [field for field in inner if end is not None or field.path[0] not in {"output", "summary"}]
    fields = (
        *own.identity(span, start, resource),
        *own.names(span, start, chooser),
        *own.times(span, start, end, chooser),
        *own.thread(span, start, chooser, options),
        *shown,
        *(own.outcome(span, end, found, chooser) if end is not None else ()),
    )
    scope = _scope(span)
    return Explanation(
        project_id=start.project_id,
        id=start.id,
        trace_id=start.trace_id,
        span_name=span.name,
        scope=" ".join(part for part in (scope.name, scope.version) if part),
        service=str(resource.get("service.name", "")),
        becomes="nothing" if announces(span) else "start" if end is None else "call",
        shows_all=mapped.shows_all,
        fields=fields,
        left=tuple(leftovers(span, fields, listener, resource)),
        advice=tuple(advise(span, scope.name, fields)),
    )


def _resource(span: Span) -> Attributes:
    return flatten(ResourceSpans.FromString(span.origin.resource_wire).resource.attributes, {})


def _scope(span: Span) -> Any:
    return ScopeSpans.FromString(span.origin.scope_wire).scope
