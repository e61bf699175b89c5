"""Every value of a span, of a call, and of what is around them, shown to a function that may change it.

A `Change` gets a plain value that is no list and no map, and returns what shall stand there: the very same
object when nothing changes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from otel_bridge.processor.anyvalue import write

if TYPE_CHECKING:
    from collections.abc import Callable

    Change = Callable[[Any], Any]

_SCALARS: Final = frozenset({"string_value", "bool_value", "int_value", "double_value"})


def change_pairs(pairs: Any, change: Change) -> int:
    """Change the values of repeated `KeyValue`; return how many changed."""
    return sum(change_value(pair.value, change) for pair in pairs)


def change_value(value: Any, change: Change) -> int:
    """Change an `AnyValue` and all inside it; return how many values changed."""
    kind = value.WhichOneof("value")
    if kind in _SCALARS:
        old = getattr(value, kind)
        new = change(old)
        if new is old:
            return 0
        write(value, new)
        return 1
    if kind == "bytes_value":
        return _change_bytes(value, change)
    if kind == "array_value":
        return sum(change_value(item, change) for item in value.array_value.values)
    if kind == "kvlist_value":
        return change_pairs(value.kvlist_value.values, change)
    return 0


def _change_bytes(value: Any, change: Change) -> int:
    """Change bytes that are text."""
    try:
        old = value.bytes_value.decode()
    except UnicodeDecodeError:
        return 0
    new = change(old)
    if new is old:
        return 0
    value.bytes_value = str(new).encode()
    return 1


def change_field(message: Any, field: str, change: Change) -> int:
    """Change a text field of a message."""
    old = getattr(message, field)
    new = change(old) if old else old
    if new is old:
        return 0
    setattr(message, field, str(new))
    return 1


def changed_tree(tree: Any, change: Change, count: list[int]) -> Any:
    """Return a JSON tree with its values changed, in place where it can be; `count[0]` adds them up."""
    if isinstance(tree, dict):
        for key, value in tree.items():
            tree[key] = changed_tree(value, change, count)
        return tree
    if isinstance(tree, list):
        for at, value in enumerate(tree):
            tree[at] = changed_tree(value, change, count)
        return tree
    new = change(tree) if tree is not None else None
    count[0] += new is not tree
    return new
