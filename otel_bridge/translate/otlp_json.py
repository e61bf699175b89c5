"""Spans as OTLP/JSON (`contract/otlp-receiver.md` §7): ids in hexadecimal digits, 64-bit numbers as strings.

The way back is `receiver.decode.otlp_json`. What OTLP does not know (unknown fields) has no place in JSON.
"""

from __future__ import annotations

from base64 import b64encode
from math import isfinite, isnan
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import orjson
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from otel_bridge.model.span import Origin, Span

    Tree: TypeAlias = "dict[str, Any]"

LINE_BYTES: Final = 1 << 20
"""A line ends when it is this long; only a larger span makes a longer one."""


def lines(spans: Iterable[Span]) -> Iterator[bytes]:
    """Yield the spans as documents of one line each, in this order."""
    groups: list[bytes] = []
    run: list[bytes] = []
    origin: Origin | None = None
    size = 0
    for span in spans:
        if origin is not None and (span.origin is not origin or size > LINE_BYTES):
            groups.append(_resource_spans(origin, run))
            run = []
        if size > LINE_BYTES:
            yield _document(groups)
            groups, size = [], 0
        origin = span.origin
        run.append(orjson.dumps(of_span(span.message)))
        size += len(run[-1])
    if origin is not None:
        yield _document([*groups, _resource_spans(origin, run)])


def document(traces: Any) -> bytes:
    """Return a `TracesData`, or an export request, as one line without its end."""
    return orjson.dumps({"resourceSpans": [_of_resource_spans(each) for each in traces.resource_spans]})


def of_span(span: Any) -> Tree:
    """Return a span as a tree of JSON."""
    tree: Tree = {"traceId": span.trace_id.hex(), "spanId": span.span_id.hex()}
    _text(tree, "traceState", span.trace_state)
    if span.parent_span_id:
        tree["parentSpanId"] = span.parent_span_id.hex()
    _plain(tree, "flags", span.flags)
    _text(tree, "name", span.name)
    _plain(tree, "kind", span.kind)
    _long(tree, "startTimeUnixNano", span.start_time_unix_nano)
    _long(tree, "endTimeUnixNano", span.end_time_unix_nano)
    _attributes(tree, span)
    _many(tree, "events", span.events, _of_event)
    _plain(tree, "droppedEventsCount", span.dropped_events_count)
    _many(tree, "links", span.links, _of_link)
    _plain(tree, "droppedLinksCount", span.dropped_links_count)
    if span.HasField("status"):
        status: Tree = {}
        _text(status, "message", span.status.message)
        _plain(status, "code", span.status.code)
        tree["status"] = status
    return tree


def of_value(value: Any) -> Tree:
    """Return an `AnyValue`: a member for what it holds, none for an empty one."""
    kind = value.WhichOneof("value")
    return _VALUES[kind](value) if kind in _VALUES else {}


def _of_double(number: float) -> float | str:
    if isfinite(number):
        return number
    return "NaN" if isnan(number) else "Infinity" if number > 0 else "-Infinity"


_VALUES: Final[dict[str, Callable[[Any], Tree]]] = {
    "string_value": lambda value: {"stringValue": value.string_value},
    "bool_value": lambda value: {"boolValue": value.bool_value},
    "int_value": lambda value: {"intValue": str(value.int_value)},
    "double_value": lambda value: {"doubleValue": _of_double(value.double_value)},
    "array_value": lambda value: {
        "arrayValue": {"values": [of_value(one) for one in value.array_value.values]}
    },
    "kvlist_value": lambda value: {
        "kvlistValue": {"values": [_of_pair(one) for one in value.kvlist_value.values]}
    },
    "bytes_value": lambda value: {"bytesValue": b64encode(value.bytes_value).decode()},
}


def _of_pair(pair: Any) -> Tree:
    tree: Tree = {"key": pair.key}
    if pair.HasField("value"):
        tree["value"] = of_value(pair.value)
    return tree


def _of_event(event: Any) -> Tree:
    tree: Tree = {}
    _long(tree, "timeUnixNano", event.time_unix_nano)
    _text(tree, "name", event.name)
    _attributes(tree, event)
    return tree


def _of_link(link: Any) -> Tree:
    tree: Tree = {"traceId": link.trace_id.hex(), "spanId": link.span_id.hex()}
    _text(tree, "traceState", link.trace_state)
    _attributes(tree, link)
    _plain(tree, "flags", link.flags)
    return tree


def _of_entity(entity: Any) -> Tree:
    tree: Tree = {}
    _text(tree, "schemaUrl", entity.schema_url)
    _text(tree, "type", entity.type)
    if entity.id_keys:
        tree["idKeys"] = list(entity.id_keys)
    if entity.description_keys:
        tree["descriptionKeys"] = list(entity.description_keys)
    return tree


def _of_resource(holder: Any) -> Tree:
    """Return the members of a `ResourceSpans` but its scopes."""
    tree: Tree = {}
    if holder.HasField("resource"):
        resource: Tree = {}
        _attributes(resource, holder.resource)
        _many(resource, "entityRefs", holder.resource.entity_refs, _of_entity)
        tree["resource"] = resource
    _text(tree, "schemaUrl", holder.schema_url)
    return tree


def _of_scope(holder: Any) -> Tree:
    """Return the members of a `ScopeSpans` but its spans."""
    tree: Tree = {}
    if holder.HasField("scope"):
        scope: Tree = {}
        _text(scope, "name", holder.scope.name)
        _text(scope, "version", holder.scope.version)
        _attributes(scope, holder.scope)
        tree["scope"] = scope
    _text(tree, "schemaUrl", holder.schema_url)
    return tree


def _of_resource_spans(each: Any) -> Tree:
    scopes = [
        _of_scope(scope) | {"spans": [of_span(span) for span in scope.spans]} for scope in each.scope_spans
    ]
    return _of_resource(each) | {"scopeSpans": scopes}


def _resource_spans(origin: Origin, spans: list[bytes]) -> bytes:
    """Join spans of one origin, rendered, with their resource and scope."""
    scope = _of_scope(ScopeSpans.FromString(origin.scope_wire))
    resource = _of_resource(ResourceSpans.FromString(origin.resource_wire))
    scope_spans = _with(scope, b'"spans":[' + b",".join(spans) + b"]")
    return _with(resource, b'"scopeSpans":[' + scope_spans + b"]")


def _with(tree: Tree, member: bytes) -> bytes:
    head = orjson.dumps(tree)[:-1]
    return head + (b"," if tree else b"") + member + b"}"


def _document(groups: list[bytes]) -> bytes:
    return b'{"resourceSpans":[' + b",".join(groups) + b"]}"


def _attributes(tree: Tree, holder: Any) -> None:
    _many(tree, "attributes", holder.attributes, _of_pair)
    _plain(tree, "droppedAttributesCount", holder.dropped_attributes_count)


def _many(tree: Tree, key: str, items: Any, of: Callable[[Any], Tree]) -> None:
    if items:
        tree[key] = [of(item) for item in items]


def _text(tree: Tree, key: str, value: str) -> None:
    if value:
        tree[key] = value


def _plain(tree: Tree, key: str, number: int) -> None:
    if number:
        tree[key] = number


def _long(tree: Tree, key: str, number: int) -> None:
    if number:
        tree[key] = str(number)
