"""`otel_dump`: the whole span as a readable JSON tree (`contract/otel-mapping.md` §7).

It has Weave's members with their meaning, and beside them what Weave leaves out: the scope, times in whole
nanoseconds (as text), flags, the counts of what the SDK dropped, schema URLs.
"""

from __future__ import annotations

from binascii import hexlify
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import orjson
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans
from opentelemetry.proto.trace.v1.trace_pb2 import Span as Message

from otel_bridge.translate.instant import naive
from otel_bridge.translate.nested import nested_json
from otel_bridge.translate.record import unpack
from otel_bridge.translate.tree import unflatten
from otel_bridge.translate.values import flatten

if TYPE_CHECKING:
    from otel_bridge.model.span import Span, Value
    from otel_bridge.translate.nested import Rendered

KINDS: Final = (b"UNSPECIFIED", b"INTERNAL", b"SERVER", b"CLIENT", b"PRODUCER", b"CONSUMER")
STATUSES: Final = (b"UNSET", b"OK", b"ERROR")
"""Names by number; a number that has none is the first."""

CACHED_BYTES: Final = 16_384
"""Larger resources and scopes are rendered every time, so that the cache stays small."""

NO_PARENT: Final = frozenset({b"", bytes(8)})


def render(record: bytes) -> bytes:
    """Return the `otel_dump` of a stored span (`record.pack`) as JSON."""
    resource, scope, raw = unpack(record)
    message = Message.FromString(raw)
    attributes = nested_json(flatten(message.attributes, {}), {})
    return _rendered(message, attributes, _resource(resource), _scope(scope))


def render_span(span: Span, rendered: Rendered | None = None) -> bytes:
    """Return the `otel_dump` of a span as JSON: the same bytes as from its record."""
    origin = span.origin
    attributes = nested_json(span.attributes, rendered or {})
    return _rendered(span.message, attributes, _resource(origin.resource_wire), _scope(origin.scope_wire))


_MEMBERS: Final = (
    b'{"name":%b,"context":{"trace_id":"%b","span_id":"%b","trace_state":%b},"kind":"%b","parent_id":%b,'
    b'"start_time":"%b","end_time":"%b","status":{"code":"%b","message":%b},"attributes":%b,"events":%b,'
    b'"links":%b,"resource":%b,"scope":%b,"start_time_unix_nano":"%d","end_time_unix_nano":"%d","flags":%d,'
    b'"dropped_attributes_count":%d,"dropped_events_count":%d,"dropped_links_count":%d}'
)


def _rendered(message: Any, attributes: bytes, resource: bytes, scope: bytes) -> bytes:
    start, end, status = message.start_time_unix_nano, message.end_time_unix_nano, message.status
    state, said, parent = message.trace_state, status.message, message.parent_span_id
    events, links = message.events, message.links
    return _MEMBERS % (
        orjson.dumps(message.name),
        hexlify(message.trace_id),
        hexlify(message.span_id),
        orjson.dumps(state) if state else b'""',
        _name(KINDS, message.kind),
        b"null" if parent in NO_PARENT else b'"%b"' % hexlify(parent),
        naive(start),
        naive(end),
        _name(STATUSES, status.code),
        orjson.dumps(said) if said else b'""',
        attributes,
        orjson.dumps([_event(event) for event in events]) if events else b"[]",
        orjson.dumps([_link(link) for link in links]) if links else b"[]",
        resource,
        scope,
        start,
        end,
        message.flags,
        message.dropped_attributes_count,
        message.dropped_events_count,
        message.dropped_links_count,
    )


def _name(names: tuple[bytes, ...], number: int) -> bytes:
    return names[number] if 0 <= number < len(names) else names[0]


def _tree(pairs: Any) -> dict[str, Value]:
    return unflatten(flatten(pairs, {}))


def _event(event: Any) -> dict[str, Value]:
    return {
        "name": event.name,
        "timestamp": event.time_unix_nano,
        "attributes": _tree(event.attributes),
        "dropped_attributes_count": event.dropped_attributes_count,
    }


def _link(link: Any) -> dict[str, Value]:
    return {
        "trace_id": link.trace_id.hex(),
        "span_id": link.span_id.hex(),
        "trace_state": link.trace_state,
        "attributes": _tree(link.attributes),
        "dropped_attributes_count": link.dropped_attributes_count,
        "flags": link.flags,
    }


def _resource(wire: bytes) -> bytes:
    return _resource_json(wire) if len(wire) <= CACHED_BYTES else _resource_json.__wrapped__(wire)


def _scope(wire: bytes) -> bytes:
    return _scope_json(wire) if len(wire) <= CACHED_BYTES else _scope_json.__wrapped__(wire)


@lru_cache(maxsize=256)
def _resource_json(wire: bytes) -> bytes:
    resource_spans = ResourceSpans.FromString(wire)
    if not resource_spans.HasField("resource"):
        return b"null"
    resource = resource_spans.resource
    return orjson.dumps(
        {
            "attributes": _tree(resource.attributes),
            "dropped_attributes_count": resource.dropped_attributes_count,
            "schema_url": resource_spans.schema_url,
        }
    )


@lru_cache(maxsize=256)
def _scope_json(wire: bytes) -> bytes:
    scope_spans = ScopeSpans.FromString(wire)
    scope = scope_spans.scope
    return orjson.dumps(
        {
            "name": scope.name,
            "version": scope.version,
            "attributes": _tree(scope.attributes),
            "dropped_attributes_count": scope.dropped_attributes_count,
            "schema_url": scope_spans.schema_url,
        }
    )
