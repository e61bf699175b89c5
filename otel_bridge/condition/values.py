"""How values compare, as in OTTL: kinds that differ are unequal and have no order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def equal(one: Any, other: Any) -> bool:
    """Tell whether two values are the same; 1 is 1.0, but neither is true."""
    return _kind(one) is _kind(other) and bool(one == other)


def less(one: Any, other: Any) -> bool:
    """Tell whether a number or a text comes before another one."""
    kind = _kind(one)
    return kind in {float, str} and kind is _kind(other) and bool(one < other)


def _kind(value: Any) -> type:
    kind = type(value)
    return float if kind is int else kind


def _unequal(one: Any, other: Any) -> bool:
    return not equal(one, other)


def _more(one: Any, other: Any) -> bool:
    return less(other, one)


def _at_most(one: Any, other: Any) -> bool:
    return less(one, other) or (_kind(one) in {float, str} and equal(one, other))


def _at_least(one: Any, other: Any) -> bool:
    return _at_most(other, one)


OPERATORS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "==": equal,
    "!=": _unequal,
    "<": less,
    ">": _more,
    "<=": _at_most,
    ">=": _at_least,
}
