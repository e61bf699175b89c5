"""Find the sources of fields in a span's attributes without building their tree.

What a set of keys can offer is worked out once. The outcome is what reading the tree (`tree.unflatten`) would
give.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

from otel_bridge.translate.fields import BLOCK, FIELDS, OVERRIDES
from otel_bridge.translate.messages import WithoutLevel
from otel_bridge.translate.nested import Skeleton, positions, skeleton_of
from otel_bridge.translate.readers import as_is
from otel_bridge.translate.shapes import Shapes
from otel_bridge.translate.sources import Told, Wrap
from otel_bridge.translate.tables.usage import AGGREGATED, USAGE
from otel_bridge.translate.tree import BRACKETS, as_lists, as_weaves_lists, parsed, unflatten, walk

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from otel_bridge.model.span import Attributes, Value
    from otel_bridge.translate.sources import Only, Source


class Place(Struct, frozen=True):
    """A source that a set of keys offers: as the key itself or, when there are `keys`, as a subtree of them.

    `leaves`: the subtree is flat, these are its members and their keys. `read` None takes any value. `only`:
    it counts when another attribute says so. `ours`: Weave does not read it. `skeleton`: the JSON of the
    subtree, unless its form depends on its values.
    """

    key: str
    read: Callable[[Any], Any] | None
    keys: tuple[str, ...] = ()
    leaves: tuple[tuple[str, str], ...] = ()
    only: Only | None = None
    wrap: Wrap = Wrap.ALWAYS
    ours: bool = False
    skeleton: Skeleton | None = None


Offer = tuple[tuple[str, tuple[Place, ...]], ...]
"""Fields and their places in order of precedence, only fields that have any."""


class Shape(Struct, frozen=True):
    """What a set of keys offers.

    `parents` are keys that lie above a source: should one hold a dict, the source may be inside. `weaves`: it
    offers something that Weave's server reads too.
    """

    fields: Mapping[str, tuple[Place, ...]]
    block: Offer
    usage: Offer
    aggregated: Offer
    parents: tuple[str, ...] = ()
    overrides: bool = False
    weaves: bool = False


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

    def first(self, places: tuple[Place, ...]) -> tuple[Place | None, Any]:
        """Return place and value of the first source that is present and readable, None without any."""
        for place in places:
            if place.only is not None or place.keys:
                value = self.value(place) if place.only is None or self.holds(place.only) else None
            else:  # most are one attribute with a plain text or a number
                value, read = self.flat[place.key], place.read
                kind = type(value)
                if kind is not int and (kind is not str or value[:1] in BRACKETS):
                    value = self.value(place)
                elif read is not None:
                    value = read(value)
            if value is not None:
                return place, value
        return None, None

    def value(self, place: Place) -> Any:
        """Return what is at a place, None when it is unreadable."""
        value = self._subtree(place) if place.keys else self.flat[place.key]
        kind = type(value)
        if kind is str and not self.whole and value[:1] in BRACKETS:
            value = parsed(value)
            kind = type(value)
        if kind is dict:
            value = as_lists(value) if place.ours else as_weaves_lists(value)
        return value if place.read is None else place.read(value)

    def holds(self, only: Only) -> bool:
        """Tell whether an attribute is a text, and one of the condition's values when it has any."""
        value = self.flat[only.key]
        if type(value) is not str or value[:1] in BRACKETS:
            return False
        return not only.values or value.lower() in only.values

    def _subtree(self, place: Place) -> Value:
        flat = self.flat
        if not place.leaves:
            return walk(unflatten({name: flat[name] for name in place.keys}), place.key.split("."))
        tree: dict[str, Value] = {}
        for leaf, name in place.leaves:
            value = flat[name]
            tree[leaf] = parsed(value) if type(value) is str and value[:1] in BRACKETS else value
        return tree


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
    values = {key: walk(tree, key.split(".")) for key in _ASKED}
    present = {key: value for key, value in values.items() if value is not None}
    return Found(present, _tree_shapes.of(tuple(present)), whole=True)


_ROWS: Final[Mapping[str, tuple[Source, ...]]] = {
    field: tuple(row for row in rows if row.told is Told.ATTRIBUTES) for field, rows in FIELDS.items()
}

SOURCES: Final = frozenset(source.key for rows in _ROWS.values() for source in rows)

_CONDITIONS: Final = frozenset(
    row.only.key for rows in _ROWS.values() for row in rows if row.only is not None
)


_ASKED: Final = tuple(sorted(SOURCES | _CONDITIONS))
"""In one order, so that a tree's shape is found again."""


def _above(key: str) -> list[str]:
    return [key[:end] for end, char in enumerate(key) if char == "."]


_PARENTS: Final = frozenset(parent for key in _ASKED for parent in _above(key))

_LONGEST: Final = max(map(len, SOURCES))

_MAPPED: Final = frozenset((*BLOCK, *USAGE, "inputs", "output"))
"""The fields without which a call shows all attributes (§4)."""


def _place(source: Source, keys: list[str]) -> Place:
    leaves = tuple((key[len(source.key) + 1 :], key) for key in keys)
    return Place(
        key=source.key,
        read=None if source.read is as_is else source.read,
        keys=tuple(keys),
        leaves=leaves if all(leaf and "." not in leaf and leaf != "0" for leaf, _ in leaves) else (),
        only=source.only,
        wrap=source.wrap,
        ours=source.ours,
        skeleton=_subtree_skeleton(source, leaves),
    )


def _subtree_skeleton(source: Source, leaves: tuple[tuple[str, str], ...]) -> Skeleton | None:
    """Lay out the JSON of a subtree, None where it depends on the values of its keys."""
    read = source.read
    if not leaves or (read is not as_is and not isinstance(read, WithoutLevel)):
        return None
    if isinstance(read, WithoutLevel) and not all(read.moves_only(path) for path, _ in leaves):
        return None
    tree = positions(dict(leaves))
    if tree is None or "" in tree:
        return None
    return skeleton_of(read(as_lists(tree)))


def _shape(keys: tuple[str, ...], *, subtrees: bool = True) -> Shape:
    exact = SOURCES.intersection(keys)
    conditions = _conditions(keys)
    below: dict[str, list[str]] = {}
    for key in keys if subtrees else ():
        for parent in SOURCES.intersection(_above(key[: _LONGEST + 1])):
            below.setdefault(parent, [parent] if parent in exact else []).append(key)
    offered = {
        field: [
            row
            for row in rows
            if (row.key in exact or row.key in below) and (row.only is None or row.only.key in conditions)
        ]
        for field, rows in _ROWS.items()
    }
    places = {
        field: tuple(_place(row, below.get(row.key, [])) for row in rows)
        for field, rows in offered.items()
        if rows
    }
    return Shape(
        places,
        _offer(BLOCK, places),
        _offer(USAGE, places),
        _offer(AGGREGATED, places),
        tuple(_PARENTS.intersection(keys)),
        overrides=not places.keys().isdisjoint(OVERRIDES),
        weaves=any(not row.ours for field in _MAPPED for row in offered[field]),
    )


def _conditions(keys: tuple[str, ...]) -> frozenset[str]:
    """Return the keys that conditions ask for, but those that are parents of others too."""
    asked = _CONDITIONS.intersection(keys)
    return frozenset(key for key in asked if not any(other.startswith(key + ".") for other in keys))


def _offer(fields: Collection[str], places: Mapping[str, tuple[Place, ...]]) -> Offer:
    return tuple((field, places[field]) for field in fields if field in places)


_shapes: Final = Shapes(_shape)
_tree_shapes: Final = Shapes(partial(_shape, subtrees=False))
