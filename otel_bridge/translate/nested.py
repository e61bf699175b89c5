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
    from collections.abc import Iterator

    from otel_bridge.model.span import Attributes

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


def _skeleton(keys: tuple[str, ...]) -> Skeleton:
    root = _positions(keys)
    if root is None:
        return Skeleton((), ())
    ordered: list[str] = []
    pieces = [b""]
    for piece in _pieces(root):
        if isinstance(piece, bytes):
            pieces[-1] += piece
        else:
            ordered.append(piece)
            pieces += (b"", b"")  # the value's place, and what follows it
    return Skeleton(tuple(ordered), tuple(pieces))


def _positions(keys: tuple[str, ...]) -> dict[str, Any] | None:
    """Return the tree of the keys, each at its own leaf; None when two keys claim one place."""
    root: dict[str, Any] = {}
    for key in keys:
        *parents, leaf = key.split(".", MAX_SEGMENTS - 1)
        node = root
        for segment in parents:
            node = node.setdefault(segment, {})
            if type(node) is not dict:
                return None
        if leaf in node:
            return None
        node[leaf] = key
    return root


def _pieces(node: dict[str, Any]) -> Iterator[bytes | str]:
    """Yield JSON text as bytes, and the keys of attributes where their values belong."""
    yield b"{"
    for index, (name, child) in enumerate(node.items()):
        yield (b"," if index else b"") + dumps(name) + b":"
        if type(child) is dict:
            yield from _pieces(child)
        else:
            yield child
    yield b"}"


_skeletons: Final = Shapes(_skeleton)
