"""Ids of traces and spans: which are valid, and what is wrong with the others (`otlp-receiver.md` §8)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from otel_bridge.receiver.decode.project import shown
from otel_bridge.receiver.decode.scalars import NOT_HEX

if TYPE_CHECKING:
    from otel_bridge.receiver.signals import Signal

TRACE_ID_BYTES: Final = 16
SPAN_ID_BYTES: Final = 8
NO_TRACE_ID: Final = bytes(TRACE_ID_BYTES)
NO_SPAN_ID: Final = bytes(SPAN_ID_BYTES)


def bad_id(message: Any, signal: Signal, name: str) -> str:
    """Say why a message with malformed ids is rejected; `name` is how its sender may know it."""
    faults = [
        fault
        for field, value, size in (
            ("trace_id", message.trace_id, TRACE_ID_BYTES),
            ("span_id", message.span_id, SPAN_ID_BYTES),
        )
        if (fault := _fault(field, value, size))
    ]
    return f"{signal.item} {shown(name)} rejected: {', '.join(faults)}"


def _fault(field: str, value: bytes, size: int) -> str:
    if value.startswith(NOT_HEX):
        return f"{field} is not hexadecimal"
    if not value:
        return f"{field} is missing"
    if len(value) != size:
        return f"{field} has {len(value)} byte{'s' * (len(value) != 1)}, not {size}"
    return "" if any(value) else f"{field} is all zeros"
