"""Renders calls as the JSONL lines of `/calls/stream_query` (`contract/weave-api.md` §2.5-§2.7).

A line is joined from pieces of stored JSON text; no tree is parsed, but for the rare call whose attributes
hold an `otel_span` of their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson
from msgspec import Struct

from otel_bridge.model.query import ALWAYS_COLUMNS, COLUMNS, OWN_COLUMNS
from otel_bridge.query.derived import latency_ms, status, trace_name
from otel_bridge.query.values import iso
from otel_bridge.store.clocks import clock_flags, happened_at, listed_at
from otel_bridge.store.trees import Flag, flags, without_own_span

if TYPE_CHECKING:
    from collections.abc import Iterable

    from otel_bridge.store.merge import Held

_WITH_SUMMARY: Final = ("ended_at", "exception", "display_name")


class Line(Struct, frozen=True, kw_only=True, gc=False):
    """One call, ready to be rendered: trees as JSON text, the whole span already as `otel_span`."""

    id: str
    project_id: str
    op_name: str
    display_name: str | None
    trace_id: str
    parent_id: str | None
    thread_id: str | None
    turn_id: str | None
    started_at: int
    attributes: bytes | None
    inputs: bytes | None
    ended_at: int | None
    exception: str | None
    output: bytes | None
    summary: bytes | None
    wb_user_id: str | None
    wb_run_id: str | None
    wb_run_step: int | None
    wb_run_step_end: int | None
    flags: int
    otel_span: bytes | None
    received_at: int
    storage_size_bytes: int | None = None
    total_storage_size_bytes: int | None = None
    weave: dict[str, Any] | None = None
    """What an answer adds to `summary.weave`, beside what is derived."""

    @property
    def listed_at(self) -> int:
        """Where lists put the call."""
        return listed_at(self.started_at, self.received_at, self.flags)

    @property
    def happened_at(self) -> int:
        """When the call started as far as one can tell."""
        return happened_at(self.started_at, self.received_at, self.flags)


def wanted_columns(columns: Iterable[str] | None) -> frozenset[str]:
    """Return the members of a line that hold values (§2.5); None and an empty list are all of them."""
    named = {column.partition(".")[0] for column in columns or ()}
    if not named:
        return frozenset(COLUMNS)
    if "summary" in named:
        named.update(_WITH_SUMMARY)
    return ALWAYS_COLUMNS | named


def line_of(call: Held, span: bytes | None, *, received_at: int) -> Line:
    """Turn a visible call that arrived then into a line; `span` is its whole span, rendered."""
    assert call.trace_id is not None
    assert call.op_name is not None
    assert call.started_at is not None
    return Line(
        id=call.id,
        project_id=call.project_id,
        op_name=call.op_name,
        display_name=call.display_name,
        trace_id=call.trace_id,
        parent_id=call.parent_id,
        thread_id=call.thread_id,
        turn_id=call.turn_id,
        started_at=call.started_at,
        attributes=call.attributes,
        inputs=call.inputs,
        ended_at=call.ended_at,
        exception=call.exception,
        output=call.output,
        summary=call.summary,
        wb_user_id=call.wb_user_id,
        wb_run_id=call.wb_run_id,
        wb_run_step=call.wb_run_step,
        wb_run_step_end=call.wb_run_step_end,
        flags=flags(attributes=call.attributes, summary=call.summary, exception=call.exception)
        | clock_flags(call.started_at, received_at),
        otel_span=span,
        received_at=received_at,
    )


def status_of(line: Line) -> str:
    """Tell how a call went."""
    return status(
        failed=bool(line.flags & Flag.FAILED),
        running=line.ended_at is None,
        child_errors=bool(line.flags & Flag.CHILD_ERRORS),
    )


def render_line(line: Line, wanted: frozenset[str]) -> bytes:
    """Render one line, newline included; the derived members always come from the whole call."""
    pieces = (
        _identity(line, wanted)[:-1],
        b',"attributes":',
        _attributes(line) if "attributes" in wanted else b"{}",
        b',"inputs":',
        (line.inputs or b"{}") if "inputs" in wanted else b"{}",
        b",",
        _ending(line, wanted)[1:-1],
        b',"output":',
        (line.output or b"null") if "output" in wanted else b"null",
        b',"summary":',
        _summary(line, kept="summary" in wanted),
        b",",
        _origin(line, wanted)[1:],
        b"\n",
    )
    return b"".join(pieces)


def _identity(line: Line, wanted: frozenset[str]) -> bytes:
    members = {
        "id": line.id,
        "project_id": line.project_id,
        "op_name": line.op_name,
        "display_name": line.display_name if "display_name" in wanted else None,
        "trace_id": line.trace_id,
        "parent_id": line.parent_id if "parent_id" in wanted else None,
        "thread_id": line.thread_id if "thread_id" in wanted else None,
        "turn_id": line.turn_id if "turn_id" in wanted else None,
        "started_at": iso(line.started_at),
    }
    return orjson.dumps(members)


def _ending(line: Line, wanted: frozenset[str]) -> bytes:
    ended_at = line.ended_at if "ended_at" in wanted else None
    members = {
        "ended_at": None if ended_at is None else iso(ended_at),
        "exception": line.exception if "exception" in wanted else None,
    }
    return orjson.dumps(members)


def _origin(line: Line, wanted: frozenset[str]) -> bytes:
    members = {
        "wb_user_id": line.wb_user_id if "wb_user_id" in wanted else None,
        "wb_run_id": line.wb_run_id if "wb_run_id" in wanted else None,
        "wb_run_step": line.wb_run_step if "wb_run_step" in wanted else None,
        "wb_run_step_end": line.wb_run_step_end if "wb_run_step_end" in wanted else None,
        "deleted_at": None,
        "expire_at": None,
        "storage_size_bytes": line.storage_size_bytes,
        "total_storage_size_bytes": line.total_storage_size_bytes,
    }
    own = {name: iso(getattr(line, name)) for name in OWN_COLUMNS if name in wanted}
    return orjson.dumps(members | own if own else members)


def _attributes(line: Line) -> bytes:
    attributes = line.attributes or b"{}"
    if line.otel_span is None:
        return attributes
    if line.flags & Flag.OWN_SPAN:
        attributes = without_own_span(attributes)
    if attributes == b"{}":
        return b'{"otel_span":' + line.otel_span + b"}"
    return b"".join((attributes[:-1], b',"otel_span":', line.otel_span, b"}"))


def _summary(line: Line, *, kept: bool) -> bytes:
    derived = _derived(line)
    summary = (line.summary or b"{}") if kept else b"{}"
    if summary == b"{}":
        return b'{"weave":' + derived + b"}"
    if line.flags & Flag.OWN_WEAVE and line.weave:
        tree = orjson.loads(summary)
        return orjson.dumps({**tree, "weave": {**tree["weave"], **orjson.loads(derived)}})
    if line.flags & Flag.OWN_WEAVE:
        return b"".join((summary[:-2], b",", derived[1:], b"}"))
    return b"".join((summary[:-1], b',"weave":', derived, b"}"))


def _derived(line: Line) -> bytes:
    """Derive `summary.weave` (§2.7)."""
    weave: dict[str, Any] = {"status": status_of(line)}
    latency = latency_ms(line.started_at, line.ended_at)
    if latency is not None:
        weave["latency_ms"] = latency
    if line.display_name:
        weave["display_name"] = line.display_name
    else:
        weave["trace_name"] = trace_name(line.op_name)
    return orjson.dumps({**weave, **line.weave} if line.weave else weave)
