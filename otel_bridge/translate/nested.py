"""Attributes as nested JSON, without building the tree when no two keys claim one place.

For such keys the JSON text is the same every time but for the values: it is laid out once for a set of keys.
The outcome is `orjson.dumps(unflatten(flat))` but for the order of members.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson
from msgspec import Struct

from otel_bridge.translate.shapes import Shapes
from otel_bridge.translate.tree import BRACKETS, MAX_SEGMENTS, parsed, unflatten

if TYPE_CHECKING:
    from collections.abc import Iterator

    from otel_bridge.model.span import Attributes, Value

Rendered = dict[str, bytes]
"""JSON of attribute values by key: what one part of a translation rendered, another need not."""


class Skeleton(Struct, frozen=True):
    """The JSON text around the values: each key with the bytes before its value, and the bytes at the end.

    `slots` None: two keys claim one place, the tree must be built.
    """

    slots: tuple[tuple[bytes, str], ...] | None
    end: bytes = b"}"


def nested_json(flat: Attributes, rendered: Rendered) -> bytes:
    """Return the attributes as one JSON object, dotted keys nested."""
    skeleton = _skeletons.of(tuple(flat))
    if skeleton.slots is None:
        return orjson.dumps(unflatten(flat))
    parts: list[bytes] = []
    for before, key in skeleton.slots:
        parts += (before, rendered.get(key) or value_json(flat[key]))
    parts.append(skeleton.end)
    return b"".join(parts)


def value_json(value: Value) -> bytes:
    """Return one attribute's value as JSON; a text that is JSON stands for what it means."""
    if type(value) is str and value[:1] in BRACKETS:
        return orjson.dumps(parsed(value))
    return orjson.dumps(value)


def _skeleton(keys: tuple[str, ...]) -> Skeleton:
    root: dict[str, Any] = {}
    for key in keys:
        *parents, leaf = key.split(".", MAX_SEGMENTS - 1)
        node = root
        for segment in parents:
            node = node.setdefault(segment, {})
            if type(node) is not dict:
                return Skeleton(None)
        if leaf in node:
            return Skeleton(None)
        node[leaf] = _Slot(key)
    pieces = [b""]
    slots: list[tuple[bytes, str]] = []
    for piece in _pieces(root):
        if type(piece) is _Slot:
            slots.append((b"".join(pieces), piece.key))
            pieces = []
        else:
            pieces.append(piece)
    return Skeleton(tuple(slots), b"".join(pieces))


class _Slot(Struct, frozen=True):
    key: str


def _pieces(node: dict[str, Any]) -> Iterator[Any]:
    yield b"{"
    for index, (name, child) in enumerate(node.items()):
        yield (b"," if index else b"") + orjson.dumps(name) + b":"
        if type(child) is dict:
            yield from _pieces(child)
        else:
            yield child
    yield b"}"


_skeletons: Final = Shapes(_skeleton)
