"""From the words of a condition to a function: each rule of `condition.lark` makes a piece of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from lark import Token, Transformer, v_args
from msgspec import Struct

from otel_bridge.condition.functions import FUNCTIONS
from otel_bridge.condition.paths import CONSTANTS, FIELDS, MAPS
from otel_bridge.condition.values import OPERATORS
from otel_bridge.spelling import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from otel_bridge.condition.paths import Context, Key, Subject

    Get = Callable[[Subject], Any]

MAX_DEPTH: Final = 64
"""Operations inside operations."""


class Wrong(Exception):
    """Something in a condition makes no sense; `column` counts from 1."""

    def __init__(self, message: str, column: int) -> None:
        super().__init__(message)
        self.column = column


class Piece(Struct, frozen=True):
    """A part of a condition. `literal` is what it always is, where `is_literal`."""

    get: Get
    is_test: bool = False
    is_literal: bool = False
    literal: Any = None
    depth: int = 0
    column: int = 1


def _literal(value: Any, token: Token | None) -> Piece:
    column = 1 if token is None or token.column is None else token.column
    return Piece(lambda _subject: value, isinstance(value, bool), True, value, column=column)


@v_args(inline=True)
class Compiler(Transformer[Token, Piece]):
    """Makes pieces from the leaves up."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._fields = FIELDS[context]
        self._maps = MAPS[context]
        self._context = context

    def start(self, whole: Piece) -> Piece:
        return whole

    def disjunction(self, *parts: Piece) -> Piece:
        tests = tuple(part.get for part in parts)
        return _above(parts, lambda subject: any(test(subject) for test in tests))

    def conjunction(self, *parts: Piece) -> Piece:
        tests = tuple(part.get for part in parts)
        return _above(parts, lambda subject: all(test(subject) for test in tests))

    def negated(self, part: Piece) -> Piece:
        test = part.get
        return _above((part,), lambda subject: not test(subject))

    def compared(self, one: Piece, operator: Token, other: Piece) -> Piece:
        compare, left, right = OPERATORS[operator], one.get, other.get
        if other.is_literal:
            literal = other.literal
            return _above((one, other), lambda subject: compare(left(subject), literal))
        return _above((one, other), lambda subject: compare(left(subject), right(subject)))

    def holds(self, part: Piece) -> Piece:
        if not part.is_test:
            raise Wrong(
                "this is a value, no test: compare it with something, for example == true", part.column
            )
        return part

    def text(self, token: Token) -> Piece:
        return _literal(_unquoted(token), token)

    def number(self, token: Token) -> Piece:
        return _literal(float(token), token)

    def integer(self, token: Token) -> Piece:
        return _literal(int(token), token)

    def constant(self, token: Token) -> Piece:
        if token not in CONSTANTS:
            raise Wrong(f"{token} is no constant; there are {', '.join(CONSTANTS)}", _column(token))
        return _literal(CONSTANTS[token], token)

    def yes(self) -> Piece:
        return _literal(True, None)

    def no(self) -> Piece:
        return _literal(False, None)

    def nil(self) -> Piece:
        return _literal(None, None)

    def call(self, name: Token, *given: Piece | None) -> Piece:
        arguments = [one for one in given if one is not None]
        column, function = _column(name), FUNCTIONS.get(name)
        if function is None:
            raise Wrong(f"{name} is no function; there are {', '.join(FUNCTIONS)}", column)
        if len(arguments) != function.arguments:
            raise Wrong(f"{name} takes {function.arguments} arguments, not {len(arguments)}", column)
        try:
            run = function.build([one.literal for one in arguments])
        except ValueError as error:
            raise Wrong(f"{name}: {error}", column) from None
        gets = tuple(one.get for one in arguments)
        whole = _above(arguments, lambda subject: run(*(get(subject) for get in gets)))
        return Piece(whole.get, function.is_test, depth=whole.depth, column=column)

    def key(self, token: Token) -> Key:
        return _unquoted(token) if token.type == "STRING" else int(token)

    def path(self, *parts: Any) -> Piece:
        names = [part for part in parts if isinstance(part, Token)]
        keys: list[Key] = [part for part in parts if not isinstance(part, Token)]
        column = _column(names[0])
        name = ".".join(names)
        if self._context == "span":
            name = name.removeprefix("span.")
        elif self._context == "spanevent":
            name = name.removeprefix("spanevent.")
        get = self._field(name, column) if not keys else self._entry(name, keys, column)
        return Piece(get, column=column)

    def _field(self, name: str, column: int) -> Get:
        if name in self._maps:
            raise Wrong(f'{name} is a map: name an entry, for example {name}["key"]', column)
        field = self._fields.get(name)
        if field is None:
            raise Wrong(self._unknown(name), column)
        return lambda subject: subject.field(field)

    def _entry(self, name: str, keys: Sequence[Key], column: int) -> Get:
        if name in self._fields:
            raise Wrong(f"{name} has no entries", column)
        mapping, first = self._maps.get(name), keys[0]
        if mapping is None:
            raise Wrong(self._unknown(name), column)
        if not isinstance(first, str):
            raise Wrong(f'entries of {name} are named by texts, for example {name}["key"]', column)
        if len(keys) == 1:
            return lambda subject: subject.entry(mapping, first)
        rest = tuple(keys[1:])
        return lambda subject: _inside(subject.entry(mapping, first), rest)

    def _unknown(self, name: str) -> str:
        known: Mapping[str, str] = {**self._fields, **self._maps}
        return f"there is no {name} in the {self._context} context{did_you_mean(name, known)}"


def _inside(value: Any, keys: Sequence[Key]) -> Any:
    for key in keys:
        if isinstance(key, str):
            value = value.get(key) if isinstance(value, dict) else None
        else:
            inside = isinstance(value, list) and -len(value) <= key < len(value)
            value = value[key] if inside else None
    return value


def _above(parts: Sequence[Piece], get: Get) -> Piece:
    depth = 1 + max(part.depth for part in parts)
    column = parts[0].column
    if depth > MAX_DEPTH:
        raise Wrong(f"more than {MAX_DEPTH} operations inside each other", column)
    return Piece(get, True, depth=depth, column=column)


def _unquoted(token: Token) -> str:
    try:
        text: str = json.loads(token)
    except ValueError:
        raise Wrong(f"{token} is no text: a backslash must be doubled", _column(token)) from None
    return text


def _column(token: Token) -> int:
    return token.column or 1
