"""What was worked out for a set of attribute keys: programs send the same few sets over and over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

MAX_SHAPES: Final = 1024
MAX_SHAPE_CHARS: Final = 8192
"""How many sets of keys are remembered, and how long the keys of one may be together."""


class Shapes(Generic[T]):
    """A bounded memory of `compile`'s results by keys; forgets all of them when it is full."""

    def __init__(self, compile_keys: Callable[[tuple[str, ...]], T]) -> None:
        self._compile = compile_keys
        self._known: dict[tuple[str, ...], T] = {}

    def of(self, keys: tuple[str, ...]) -> T:
        """Return what `compile` makes of the keys."""
        shape = self._known.get(keys)
        if shape is None:
            shape = self._compile(keys)
            if sum(map(len, keys)) <= MAX_SHAPE_CHARS:
                if len(self._known) >= MAX_SHAPES:
                    self._known.clear()
                self._known[keys] = shape
        return shape
