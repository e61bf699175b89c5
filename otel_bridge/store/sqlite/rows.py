"""Between what the merge rule holds and the rows of the database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

from otel_bridge.stats.usage import usages
from otel_bridge.store.clocks import clock_flags
from otel_bridge.store.merge import Dump, DumpKind, Gone, Held
from otel_bridge.store.sqlite.codec import UnreadableSpan
from otel_bridge.store.sqlite.ids import pack, unpack
from otel_bridge.store.trees import flags, refs

if TYPE_CHECKING:
    from otel_bridge.store.sqlite.codec import SpanCodec

Row: TypeAlias = tuple[Any, ...]

_WRAP: Final = 1 << 64
_MAX_SIGNED: Final = (1 << 63) - 1


def call_row(held: Held, *, seq: int, project: int, received_at: int) -> Row:
    """Make the parameters of `insert_call`."""
    return (
        seq,
        project,
        pack(held.id),
        pack(held.trace_id),
        pack(held.parent_id),
        held.op_name,
        held.display_name,
        held.thread_id,
        held.turn_id,
        held.started_at,
        held.ended_at,
        held.wb_user_id,
        held.wb_run_id,
        held.wb_run_step,
        held.wb_run_step_end,
        pack(held.plain_id),
        call_flags(held) | clock_flags(held.started_at or 0, received_at),
        received_at,
    )


def redone_call_row(held: Held, *, seq: int, received_at: int) -> Row:
    """Make the parameters of `redo_call`: what a translation may change of a call that arrived then."""
    return (
        seq,
        pack(held.trace_id),
        pack(held.parent_id),
        held.op_name,
        held.display_name,
        held.thread_id,
        held.turn_id,
        held.started_at,
        held.ended_at,
        held.wb_user_id,
        held.wb_run_id,
        held.wb_run_step,
        held.wb_run_step_end,
        call_flags(held) | clock_flags(held.started_at or 0, received_at),
    )


def body_row(held: Held, *, seq: int) -> Row:
    """Make the parameters of `insert_body`."""
    return (
        seq,
        held.inputs,
        held.attributes,
        held.summary,
        held.exception,
        held.ranks,
        _signed(held.span_start_ns),
    )


def result_row(held: Held, *, seq: int, codec: SpanCodec, translator: int) -> Row:
    """Make the parameters of `insert_result`."""
    dump = held.dump
    logs = None if held.logs is None else codec.pack(held.logs)
    if dump is None:
        return (seq, held.output, None, None, None, logs)
    return (seq, held.output, translator, int(dump.kind), codec.pack(dump.data), logs)


def ref_rows(held: Held, *, seq: int, project: int) -> list[Row]:
    """Make the parameters of `insert_ref`, none for most calls."""
    return [
        (project, side, ref, seq)
        for side, tree in enumerate((held.inputs, held.output))
        for ref in refs(tree)
    ]


def usage_rows(held: Held, *, seq: int, project: int) -> list[Row]:
    """Make the parameters of `insert_usage`, one row a model."""
    return [(project, seq, *usage) for usage in usages(held.summary)]


def call_flags(held: Held) -> int:
    """Return what is kept about the trees of a call."""
    return flags(attributes=held.attributes, summary=held.summary, exception=held.exception)


def held_call(project_id: str, call_id: str, row: Row, codec: SpanCodec) -> Held:
    """Read a row of `load_call`, without its first column."""
    (
        ranks, trace_id, op_name, started_at, attributes, inputs, parent_id, display_name, thread_id, turn_id,
        wb_user_id, wb_run_id, wb_run_step, dump_kind, dump, span_start_ns, ended_at, summary, output,
        exception, wb_run_step_end, plain_id, logs,
    ) = row  # fmt: skip
    return Held(
        project_id=project_id,
        id=call_id,
        ranks=ranks,
        trace_id=unpack(trace_id),
        op_name=op_name,
        started_at=started_at,
        attributes=attributes,
        inputs=inputs,
        parent_id=unpack(parent_id),
        display_name=display_name,
        thread_id=thread_id,
        turn_id=turn_id,
        wb_user_id=wb_user_id,
        wb_run_id=wb_run_id,
        wb_run_step=wb_run_step,
        dump=None if dump is None else Dump(DumpKind(dump_kind), _unpacked(dump, codec)),
        span_start_ns=_unsigned(span_start_ns),
        ended_at=ended_at,
        summary=summary,
        output=output,
        exception=exception,
        wb_run_step_end=wb_run_step_end,
        plain_id=unpack(plain_id),
        logs=unpacked_logs(logs, codec),
    )


def held_pending(project_id: str, call_id: str, row: Row) -> Held:
    """Read a row of `load_pending`, without its first column."""
    ranks, display_name, ended_at, summary, output, exception, wb_run_step_end = row
    return Held(
        project_id=project_id,
        id=call_id,
        ranks=ranks,
        display_name=display_name,
        ended_at=ended_at,
        summary=summary,
        output=output,
        exception=exception,
        wb_run_step_end=wb_run_step_end,
    )


def pending_row(held: Held, *, project: int, received_at: int) -> Row:
    """Make the parameters of `put_pending`."""
    return (
        project,
        pack(held.id),
        received_at,
        held.ended_at,
        held.summary,
        held.output,
        held.exception,
        held.wb_run_step_end,
        held.display_name,
        held.ranks,
    )


def tombstone_row(deleted: Gone, *, project: int) -> Row:
    """Make the parameters of `put_tombstone`."""
    return (project, pack(deleted.id), deleted.whole, pack(deleted.trace_id), _signed(deleted.span_start_ns))


def gone_slot(project_id: str, call_id: str, row: Row) -> Gone:
    """Read a row of `load_tombstone`."""
    whole, trace_id, span_start_ns = row
    return Gone(
        project_id=project_id,
        id=call_id,
        whole=bool(whole),
        trace_id=unpack(trace_id),
        span_start_ns=_unsigned(span_start_ns),
    )


def unpacked_logs(frame: bytes | None, codec: SpanCodec) -> bytes | None:
    """Unpack log records; those that cannot be read are as good as none."""
    return (_unpacked(frame, codec) or None) if frame is not None else None


def _unpacked(frame: bytes, codec: SpanCodec) -> bytes:
    """Unpack; a span that cannot be read is as good as an empty one, which any other replaces."""
    try:
        return codec.unpack(frame)
    except UnreadableSpan:
        return b""


def _signed(nanos: int | None) -> int | None:
    """OTLP's times are unsigned 64-bit numbers, SQLite's integers are signed."""
    return nanos - _WRAP if nanos is not None and nanos > _MAX_SIGNED else nanos


def _unsigned(nanos: int | None) -> int | None:
    return nanos + _WRAP if nanos is not None and nanos < 0 else nanos
