"""A span becomes a call (`contract/otel-mapping.md`): pure, and no attribute can make it fail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from msgspec import Struct

from otel_bridge.model.call import CompletedCall, EndedCall, StartedCall
from otel_bridge.model.thresholds import SAMPLING, threshold_in, told
from otel_bridge.translate import dump, identity, record
from otel_bridge.translate.failure import exception
from otel_bridge.translate.kinds import is_wrapper
from otel_bridge.translate.listen import Listener
from otel_bridge.translate.lookup import look_up
from otel_bridge.translate.nested import nested_json
from otel_bridge.translate.options import DEFAULT
from otel_bridge.translate.overrides import overrides
from otel_bridge.translate.payload import NOTHING, payload
from otel_bridge.translate.readers import clamped
from otel_bridge.translate.tree import unflatten
from otel_bridge.translate.usage import aggregated, model_of, usage

if TYPE_CHECKING:
    from collections.abc import Iterable

    from otel_bridge.model.span import Span
    from otel_bridge.translate.lookup import Found
    from otel_bridge.translate.nested import Rendered
    from otel_bridge.translate.options import Options
    from otel_bridge.translate.overrides import Overrides


def translate(span: Span, options: Options = DEFAULT, *, dumped: bool = False) -> CompletedCall | StartedCall:
    """Return the span's call, only its start while the span is open.

    The start carries the whole span: as a record (`record.pack`) or, when `dumped`, as its `otel_dump`.
    """
    found = look_up(span.attributes)
    rendered: Rendered = {}
    inputs, output = payload(found, "inputs", rendered), payload(found, "output", rendered)
    said = overrides(found)
    block = _block(found)
    if span.logs or span.message.events:
        inputs, output = _listen(span, inputs, output, block)
    mapped = _Mapped(
        found=found,
        said=said,
        options=options,
        op_name=identity.op_name(identity.column(span.name)),
        start_ns=span.start_ns or span.end_ns or span.origin.received_ns,
        inputs=inputs,
        output=output,
        block=block,
        tokens=_tokens(found, block, options),
    )
    start = _started(span, mapped, rendered, dumped=dumped)
    return CompletedCall(start, _ended(span, mapped)) if span.end_ns else start


def announces(span: Span) -> bool:
    """Tell whether a span only says that another one runs, and becomes no call (otel-mapping.md §10)."""
    return span.attributes.get("logfire.span_type") == "pending_span"


class _Mapped(Struct, frozen=True, kw_only=True, gc=False):
    """What both halves of a call are made of."""

    found: Found
    said: Overrides
    options: Options
    op_name: str
    start_ns: int
    inputs: bytes | None
    output: bytes | None
    block: dict[str, Any]
    tokens: dict[str, int]


def _started(span: Span, mapped: _Mapped, rendered: Rendered, *, dumped: bool) -> StartedCall:
    origin, said = span.origin, mapped.said
    thread_id = identity.column(_thread_id(mapped.found, mapped.options))
    return StartedCall(
        project_id=origin.project_id,
        id=span.id,
        trace_id=span.trace_id,
        op_name=mapped.op_name,
        started_at=clamped(mapped.start_ns // 1000) if said.started_at is None else said.started_at,
        attributes=_attributes(span, mapped, rendered),
        inputs=mapped.inputs or NOTHING,
        parent_id=span.parent_id,
        display_name=identity.display_name(identity.column(_display_name(span, said))),
        thread_id=thread_id,
        turn_id=identity.turn_id(span, thread_id, is_turn=said.is_turn, turns=mapped.options.turns),
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


def _thread_id(found: Found, options: Options) -> str | None:
    thread_id: str | None = found.pick("thread_id")
    if thread_id is None and options.session_threads:
        thread_id = found.pick("session_id")
    return thread_id


def _display_name(span: Span, said: Overrides) -> str | None:
    """Return the name that a person chose, else the span's name as Logfire spells it out."""
    if said.display_name is not None:
        return said.display_name
    return None if said.spoken_name == span.name else said.spoken_name


def _block(found: Found) -> dict[str, Any]:
    block: dict[str, Any] = {}
    for field, places in found.shape.block:
        value = found.first(places)[1]
        if value is not None:
            block[field] = value
    return block


def _listen(
    span: Span, inputs: bytes | None, output: bytes | None, block: dict[str, Any]
) -> tuple[bytes | None, bytes | None]:
    """Let events and log records tell what the attributes do not."""
    listener = Listener(span)
    if inputs is None:
        inputs = listener.payload("inputs")
    if output is None:
        output = listener.payload("output")
    if "system_instructions" not in block:
        _, instructions = listener.first("system_instructions")
        if instructions is not None:
            block["system_instructions"] = instructions
    return inputs, output


def repeats_children(found: Found, block: dict[str, Any], options: Options) -> bool:
    """Tell whether the span's tokens are its children's, and are therefore set apart (§6)."""
    return options.usage_on_wrappers == "drop" and is_wrapper(
        block.get("kind"), found.pick("vercel_operation")
    )


def shows_all(found: Found, mapped: Iterable[object]) -> bool:
    """Tell whether the call shows all attributes: Weave maps none of them (§4).

    `mapped` is what they gave: the block of attributes, tokens, inputs and output, each empty if nothing.
    """
    return not (found.shape.weaves and any(mapped))


def _tokens(found: Found, block: dict[str, Any], options: Options) -> dict[str, int]:
    """Return the tokens that count for this call; those that are its children's go into the block (§6)."""
    tokens, sums = usage(found), aggregated(found)
    if tokens and repeats_children(found, block, options):
        tokens, sums = {}, sums | tokens
    if sums:
        block["aggregated_usage"] = sums
    return tokens


def _attributes(span: Span, mapped: _Mapped, rendered: Rendered) -> bytes:
    """Return the attributes, and how many spans this one stands for where its trace state says so."""
    attributes = _mapped_attributes(span, mapped, rendered)
    state = span.message.trace_state
    threshold = threshold_in(state) if state else None
    if not threshold:
        return attributes
    tree = orjson.loads(attributes)
    own, name = SAMPLING
    known = tree.get(own)
    return orjson.dumps(tree | {own: (known if type(known) is dict else {}) | {name: told(threshold)}})


def _mapped_attributes(span: Span, mapped: _Mapped, rendered: Rendered) -> bytes:
    """Return the mapped attributes, over all of them as a tree when there is nothing that Weave maps.

    `contract/otel-mapping.md` §4: one key that Weave recognises leaves the others to the span.
    """
    block = mapped.block
    if shows_all(mapped.found, (block, mapped.tokens, mapped.inputs, mapped.output)):
        return (
            orjson.dumps(unflatten(span.attributes) | block)
            if block
            else nested_json(span.attributes, rendered)
        )
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
