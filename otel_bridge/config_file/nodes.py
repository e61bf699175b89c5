"""A configuration before it is checked: a tree in which every value knows who wrote it.

Values are maps, lists, texts and None. Numbers and truth values stay `Plain` texts until the key they
belong to says what it wants, so that `0123` of a key for text stays `0123`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from msgspec import Struct

if TYPE_CHECKING:
    from otel_bridge.config_file.problems import Origin, Place


class Plain(str):
    """A text that may mean something else than itself: a plain `12`, or what `${env:X}` stands for.

    `path`: the file whose contents it is, where it can be read again.
    """

    __slots__ = ("path",)
    path: str | None

    @classmethod
    def of(cls, text: str, path: str | None = None) -> Plain:
        """Return the text, and the file it came from."""
        plain = cls(text)
        plain.path = path
        return plain


Value: TypeAlias = "dict[str, Node] | list[Node] | str | None"


class Node(Struct, frozen=True):
    """A value and who wrote it; `key`: where its key is; `via`: the variables and files it was taken from."""

    value: Value
    origin: Origin
    key: Origin | None = None
    via: tuple[str, ...] = ()

    @property
    def named_at(self) -> Origin:
        """Return where its key is, or itself when it has none."""
        return self.key or self.origin


def merged(lower: Node, upper: Node) -> Node:
    """Return both: maps joined at any depth, lists and single values those of `upper`.

    An empty value (None) of `upper` never takes a map or a list away; `[]` is a list of nothing.
    Of a secret and the file that holds it, `upper` has the one that counts.
    """
    if isinstance(lower.value, dict) and isinstance(upper.value, dict):
        joined = {name: node for name, node in lower.value.items() if _other_way(name) not in upper.value}
        for name, node in upper.value.items():
            joined[name] = merged(joined[name], node) if name in joined else node
        return Node(joined, upper.origin, upper.key)
    if upper.value is None and isinstance(lower.value, dict | list):
        return lower
    return upper


def _other_way(name: str) -> str:
    """Return the key that says the same in another way: `api_key_file` for `api_key`, and back."""
    return name.removesuffix("_file") if name.endswith("_file") else f"{name}_file"


def found(node: Node | None, place: Place) -> Node | None:
    """Return what is at a place, None when nothing is."""
    for part in place:
        match node, part:
            case Node(value=dict() as members), str():
                node = members.get(part)
            case Node(value=list() as items), int() if part < len(items):
                node = items[part]
            case _:
                return None
    return node


def nearest(node: Node, place: Place) -> Node:
    """Return what is at a place, or around it where nothing is."""
    while (here := found(node, place)) is None:
        place = place[:-1]
    return here


def with_value(node: Node, place: tuple[str, ...], value: Value, origin: Origin) -> Node:
    """Return the tree with a value at a place, unless somebody of a higher rank wrote one there."""
    if not place:
        return node if node.origin.rank > origin.rank else Node(value, origin, node.key)
    inside = node.value if node.value is not None else {}
    if not isinstance(inside, dict):
        return node
    name = place[0]
    member = inside.get(name) or Node(None, origin, origin)
    changed = with_value(member, place[1:], value, origin)
    return Node({**inside, name: changed}, node.origin, node.key, node.via)


def replaced(node: Node, place: tuple[str, ...], new: Node) -> Node:
    """Return the tree with another node at a place that is there."""
    if not place:
        return new
    assert isinstance(node.value, dict)
    changed = replaced(node.value[place[0]], place[1:], new)
    return Node({**node.value, place[0]: changed}, node.origin, node.key, node.via)


def plain(node: Node | None) -> Any:
    """Return the values alone."""
    if node is None:
        return None
    if isinstance(node.value, dict):
        return {name: plain(each) for name, each in node.value.items()}
    if isinstance(node.value, list):
        return [plain(each) for each in node.value]
    return node.value
