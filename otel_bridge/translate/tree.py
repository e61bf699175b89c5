"""Dotted keys to a tree (`contract/otel-mapping.md` §3): nothing raises, no order matters, nothing is lost.

The quick way takes attributes as they come and gives up at the first two that claim one place; the careful
way then lays them down from the shortest key to the longest, so that the outcome depends on the keys alone.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import orjson

from otel_bridge.translate.values import MAX_LEVELS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from otel_bridge.model.span import Attributes, Value

MAX_SEGMENTS: Final = 64
"""Dots that nest, at most; the rest of a longer key stays one segment (JSON writers stop at 254 levels)."""

CACHED_KEY_CHARS: Final = 256

BRACKETS: Final = frozenset("{[")
"""How JSON texts start that stand for what they mean."""

SCALAR: Final = "_value"
"""Where a scalar goes whose key is also the parent of other keys."""


def parsed(text: str) -> Value:
    """Return what JSON text means; any other text, and JSON nested deeper than 24, stays text."""
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
    if _may_be_deep(text) and _deeper(value, MAX_LEVELS):
        return text
    return value


def _may_be_deep(text: str) -> bool:
    """Tell whether the text has more brackets than levels are mapped.

    Jumping from bracket to bracket, and no further than needed, is cheaper than counting them all.
    """
    find, left = text.find, MAX_LEVELS
    for bracket in "[{":
        at = find(bracket)
        while at >= 0:
            left -= 1
            if left < 0:
                return True
            at = find(bracket, at + 1)
    return False


def unflatten(flat: Attributes) -> dict[str, Value]:
    """Nest dotted keys, parsing JSON texts; a scalar whose key has children goes under `_value` of them."""
    tree: dict[str, Value] = {}
    nodes: dict[str | None, dict[str, Value]] = {}
    for key, value in flat.items():
        parent, parents, leaf = path(key) if len(key) <= CACHED_KEY_CHARS else path.__wrapped__(key)
        node = nodes.get(parent)
        if node is None:
            found = _descend(tree, parents)
            if found is None:
                return _carefully(flat)
            node = nodes[parent] = found
        if leaf in node:
            return _carefully(flat)
        node[leaf] = _own(value)
    return tree


def as_lists(value: Value) -> Value:
    """Turn every dict whose keys are exactly 0..n-1 into a list; dicts inside lists stay as they are."""
    return _listed(value) if type(value) is dict and _has_indexes(value) else value


def as_weaves_lists(value: Value) -> Value:
    """Do the same as Weave does it: an empty dict inside the value becomes a list too."""
    if type(value) is dict and value and ("0" in value or _has_empties(value)):
        return as_nested_lists(value)
    return value


def as_nested_lists(value: Value) -> Value:
    """Turn dicts inside a value into lists as Weave does, empty ones too."""
    if type(value) is not dict:
        return value
    if all(str(index) in value for index in range(len(value))):
        return [as_nested_lists(value[str(index)]) for index in range(len(value))]
    return {key: as_nested_lists(child) for key, child in value.items()}


def _has_indexes(node: dict[str, Value]) -> bool:
    return "0" in node or any(type(child) is dict and _has_indexes(child) for child in node.values())


def _has_empties(node: dict[str, Value]) -> bool:
    return any(
        type(child) is dict and (not child or "0" in child or _has_empties(child)) for child in node.values()
    )


def _listed(value: Value) -> Value:
    if type(value) is not dict or not value:
        return value
    if "0" in value and all(str(index) in value for index in range(len(value))):
        return [_listed(value[str(index)]) for index in range(len(value))]
    return {key: _listed(child) for key, child in value.items()}


@lru_cache(maxsize=4096)
def path(key: str) -> tuple[str | None, tuple[str, ...], str]:
    """Split a key into its parent's key (None at the top), its parent's segments and its last segment."""
    *parents, leaf = key.split(".", MAX_SEGMENTS - 1)
    return ".".join(parents) if parents else None, tuple(parents), leaf


def walk(tree: Mapping[str, Value], segments: Iterable[str]) -> Value:
    """Return the value at a path of dicts, None when there is none."""
    node: Any = tree
    for segment in segments:
        node = node.get(segment) if type(node) is dict else None
    return node


def _deeper(value: Value, levels: int) -> bool:
    if type(value) is dict:
        return not levels or any(_deeper(child, levels - 1) for child in value.values())
    if type(value) is list:
        return not levels or any(_deeper(child, levels - 1) for child in value)
    return False


def _descend(tree: dict[str, Value], parents: Iterable[str]) -> dict[str, Value] | None:
    node = tree
    for segment in parents:
        child = node.get(segment, node)
        if child is node:
            child = node[segment] = {}
        elif type(child) is not dict:
            return None
        node = child
    return node


def _own(value: Value) -> Value:
    """Return the value as a tree that may be changed."""
    kind = type(value)
    if kind is str:
        return parsed(value) if value[:1] in BRACKETS else value
    return _copied(value) if kind is dict or kind is list else value


def _copied(value: Value) -> Value:
    if type(value) is dict:
        return {key: _copied(child) for key, child in value.items()}
    return [_copied(child) for child in value] if type(value) is list else value


class _Indexed(dict[str, Any]):
    """A list while keys are laid into it: its items by index."""


def _carefully(flat: Attributes) -> dict[str, Value]:
    tree: dict[str, Value] = {}
    for key in sorted(flat, key=lambda key: (key.count("."), key)):
        _lay(tree, key.split(".", MAX_SEGMENTS - 1), _own(flat[key]))
    return {key: _settled(child) for key, child in tree.items()}


def _lay(tree: dict[str, Value], segments: list[str], value: Value) -> None:
    node = tree
    for segment in segments[:-1]:
        node[segment] = node = _container(node[segment]) if segment in node else {}
    leaf = segments[-1]
    node[leaf] = _merged(node[leaf], value) if leaf in node else value


def _container(value: Value) -> dict[str, Value]:
    if isinstance(value, dict):
        return value
    if type(value) is list:
        return _Indexed((str(index), child) for index, child in enumerate(value))
    return {SCALAR: value}


def _merged(old: Value, new: Value) -> Value:
    """Merge what an explicit key says over what JSON text of a shorter key said."""
    if not isinstance(old, dict | list) and not isinstance(new, dict | list):
        return new
    merged = _container(old)
    for key, child in _container(new).items():
        merged[key] = _merged(merged[key], child) if key in merged else child
    return merged


def _settled(value: Value) -> Value:
    """Turn what was a list before keys were laid into it back into one, when its indexes have no gaps."""
    if isinstance(value, dict):
        settled = {key: _settled(child) for key, child in value.items()}
        if type(value) is _Indexed and all(str(index) in settled for index in range(len(settled))):
            return [settled[str(index)] for index in range(len(settled))]
        return settled
    return [_settled(child) for child in value] if type(value) is list else value
