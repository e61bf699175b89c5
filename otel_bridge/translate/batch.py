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
    items: list[bytes] = []
    for call in calls:
        if isinstance(call, CompletedCall):
            items.append(_start(call.start))
            items.append(_end(call.end))
        else:
            items.append(_start(call))
    return b'{"batch":[' + b",".join(items) + b"]}"


_START: Final = (
    b'{"mode":"start","req":{"start":{"project_id":%b,"id":%b,"op_name":%b,"display_name":%b,"trace_id":%b,'
    b'"parent_id":%b,"thread_id":%b,"turn_id":%b,"started_at":"%b","attributes":%b,"inputs":%b,"otel_dump":%b,'
    b'"wb_user_id":%b,"wb_run_id":%b,"wb_run_step":%b}}}'
)

_END: Final = (
    b'{"mode":"end","req":{"end":{"project_id":%b,"id":%b,"ended_at":"%b","exception":%b,"output":%b,'
    b'"summary":%b,"wb_run_step_end":%b}}}'
)


def _start(start: StartedCall) -> bytes:
    otel_dump = dump.render(start.span) if start.otel_dump is None and start.span else start.otel_dump
    return _START % (
        _json(start.project_id),
        _json(start.id),
        _json(start.op_name),
        _json(start.display_name),
        _json(start.trace_id),
        _json(start.parent_id),
        _json(start.thread_id),
        _json(start.turn_id),
        iso(start.started_at),
        start.attributes,
        start.inputs,
        otel_dump or b"null",
        _json(start.wb_user_id),
        _json(start.wb_run_id),
        _json(start.wb_run_step),
    )


def _end(end: EndedCall) -> bytes:
    return _END % (
        _json(end.project_id),
        _json(end.id),
        iso(end.ended_at),
        _json(end.exception),
        end.output or b"null",
        end.summary,
        _json(end.wb_run_step_end),
    )
