"""The bodies that carry calls to a Weave server (`contract/weave-api.md` §1.1, §1.3).

Each function gives the pieces of one item; large members stand between the formatted ones, so that they are
copied only when all is joined.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from orjson import dumps as _json

from otel_bridge.model.call import CompletedCall, EndedCall, StartedCall
from otel_bridge.translate import dump
from otel_bridge.translate.instant import iso

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Pieces: TypeAlias = "tuple[bytes, ...]"
"""Bytes to be joined."""

BATCH: Final = (b'{"batch":[', b"]}")
"""What stands around the items of a batch."""


def upsert_batch(calls: Iterable[CompletedCall | StartedCall | EndedCall]) -> bytes:
    """Return the body of `POST /call/upsert_batch`."""
    return joined([pieces for call in calls for pieces in upserts(call)], BATCH)


def joined(items: Sequence[Pieces], around: tuple[bytes, bytes] = (b"", b"")) -> bytes:
    """Join items with commas between them."""
    opening, closing = around
    parts = [opening]
    for pieces in items:
        parts += pieces
        parts.append(b",")
    if items:
        parts.pop()
    parts.append(closing)
    return b"".join(parts)


def upserts(call: CompletedCall | StartedCall | EndedCall) -> tuple[Pieces, ...]:
    """Return the items of an upsert: a start, an end, or both."""
    match call:
        case CompletedCall(start=start, end=end):
            return _start_item(start), _end_item(end)
        case StartedCall():
            return (_start_item(call),)
        case EndedCall():
            return (_end_item(call),)


def completed(call: CompletedCall) -> Pieces:
    """Return the item of `POST /v2/{entity}/{project}/calls/complete`: start and end in one object."""
    start = call.start
    return (b"{", *_identity(start), *_members_of_start(start), b",", *_members_of_end(call.end), b"}")


def start(call: StartedCall) -> bytes:
    """Return the body of `POST /v2/{entity}/{project}/call/start`."""
    return b"".join((b'{"start":{', *_identity(call), *_members_of_start(call), b"}}"))


def end(call: EndedCall) -> bytes:
    """Return the body of `POST /v2/{entity}/{project}/call/end`."""
    return b"".join((b'{"end":{', *_identity(call), *_members_of_end(call), b"}}"))


_START: Final = (
    b'"op_name":%b,"display_name":%b,"trace_id":%b,"parent_id":%b,"thread_id":%b,"turn_id":%b,'
    b'"started_at":"%b","wb_user_id":%b,"wb_run_id":%b,"wb_run_step":%b,"attributes":'
)
_END: Final = b'"ended_at":"%b","exception":%b,"summary":%b,"wb_run_step_end":%b,"output":'


def _identity(call: StartedCall | EndedCall) -> Pieces:
    return (b'"project_id":%b,"id":%b,' % (_json(call.project_id), _json(call.id)),)


def _start_item(call: StartedCall) -> Pieces:
    return (b'{"mode":"start","req":{"start":{', *_identity(call), *_members_of_start(call), b"}}}")


def _end_item(call: EndedCall) -> Pieces:
    return (b'{"mode":"end","req":{"end":{', *_identity(call), *_members_of_end(call), b"}}}")


def _members_of_start(call: StartedCall) -> Pieces:
    otel_dump = dump.render(call.span) if call.otel_dump is None and call.span else call.otel_dump
    head = _START % (
        _json(call.op_name),
        _json(call.display_name),
        _json(call.trace_id),
        _json(call.parent_id),
        _json(call.thread_id),
        _json(call.turn_id),
        iso(call.started_at),
        _json(call.wb_user_id),
        _json(call.wb_run_id),
        _json(call.wb_run_step),
    )
    return head, call.attributes, b',"inputs":', call.inputs, b',"otel_dump":', otel_dump or b"null"


def _members_of_end(call: EndedCall) -> Pieces:
    head = _END % (
        iso(call.ended_at),
        _json(call.exception),
        call.summary,
        _json(call.wb_run_step_end),
    )
    return head, call.output or b"null"
