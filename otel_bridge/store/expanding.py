"""Puts the values that refs name in the place of the refs (`contract/weave-api.md` §2.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol

import orjson

from otel_bridge.query.evaluate import at_path
from otel_bridge.query.refs import parsed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from otel_bridge.model.query import JsonField

_KINDS: Final = frozenset({"object", "op"})
_REF_MEMBER: Final = "_ref"


class Resolve(Protocol):
    """Finds what refs name (`annex.resolving.Resolver`)."""

    def value(self, ref: str) -> bytes | None:
        """Return the JSON of the value that a ref names, None when it is not kept."""


class Expander:
    """Expands the refs at `fields`; with none of them it changes nothing."""

    def __init__(self, fields: Iterable[JsonField], resolve: Resolve) -> None:
        self._resolve = resolve
        self._paths: dict[str, list[tuple[str | int, ...]]] = {}
        for field in sorted(fields, key=lambda field: len(field.path)):
            self._paths.setdefault(field.root, []).append(field.path)

    def tree(self, root: str, text: bytes | None) -> bytes | None:
        """Return a whole tree with its refs expanded, those that a value brings too, shallow ones first."""
        paths = self._paths.get(root)
        if text is None or not paths or b'"weave:///' not in text:
            return text
        tree = orjson.loads(text)
        for path in paths:
            found = self._named(at_path(tree, path))
            if found is not None:
                tree = _with(tree, path, found)
        return orjson.dumps(tree)

    def reached(self, root: str, tree: Any, path: Sequence[str | int]) -> Any:
        """Return what lies at a path, behind the refs on the way to it."""
        through: Collection[tuple[str | int, ...]] = self._paths.get(root, ())
        for at in range(len(path)):
            if tuple(path[:at]) in through:
                found = self._named(tree)
                tree = tree if found is None else found
            tree = at_path(tree, path[at : at + 1])
        return tree

    def _named(self, value: Any) -> Any:
        """Return the value of a ref to an object, objects with the ref in them; None for all else."""
        ref = parsed(value) if isinstance(value, str) else None
        text = self._resolve.value(value) if ref is not None and ref.kind in _KINDS else None
        if text is None:
            return None
        found = orjson.loads(text)
        return {**found, _REF_MEMBER: value} if isinstance(found, dict) else found


def _with(tree: Any, path: Sequence[str | int], value: Any) -> Any:
    if not path:
        return value
    at_path(tree, path[:-1])[path[-1]] = value
    return tree
