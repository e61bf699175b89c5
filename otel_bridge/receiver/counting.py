"""How many items a body holds, by the lengths of its messages; a body is never decoded for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
from msgspec import Raw

from otel_bridge.errors import InvalidRequest
from otel_bridge.receiver.base import Encoding

if TYPE_CHECKING:
    from otel_bridge.receiver.signals import Signal

_LENGTH_DELIMITED: Final = 2
_FIXED_BYTES: Final = {1: 8, 5: 4}
_MAX_VARINT_BYTES: Final = 10


def count_items(body: bytes, encoding: Encoding, signal: Signal) -> int:
    """Count the spans, data points or log records of an export request.

    Raise InvalidRequest for a body that is not such a message.
    """
    try:
        if encoding is Encoding.PROTOBUF:
            return _count(memoryview(body), signal.fields)
        return _count_json(body, signal.members)
    except (IndexError, ValueError, msgspec.MsgspecError, RecursionError) as error:
        raise InvalidRequest(f"the body is not a valid {signal.name} request", field="body") from error


def _count(view: memoryview, levels: tuple[tuple[int, ...], ...]) -> int:
    """Count the fields at the end of `levels`, walking over tags and lengths only."""
    wanted, below = levels[0], levels[1:]
    count = at = 0
    end = len(view)
    while at < end:
        tag, at = _varint(view, at)
        kind = tag & 7
        if kind == _LENGTH_DELIMITED:
            size, at = _varint(view, at)
            if size > end - at:
                raise ValueError("a field reaches over the end")
            if tag >> 3 in wanted:
                count += _count(view[at : at + size], below) if below else 1
            at += size
        elif kind in _FIXED_BYTES:
            at += _FIXED_BYTES[kind]
        elif kind == 0:
            _, at = _varint(view, at)
        else:
            raise ValueError("groups are not part of OTLP")
    if at > end:
        raise ValueError("a field reaches over the end")
    return count


def _varint(view: memoryview, at: int) -> tuple[int, int]:
    byte = view[at]
    if byte < 0x80:  # noqa: PLR2004 - the high bit says that more follows
        return byte, at + 1
    value = 0
    for place in range(_MAX_VARINT_BYTES):
        byte = view[at + place]
        value |= (byte & 0x7F) << 7 * place
        if byte < 0x80:  # noqa: PLR2004 - as above
            return value, at + place + 1
    raise ValueError("a number is too long")


def _count_json(raw: bytes | Raw, levels: tuple[tuple[str, ...], ...]) -> int:
    wanted, below = levels[0], levels[1:]
    members = msgspec.json.decode(raw, type=dict[str, Raw] | None) or {}
    count = 0
    for name in wanted:
        items = _items(members.get(name), single=len(wanted) > 1)
        count += sum(_count_json(item, below) for item in items) if below else len(items)
    return count


def _items(raw: Raw | None, *, single: bool) -> list[Raw]:
    if raw is None:
        return []
    return [raw] if single else msgspec.json.decode(raw, type=list[Raw] | None) or []
