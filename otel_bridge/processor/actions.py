"""The edits of `attributes` and `resource`: what each action does to attributes, as in the Collector."""

from __future__ import annotations

import hashlib
import math
from typing import TYPE_CHECKING, Any, Final

import orjson

from otel_bridge.patterns import compiled
from otel_bridge.processor.anyvalue import INT64

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from otel_bridge.processor.attributes_map import AttributeMap
    from otel_bridge.processor.settings import Action

    Edit = Callable[[AttributeMap], None]


def edits(actions: Sequence[Action]) -> Edit:
    """Return what does all actions, in order; raise BadPattern for what is no regular expression."""
    each = tuple(_EDITS[action.action](action) for action in actions)

    def edit(attributes: AttributeMap) -> None:
        for one in each:
            one(attributes)

    return edit


def digest(value: Any) -> str:
    """Return the SHA-256 of a value, in hex: of a text its UTF-8, of anything else its JSON."""
    raw = value.encode(errors="surrogatepass") if isinstance(value, str) else orjson.dumps(value)
    return hashlib.sha256(raw).hexdigest()


def _value_of(action: Action) -> Callable[[AttributeMap], tuple[bool, Any]]:
    """Return what finds the value to set, and whether there is one."""
    if action.from_attribute is None:
        found = (True, action.value)
        return lambda _attributes: found
    source = action.from_attribute
    return lambda attributes: (attributes.has(source), attributes.get(source))


def _setting(action: Action, *, where_there: bool, where_not: bool) -> Edit:
    assert action.key is not None
    key, value_of = action.key, _value_of(action)

    def edit(attributes: AttributeMap) -> None:
        if not (where_there if attributes.has(key) else where_not):
            return
        found, value = value_of(attributes)
        if found:
            attributes.set(key, value)

    return edit


def _for_each(action: Action, change: Callable[[AttributeMap, str], None]) -> Edit:
    """Change the attribute of a key, and all whose keys match a pattern."""
    key = action.key
    search = None if action.pattern is None else compiled(action.pattern).search

    def edit(attributes: AttributeMap) -> None:
        if key is not None and attributes.has(key):
            change(attributes, key)
        if search is not None:
            for name in attributes.keys():  # noqa: SIM118 - it is no mapping
                if search(name) is not None:
                    change(attributes, name)

    return edit


def _delete(action: Action) -> Edit:
    return _for_each(action, lambda attributes, key: attributes.delete(key))


def _hash(action: Action) -> Edit:
    return _for_each(action, lambda attributes, key: attributes.set(key, digest(attributes.get(key))))


def _extract(action: Action) -> Edit:
    assert action.key is not None
    assert action.pattern is not None
    key, pattern = action.key, compiled(action.pattern)
    if not pattern.groupindex:
        raise ValueError(f"extract: the pattern {action.pattern!r} names no group, as in (?P<user>.*)")

    def edit(attributes: AttributeMap) -> None:
        value = attributes.get(key)
        found = pattern.search(value) if isinstance(value, str) else None
        if found is not None:
            for name, text in found.groupdict().items():
                if text is not None:
                    attributes.set(name, text)

    return edit


def _convert(action: Action) -> Edit:
    assert action.key is not None
    assert action.converted_type is not None
    key, converted = action.key, _CONVERTED[action.converted_type]

    def edit(attributes: AttributeMap) -> None:
        if attributes.has(key):
            value = converted(attributes.get(key))
            if value is not None:
                attributes.set(key, value)

    return edit


def _as_int(value: Any) -> int | None:
    try:
        number = int(value) if isinstance(value, str | int | float) else None
    except (ValueError, OverflowError):
        return None
    return number if number in INT64 else None


def _as_double(value: Any) -> float | None:
    try:
        number = float(value) if isinstance(value, str | int | float) else None
    except (ValueError, OverflowError):
        return None
    return number if number is not None and math.isfinite(number) else None


def _as_text(value: Any) -> str | None:
    if isinstance(value, str):
        return value
    return None if value is None else orjson.dumps(value).decode()


def _as_bool(value: Any) -> bool | None:
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.strip().lower())
    return bool(value) if isinstance(value, int | float) else None


_CONVERTED: Final[Mapping[str, Callable[[Any], Any]]] = {
    "int": _as_int,
    "double": _as_double,
    "string": _as_text,
    "bool": _as_bool,
}
"""A value that cannot be converted stays what it is."""

_EDITS: Final[Mapping[str, Callable[[Action], Edit]]] = {
    "insert": lambda action: _setting(action, where_there=False, where_not=True),
    "update": lambda action: _setting(action, where_there=True, where_not=False),
    "upsert": lambda action: _setting(action, where_there=True, where_not=True),
    "delete": _delete,
    "hash": _hash,
    "extract": _extract,
    "convert": _convert,
}
