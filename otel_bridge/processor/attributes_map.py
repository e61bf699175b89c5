"""Attributes that can be edited: those of OTLP messages, and those of calls that the API wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from otel_bridge.processor.anyvalue import write
from otel_bridge.translate.values import read

if TYPE_CHECKING:
    from collections.abc import Sequence


class AttributeMap(Protocol):
    """Attributes by key. Values are plain (`model.span.Value`)."""

    def keys(self) -> Sequence[str]:
        """Return the keys, each once, in their order."""

    def has(self, key: str) -> bool:
        """Tell whether there is such an attribute, whatever its value."""

    def get(self, key: str) -> Any:
        """Return the value of an attribute; None when there is none."""

    def set(self, key: str, value: Any) -> None:
        """Set an attribute, in its place where it is there, else at the end."""

    def delete(self, key: str) -> None:
        """Take an attribute away; a no-op when it is not there."""


class WireAttributes:
    """The repeated `KeyValue` of an OTLP message; of a key that was sent twice the last one counts."""

    __slots__ = ("_index", "_pairs")

    def __init__(self, pairs: Any) -> None:
        self._pairs = pairs
        self._index: dict[str, Any] | None = None

    def keys(self) -> list[str]:
        return [*self._by_key()]

    def has(self, key: str) -> bool:
        return key in self._by_key()

    def get(self, key: str) -> Any:
        pair = self._by_key().get(key)
        return None if pair is None else read(pair.value, 1, {})

    def set(self, key: str, value: Any) -> None:
        index = self._by_key()
        pair = index.get(key)
        if pair is None:
            pair = index[key] = self._pairs.add(key=key)
        write(pair.value, value)

    def delete(self, key: str) -> None:
        if not self.has(key):
            return
        for at in reversed(range(len(self._pairs))):
            if self._pairs[at].key == key:
                del self._pairs[at]
        self._index = None  # messages behind it have moved

    def forget(self) -> None:
        """Look again: somebody changed the message itself."""
        self._index = None

    def _by_key(self) -> dict[str, Any]:
        if self._index is None:
            self._index = {pair.key: pair for pair in self._pairs}
        return self._index


class TreeAttributes:
    """The JSON object of a call. A dotted key is the member of that name, else a way into the tree.

    `{"a": {"b": 1}}` has the keys `a` and, asked for, `a.b`. What is new becomes a member of that name.
    """

    __slots__ = ("_tree", "changed")

    def __init__(self, tree: dict[str, Any]) -> None:
        self._tree = tree
        self.changed = False
        """Whether anything was set or deleted."""

    def keys(self) -> list[str]:
        return [*self._tree]

    def has(self, key: str) -> bool:
        return self._holder(key) is not None

    def get(self, key: str) -> Any:
        found = self._holder(key)
        return None if found is None else found[0][found[1]]

    def set(self, key: str, value: Any) -> None:
        holder, name = self._holder(key) or (self._tree, key)
        holder[name] = value
        self.changed = True

    def delete(self, key: str) -> None:
        found = self._holder(key)
        if found is not None:
            del found[0][found[1]]
            self.changed = True

    def _holder(self, key: str) -> tuple[dict[str, Any], str] | None:
        """Return the object that has the attribute, and its name there."""
        if key in self._tree:
            return self._tree, key
        at: Any = self._tree
        head, dot, rest = key.partition(".")
        while dot and isinstance(at, dict) and head in at:
            at = at[head]
            if isinstance(at, dict) and rest in at:
                return at, rest
            head, dot, rest = rest.partition(".")
        return None
