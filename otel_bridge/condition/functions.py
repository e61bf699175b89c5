"""The functions of the language: names and meanings of OTTL's converters of the same name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

from otel_bridge.condition.values import equal
from otel_bridge.patterns import compiled

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


class Function(Struct, frozen=True):
    """A function: how many arguments it takes, whether it is a test, and how it is made.

    `build` gets what the arguments are when they are literals, else None, and returns the function itself;
    it raises ValueError for literals that make no sense.
    """

    arguments: int
    is_test: bool
    build: Callable[[Sequence[Any]], Callable[..., Any]]


def _matches(literals: Sequence[Any]) -> Callable[..., Any]:
    pattern = literals[1]
    if not isinstance(pattern, str):
        raise ValueError('the pattern must be a text in quotes, for example IsMatch(name, "^chat")')  # noqa: TRY004
    search = compiled(pattern).search

    def is_match(value: Any, _pattern: Any) -> bool:
        if value is None or isinstance(value, list | dict):
            return False
        text = value if isinstance(value, str) else _spelled(value)
        return search(text) is not None

    return is_match


def _spelled(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _starts(value: Any, start: Any) -> bool:
    return isinstance(value, str) and isinstance(start, str) and value.startswith(start)


def _ends(value: Any, end: Any) -> bool:
    return isinstance(value, str) and isinstance(end, str) and value.endswith(end)


def _holds(values: Any, wanted: Any) -> bool:
    return isinstance(values, list) and any(equal(one, wanted) for one in values)


def _length(value: Any) -> int | None:
    return len(value) if isinstance(value, str | list | dict) else None


def _always(function: Callable[..., Any]) -> Callable[[Sequence[Any]], Callable[..., Any]]:
    return lambda _literals: function


FUNCTIONS: Final[Mapping[str, Function]] = {
    "IsMatch": Function(2, True, _matches),
    "HasPrefix": Function(2, True, _always(_starts)),
    "HasSuffix": Function(2, True, _always(_ends)),
    "ContainsValue": Function(2, True, _always(_holds)),
    "IsString": Function(1, True, _always(lambda value: isinstance(value, str))),
    "IsBool": Function(1, True, _always(lambda value: isinstance(value, bool))),
    "IsInt": Function(1, True, _always(lambda value: type(value) is int)),
    "IsDouble": Function(1, True, _always(lambda value: isinstance(value, float))),
    "IsList": Function(1, True, _always(lambda value: isinstance(value, list))),
    "IsMap": Function(1, True, _always(lambda value: isinstance(value, dict))),
    "Len": Function(1, False, _always(_length)),
}
