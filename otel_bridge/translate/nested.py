"""Attributes as nested JSON, without building the tree when no two keys claim one place.

For such keys the JSON text is the same every time but for the values: it is laid out once for a set of keys.
The outcome is `orjson.dumps(unflatten(flat))` but for the order of members.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct
from orjson import dumps

from otel_bridge.translate.shapes import Shapes
from otel_bridge.translate.tree import BRACKETS, MAX_SEGMENTS, parsed, unflatten

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from otel_bridge.model.span import Attributes, Value

Rendered = dict[str, bytes]
"""JSON texts of a span, compact: what one part of a translation parsed, another need not."""


class Skeleton(Struct, frozen=True):
    """The JSON text around the values of `keys`: its pieces, with room for a value between any two.

    No keys: two of them claim one place, the tree must be built.
    """

    keys: tuple[str, ...]
    pieces: tuple[bytes, ...]


def nested_json(flat: Attributes, rendered: Rendered) -> bytes:
    """Return the attributes as one JSON object, dotted keys nested."""
    if not flat:
        return b"{}"
    skeleton = _skeletons.of(tuple(flat))
    if not skeleton.keys:
        return dumps(unflatten(flat))
    parts = list(skeleton.pieces)
    parts[1::2] = [
        dumps(value)
        if type(value) is not str or value[:1] not in BRACKETS
        else rendered.get(value) or dumps(parsed(value))
        for value in map(flat.__getitem__, skeleton.keys)
    ]
    return b"".join(parts)


def picked_json(
    skeleton: Skeleton, flat: Attributes, rendered: Rendered, lists: Callable[[Value], Value]
) -> bytes:
    """Return the skeleton with the values of `flat`, in which `lists` makes dicts of indexes lists."""
    parts = list(skeleton.pieces)
    parts[1::2] = [
        dumps(value)
        if (kind := type(value)) is not dict and (kind is not str or value[:1] not in BRACKETS)
        else rendered.get(value) or dumps(lists(parsed(value)))
        if kind is str
        else dumps(lists(value))
        for value in map(flat.__getitem__, skeleton.keys)
    ]
    return b"".join(parts)


def skeleton_of(positions: Any) -> Skeleton:
    """Lay JSON text out for a tree whose leaves are the keys of attributes."""
    ordered: list[str] = []
    pieces = [b""]
    for piece in _pieces(positions):
        if isinstance(piece, bytes):
            pieces[-1] += piece
        else:
            ordered.append(piece)
            pieces += (b"", b"")  # the value's place, and what follows it
    return Skeleton(tuple(ordered), tuple(pieces))


def _skeleton(keys: tuple[str, ...]) -> Skeleton:
    root = positions({key: key for key in keys})
    return Skeleton((), ()) if root is None else skeleton_of(root)


def positions(keys: Mapping[str, str]) -> dict[str, Any] | None:
    """Return the tree of paths with the key of each at its leaf; None when two claim one place."""
    root: dict[str, Any] = {}
    for path, key in keys.items():
        *parents, leaf = path.split(".", MAX_SEGMENTS - 1)
        node = root
        for segment in parents:
            node = node.setdefault(segment, {})
            if type(node) is not dict:
                return None
        if leaf in node:
            return None
        node[leaf] = key
    return root


def _pieces(node: Any) -> Iterator[bytes | str]:
    """Yield JSON text as bytes, and the keys of attributes where their values belong."""
    if type(node) is dict:
        yield b"{"
        for index, (name, child) in enumerate(node.items()):
            yield (b"," if index else b"") + dumps(name) + b":"
            yield from _pieces(child)
        yield b"}"
    elif type(node) is list:
        yield b"["
        for index, child in enumerate(node):
            if index:
                yield b","
            yield from _pieces(child)
        yield b"]"
    else:
        yield node


_skeletons: Final = Shapes(_skeleton)
