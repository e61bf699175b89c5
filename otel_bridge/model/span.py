"""Spans as they came: the OTLP message, and what everybody asks of it."""

from __future__ import annotations

from typing import Any, TypeAlias

from msgspec import Struct

Value: TypeAlias = Any
"""An attribute's value, always fit for JSON: text, int, finite float, bool, None, list or dict of these."""

Attributes: TypeAlias = dict[str, Value]
"""Attribute key (dotted, as sent) to value; of a key that was sent twice the last value."""


class Origin(Struct, frozen=True, kw_only=True):
    """Where spans come from: what all spans of one `ScopeSpans` share.

    `resource_wire` holds the fields of the `ResourceSpans` but its scopes, `scope_wire` those of the
    `ScopeSpans` but its spans, both as protobuf bytes. `received_ns` is nanoseconds since the Unix epoch.
    """

    project_id: str
    received_ns: int
    wb_run_id: str | None = None
    resource_wire: bytes = b""
    scope_wire: bytes = b""


class Span(Struct, frozen=True, kw_only=True, gc=False):
    """One valid span. `message` is the OTLP span itself: read it, never change it.

    `id`, `trace_id` and `parent_id` are lower-case hex; `parent_id` None is a root. Times are nanoseconds
    since the Unix epoch as sent: `start_ns` 0 is unknown, `end_ns` 0 is still open. `logs` are the OTLP log
    records that name this span, in the order they came.
    """

    origin: Origin
    message: Any
    attributes: Attributes
    id: str
    trace_id: str
    name: str
    start_ns: int
    end_ns: int
    parent_id: str | None = None
    logs: tuple[Any, ...] = ()
