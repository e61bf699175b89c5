"""Reads places of a call, as a line of `/calls/stream_query` shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

from otel_bridge.query.fields import path_of
from otel_bridge.scorer.unwrapping import spoken, unwrapped

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from otel_bridge.scorer.kinds import OfField

Read: TypeAlias = "Callable[[Mapping[str, Any]], Any]"


def reader(field: str) -> Read:
    """Return what reads a field, `output` or `inputs.messages.0.content`; None where there is nothing."""
    root, path = _parts(field)
    return lambda call: _at(call.get(root), path)


def judged(field: str, *, raw: bool = False) -> Callable[[Mapping[str, Any]], tuple[Any, str]]:
    """Return what reads the value that a rule judges, and where it was found.

    Unless it is to be `raw`, `output` and `inputs` are without what the instrumentation put around them, chat
    messages are their text, and a path leads inside either way.
    """
    root, path = _parts(field)

    def read(call: Mapping[str, Any]) -> tuple[Any, str]:
        value = _at(call.get(root), path)
        if raw or (path and value is not None):
            return value, field
        inner, key = unwrapped(call, root)
        place = field if key is None else _inside_of(field, root, key)
        if path:
            return _at(inner, path), place
        return spoken(inner, root), place

    return read


def judged_of(settings: OfField) -> Callable[[Mapping[str, Any]], tuple[Any, str]]:
    """Return what reads the value that a rule with these settings judges."""
    return judged(settings.field, raw=settings.raw)


def text_of(value: Any) -> str:
    """Return a text as it is, and anything else as compact JSON."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _parts(field: str) -> tuple[str, tuple[str | int, ...]]:
    root, dot, rest = field.partition(".")
    return root, path_of(field, rest) if dot else ()


def _inside_of(field: str, root: str, key: str) -> str:
    """Spell a field with the attribute that its value was under."""
    return f"{root}.{key.replace('.', chr(92) + '.')}{field.removeprefix(root)}"


def _at(value: Any, path: tuple[str | int, ...]) -> Any:
    for step in path:
        value = _inside(value, step)
    return value


def _inside(value: Any, step: str | int) -> Any:
    if isinstance(value, dict):
        return value.get(str(step))
    if isinstance(value, list) and isinstance(step, int):
        return value[step] if step < len(value) else None
    return None
