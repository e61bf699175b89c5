"""The body of `POST /call/upsert_batch` (`contract/weave-api.md` §1.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from orjson import dumps as _json

from otel_bridge.model.call import CompletedCall, EndedCall, StartedCall
from otel_bridge.translate import dump
from otel_bridge.translate.instant import iso

if TYPE_CHECKING:
    from collections.abc import Iterable


def upsert_batch(calls: Iterable[CompletedCall | StartedCall]) -> bytes:
    """Return the JSON body: a start item for each call, and an end item for each that has ended."""
    parts: list[bytes] = [b'{"batch":[']
    for call in calls:
        if isinstance(call, CompletedCall):
            parts += _start(call.start)
            parts += _end(call.end)
        else:
            parts += _start(call)
    parts[-1] = parts[-1].removesuffix(b",")
    parts.append(b"]}")
    return b"".join(parts)


# Large members stand between the formatted ones, so that they are copied only when all is joined.

_START: Final = (
    b'{"mode":"start","req":{"start":{"project_id":%b,"id":%b,"op_name":%b,"display_name":%b,"trace_id":%b,'
    b'"parent_id":%b,"thread_id":%b,"turn_id":%b,"started_at":"%b","wb_user_id":%b,"wb_run_id":%b,'
    b'"wb_run_step":%b,"attributes":'
)

_END: Final = (
    b'{"mode":"end","req":{"end":{"project_id":%b,"id":%b,"ended_at":"%b","exception":%b,"summary":%b,'
    b'"wb_run_step_end":%b,"output":'
)


def _start(start: StartedCall) -> tuple[bytes, ...]:
    otel_dump = dump.render(start.span) if start.otel_dump is None and start.span else start.otel_dump
    head = _START % (
        _json(start.project_id),
        _json(start.id),
        _json(start.op_name),
        _json(start.display_name),
        _json(start.trace_id),
        _json(start.parent_id),
        _json(start.thread_id),
        _json(start.turn_id),
        iso(start.started_at),
        _json(start.wb_user_id),
        _json(start.wb_run_id),
        _json(start.wb_run_step),
    )
    return (
        head, start.attributes, b',"inputs":', start.inputs, b',"otel_dump":', otel_dump or b"null", b"}}},",
    )  # fmt: skip


def _end(end: EndedCall) -> tuple[bytes, ...]:
    head = _END % (
        _json(end.project_id),
        _json(end.id),
        iso(end.ended_at),
        _json(end.exception),
        end.summary,
        _json(end.wb_run_step_end),
    )
    return head, end.output or b"null", b"}}},"
