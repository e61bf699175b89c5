"""Reads places of a call, as a line of `/calls/stream_query` shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from otel_bridge.query.fields import path_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def reader(field: str) -> Callable[[Mapping[str, Any]], Any]:
    """Return what reads a field, `output` or `inputs.messages.0.content`; None where there is nothing."""
    root, dot, rest = field.partition(".")
    path = path_of(field, rest) if dot else ()

    def read(call: Mapping[str, Any]) -> Any:
        value = call.get(root)
        for step in path:
            value = _inside(value, step)
        return value

    return read


def text_of(value: Any) -> str:
    """Return a text as it is, and anything else as compact JSON."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _inside(value: Any, step: str | int) -> Any:
    if isinstance(value, dict):
        return value.get(str(step))
    if isinstance(value, list) and isinstance(step, int):
        return value[step] if step < len(value) else None
    return None
