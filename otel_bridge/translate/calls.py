"""A span becomes a call (`contract/otel-mapping.md`): pure, and no attribute can make it fail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from msgspec import Struct

from otel_bridge.model.call import CompletedCall, EndedCall, StartedCall
from otel_bridge.translate import dump, identity, record
from otel_bridge.translate.failure import exception
from otel_bridge.translate.lookup import look_up
from otel_bridge.translate.nested import nested_json
from otel_bridge.translate.overrides import overrides
from otel_bridge.translate.payload import NOTHING, payload
from otel_bridge.translate.readers import clamped
from otel_bridge.translate.usage import model_of, usage

if TYPE_CHECKING:
    from otel_bridge.model.span import Span
    from otel_bridge.translate.lookup import Found
    from otel_bridge.translate.nested import Rendered
    from otel_bridge.translate.overrides import Overrides


def translate(span: Span, *, dumped: bool = False) -> CompletedCall | StartedCall:
    """Return the span's call, only its start while the span is open.

    The start carries the whole span: as a record (`record.pack`) or, when `dumped`, as its `otel_dump`.
    """
    found = look_up(span.attributes)
    rendered: Rendered = {}
    mapped = _Mapped(
        found=found,
        said=overrides(found),
        op_name=identity.op_name(identity.column(span.name)),
        start_ns=span.start_ns or span.end_ns or span.origin.received_ns,
        inputs=payload(found, "inputs", rendered),
        output=payload(found, "output", rendered),
        block=_block(found),
        tokens=usage(found),
    )
    start = _started(span, mapped, rendered, dumped=dumped)
    return CompletedCall(start, _ended(span, mapped)) if span.end_ns else start


class _Mapped(Struct, frozen=True, kw_only=True, gc=False):
    """What both halves of a call are made of."""

    found: Found
    said: Overrides
    op_name: str
    start_ns: int
    inputs: bytes | None
    output: bytes | None
    block: dict[str, Any]
    tokens: dict[str, int]


def _started(span: Span, mapped: _Mapped, rendered: Rendered, *, dumped: bool) -> StartedCall:
    origin, said = span.origin, mapped.said
    thread_id = identity.column(mapped.found.pick("thread_id"))
    return StartedCall(
        project_id=origin.project_id,
        id=span.id,
        trace_id=span.trace_id,
        op_name=mapped.op_name,
        started_at=clamped(mapped.start_ns // 1000) if said.started_at is None else said.started_at,
        attributes=_attributes(span, mapped, rendered),
        inputs=mapped.inputs or NOTHING,
        parent_id=span.parent_id,
        display_name=identity.display_name(identity.column(said.display_name)),
        thread_id=thread_id,
        turn_id=identity.turn_id(span, thread_id, is_turn=said.is_turn),
        wb_run_id=identity.run_id(span, said.wb_run_id),
        wb_run_step=said.wb_run_step,
        otel_dump=dump.render_span(span, rendered) if dumped else None,
        span=None if dumped else record.pack(span),
        span_start_ns=span.start_ns,
    )


def _ended(span: Span, mapped: _Mapped) -> EndedCall:
    said = mapped.said
    failure = identity.column(exception(span, mapped.found))
    return EndedCall(
        project_id=span.origin.project_id,
        id=span.id,
        ended_at=clamped(span.end_ns // 1000) if said.ended_at is None else said.ended_at,
        summary=_summary(span, mapped, failed=failure is not None),
        output=mapped.output or NOTHING,
        exception=failure,
        wb_run_step_end=said.wb_run_step_end,
    )


def _block(found: Found) -> dict[str, Any]:
    block: dict[str, Any] = {}
    for field, places in found.shape.block:
        value = found.first(places)[1]
        if value is not None:
            block[field] = value
    return block


def _attributes(span: Span, mapped: _Mapped, rendered: Rendered) -> bytes:
    """Return the mapped attributes, or all of them as a tree when nothing of the span was mapped."""
    block = mapped.block
    if not (block or mapped.tokens or mapped.inputs or mapped.output):
        return nested_json(span.attributes, rendered)
    custom = mapped.said.attributes
    if custom is not None:
        block = block | (custom if type(custom) is dict else {"wandb_attributes": custom})
    return orjson.dumps(block)


def _summary(span: Span, mapped: _Mapped, *, failed: bool) -> bytes:
    nanos = span.end_ns - mapped.start_ns
    millis = nanos // 1_000_000 if nanos >= 0 else -(-nanos // 1_000_000)
    usage_json = orjson.dumps({model_of(mapped.block): mapped.tokens}) if mapped.tokens else b""
    return (
        (b'{"usage":' + usage_json + b"," if usage_json else b"{")
        + (
            b'"status_counts":{"success":0,"error":1}'
            if failed
            else b'"status_counts":{"success":1,"error":0}'
        )
        + b',"weave":{"status":"%b","latency_ms":%d,"trace_name":%b}}'
        % (b"error" if failed else b"success", millis, orjson.dumps(mapped.op_name))
    )
