"""Objects inside objects: a published object names its parts by refs (`contract/weave-api.md` §6).

Whoever can read refs puts values in their place, round by round: read `refs_in` a value, then `filled` it
with what was read, `MAX_DEPTH` times at most.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MAX_DEPTH: Final = 4
"""Rounds: a scorer holds a model, which holds a prompt; nothing that is published is deeper by much."""
MAX_NESTED_REFS: Final = 100
"""Refs of one round: no scorer is made of more parts."""
REF: Final = "_ref"
"""The member that tells which ref an object was read from."""

_OBJECT_REF: Final = re.compile(r"weave:///[^/\s]+/[^/\s]+/object/[^/:\s]+:[^/:\s]+")


def refs_in(value: Any) -> tuple[str, ...]:
    """Return the refs of objects in a JSON value, each once; those of ops and calls are left.

    A member `_ref` says where its object came from and is none of them.
    """
    return tuple(dict.fromkeys(_refs(value)))[:MAX_NESTED_REFS]


def _refs(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        if _OBJECT_REF.fullmatch(value):
            yield value
    elif isinstance(value, dict):
        for name, member in value.items():
            if name != REF:
                yield from _refs(member)
    elif isinstance(value, list):
        for member in value:
            yield from _refs(member)


def filled(value: Any, values: Mapping[str, Any]) -> Any:
    """Return `value` with what stands behind refs in their places; an object says by `_ref` which ref it was.

    Refs that `values` does not have, or has as None, stay; so do those behind the first `MAX_NESTED_REFS`:
    objects that name each other many times over would be more than memory holds.
    """
    return _Filling(values).filled(value)


class _Filling:
    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values
        self._left = MAX_NESTED_REFS

    def filled(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._behind(value)
        if isinstance(value, dict):
            return {name: kept if name == REF else self.filled(kept) for name, kept in value.items()}
        if isinstance(value, list):
            return [self.filled(kept) for kept in value]
        return value

    def _behind(self, text: str) -> Any:
        found = self._values.get(text)
        if found is None or not self._left:
            return text
        self._left -= 1
        return {**found, REF: text} if isinstance(found, dict) else found
