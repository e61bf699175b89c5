"""Find the sources of fields in a span's attributes without building their tree.

What a set of keys can offer is worked out once. The outcome is what reading the tree (`tree.unflatten`) would
give.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from msgspec import Struct

from otel_bridge.translate.fields import BLOCK, FIELDS, OVERRIDES, USAGE
from otel_bridge.translate.readers import as_is
from otel_bridge.translate.shapes import Shapes
from otel_bridge.translate.tree import BRACKETS, as_lists, parsed, unflatten, walk

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from otel_bridge.model.span import Attributes, Value
    from otel_bridge.translate.fields import Source


class Place(NamedTuple):
    """A source that a set of keys offers: as the key itself or, when there are `keys`, as a subtree of them.

    `leaves`: the subtree is flat, these are its members and their keys. `read` None takes any value.
    """

    key: str
    read: Callable[[Any], Any] | None
    keys: tuple[str, ...] = ()
    leaves: tuple[tuple[str, str], ...] = ()


Offer = tuple[tuple[str, tuple[Place, ...]], ...]
"""Fields and their places in order of precedence, only fields that have any."""


class Shape(Struct, frozen=True):
    """What a set of keys offers.

    `parents` are keys that lie above a source: should one hold a dict, the source may be inside.
    """

    fields: Mapping[str, tuple[Place, ...]]
    block: Offer
    usage: Offer
    parents: tuple[str, ...] = ()
    overrides: bool = False
    """There is a field that few spans have."""


class Found(Struct, frozen=True, gc=False):
    """The sources that one span offers.

    `whole`: the values of `flat` come from the tree, so texts in it that look like JSON are just texts.
    """

    flat: Attributes
    shape: Shape
    whole: bool = False

    def pick(self, field: str) -> Any:
        """Return the field's value from its first source that is present and readable, else None."""
        places = self.shape.fields.get(field)
        return self.first(places)[1] if places else None

    def first(self, places: tuple[Place, ...]) -> tuple[str, Any]:
        """Return key and value of the first source that is present and readable, value None without any."""
        flat, parse = self.flat, not self.whole
        for key, read, keys, leaves in places:
            if keys:
                value = self._subtree(key, keys, leaves)
            else:
                value = flat[key]
                kind = type(value)
                if kind is str and parse and value[:1] in BRACKETS:
                    value = as_lists(parsed(value))
                elif kind is dict:
                    value = as_lists(value)
            if read is not None:
                value = read(value)
            if value is not None:
                return key, value
        return "", None

    def _subtree(self, key: str, keys: tuple[str, ...], leaves: tuple[tuple[str, str], ...]) -> Value:
        flat = self.flat
        if not leaves:
            return as_lists(walk(unflatten({name: flat[name] for name in keys}), key.split(".")))
        tree: dict[str, Value] = {}
        for leaf, name in leaves:
            value = flat[name]
            tree[leaf] = parsed(value) if type(value) is str and value[:1] in BRACKETS else value
        return as_lists(tree)


def look_up(flat: Attributes) -> Found:
    """Find what the attributes offer."""
    shape = _shapes.of(tuple(flat))
    for parent in shape.parents:
        value = flat[parent]
        if type(value) is dict or (type(value) is str and value[:1] == "{"):
            return _look_into_tree(flat)
    return Found(flat, shape)


def _look_into_tree(flat: Attributes) -> Found:
    tree = unflatten(flat)
    values = {key: walk(tree, key.split(".")) for key in SOURCES}
    present = {key: value for key, value in values.items() if value is not None}
    return Found(present, _shape(tuple(present), subtrees=False), whole=True)


SOURCES: Final = frozenset(source.key for sources in FIELDS.values() for source in sources)


def _above(key: str) -> list[str]:
    return [key[:end] for end, char in enumerate(key) if char == "."]


_PARENTS: Final = frozenset(parent for key in SOURCES for parent in _above(key))

_LONGEST: Final = max(map(len, SOURCES))


def _place(source: Source, keys: list[str]) -> Place:
    leaves = tuple((key[len(source.key) + 1 :], key) for key in keys)
    flat = all(leaf and "." not in leaf and leaf != "0" for leaf, _ in leaves)
    read = None if source.read is as_is else source.read
    return Place(source.key, read, tuple(keys), leaves if flat else ())


def _shape(keys: tuple[str, ...], *, subtrees: bool = True) -> Shape:
    exact = SOURCES.intersection(keys)
    below: dict[str, list[str]] = {}
    for key in keys if subtrees else ():
        for parent in SOURCES.intersection(_above(key[: _LONGEST + 1])):
            below.setdefault(parent, [parent] if parent in exact else []).append(key)
    places: dict[str, tuple[Place, ...]] = {}
    for field, sources in FIELDS.items():
        present = [
            _place(source, below.get(source.key, []))
            for source in sources
            if source.key in exact or source.key in below
        ]
        if present:
            places[field] = tuple(present)
    return Shape(
        places,
        tuple((field, places[field]) for field in BLOCK if field in places),
        tuple((field, places[field]) for field in USAGE if field in places),
        tuple(_PARENTS.intersection(keys)),
        overrides=not places.keys().isdisjoint(OVERRIDES),
    )


_shapes: Final = Shapes(_shape)
