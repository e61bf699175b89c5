"""Which calls an erasure is about: pure, for a store and for a queue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from msgspec import Struct
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans

from otel_bridge.model.scoring import SCORED_CALL
from otel_bridge.query.evaluate import at_path
from otel_bridge.translate.stored import UnreadableRecord, read_logs, read_span
from otel_bridge.translate.values import flatten

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from otel_bridge.model.span import Span
    from otel_bridge.store.erasure import Erasure


class Seen(Struct, frozen=True):
    """What of a stored call tells whether it is to be erased; `record` and `logs` are unpacked."""

    project_id: str
    id: str
    wb_user_id: str | None
    thread_id: str | None
    attributes: bytes | None
    record: bytes | None
    logs: bytes | None


def is_meant(asked: Erasure, call: Seen) -> bool:
    """Tell whether a call itself, not only one above it, is to be erased."""
    if call.id in asked.calls or (asked.thread is not None and call.thread_id == asked.thread):
        return True
    if asked.user is not None and call.wb_user_id == asked.user:
        return True
    wanted = asked.wanted
    if not wanted:
        return False
    tree = _tree(call.attributes)
    if any(_has(tree, name, value) for name, value in wanted):
        return True
    if call.record is not None and call.record[:1] == b"{":
        tree = _tree(call.record)
        return any(_has(tree, f"attributes.{name}", value) for name, value in wanted)
    stored = (call.record or b"") + (call.logs or b"")
    if not any(_may_hold(stored, name, value) for name, value in wanted):
        return False  # most calls: nothing is parsed
    return has_wanted(asked, _stored(call))


def has_wanted(asked: Erasure, found: Iterable[Mapping[str, Any]]) -> bool:
    """Tell whether any of these attributes makes their call one of those to erase."""
    wanted = asked.wanted
    return bool(wanted) and any(_as_text(each.get(name)) == value for each in found for name, value in wanted)


def are_meant(asked: Erasure, logs: bytes) -> bool:
    """Tell whether log records that wait for their span are to be erased."""
    if not any(name.encode() in logs for name, _ in asked.wanted):
        return False
    try:
        records = read_logs(logs)
    except UnreadableRecord:
        return False
    return has_wanted(asked, (flatten(record.attributes, {}) for record in records))


def scored_call(attributes: bytes | None) -> str | None:
    """Return the id of the call that a run of a scorer is about; None for other calls."""
    found = at_path(_tree(attributes), SCORED_CALL)
    return found.rpartition("/")[2] if isinstance(found, str) and found else None


def attributes_of(span: Span) -> Iterator[Mapping[str, Any]]:
    """Yield the attributes of a span, its resource, scope, events and links, and of its log records."""
    resource = ResourceSpans.FromString(span.origin.resource_wire).resource
    scope = ScopeSpans.FromString(span.origin.scope_wire).scope
    yield span.attributes
    for part in (resource, scope, *span.message.events, *span.message.links, *span.logs):
        yield flatten(part.attributes, {})


def _stored(call: Seen) -> Iterator[Mapping[str, Any]]:
    if call.record is None:
        return
    try:
        span = read_span(call.record, call.logs, project_id=call.project_id, wb_run_id=None, received_ns=0)
    except UnreadableRecord:
        return
    yield from attributes_of(span)


def _tree(attributes: bytes | None) -> Any:
    return orjson.loads(attributes) if attributes else {}


def _has(tree: Any, name: str, value: str) -> bool:
    """Tell whether a tree has a value under a dotted name, however the name is cut into keys."""
    if not isinstance(tree, dict):
        return False
    if name in tree and _as_text(tree[name]) == value:
        return True
    for at in (at for at, sign in enumerate(name) if sign == "."):
        if name[:at] in tree and _has(tree[name[:at]], name[at + 1 :], value):
            return True
    return False


def _may_hold(stored: bytes, name: str, value: str) -> bool:
    """Tell whether protobuf may hold an attribute: its name stands there, and so does a text."""
    return name.encode() in stored and (_is_no_text(value) or value.encode() in stored)


def _is_no_text(value: str) -> bool:
    """Tell whether a value may be a number or a boolean, which stand there in other bytes."""
    try:
        float(value)
    except ValueError:
        return value in {"true", "false"}
    return True


def _as_text(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) else None
