"""What a stored value is worth when it is read as text, number, truth or instant (`weave-api.md` §2.3).

A raw value is what JSON may hold (None for null), `MISSING` where a tree has nothing, or an `Instant`. Every
reading of it is a value of that kind, or None where there is none.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import orjson
from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MICROS: Final = 1_000_000
MAX_INTEGER: Final = (1 << 63) - 1
MIN_INTEGER: Final = -(1 << 63)
"""What stores can compare as a whole number."""

NUMBER_TEXT: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
MAX_NUMBER_CHARACTERS: Final = 400
"""A text that is longer is no number: reading one takes the square of its length."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_ONE: Final = timedelta(microseconds=1)


class Kind(StrEnum):
    """How a value is read."""

    TEXT = "text"
    INTEGER = "integer"
    DOUBLE = "double"
    NUMBER = "number"
    BOOL = "bool"
    INSTANT = "instant"
    EXISTS = "exists"


class Missing(Struct, frozen=True):
    """There is nothing at this place of a tree, or null: its text is empty."""


class Instant(Struct, frozen=True):
    """A moment, in microseconds since the epoch."""

    micros: int


MISSING: Final = Missing()
Raw: TypeAlias = Any


def raw_json(value: Any) -> Raw:
    """Return what a field of a tree is worth: null counts as missing, the text "null" as empty."""
    if value is None:
        return MISSING
    return "" if value == "null" else value


def text_of(raw: Raw) -> str | None:
    """Read as text: strings as they are, the rest as compact JSON, whole numbers without a fraction."""
    match raw:
        case str():
            return raw
        case None:
            return None
        case Missing():
            return ""
        case Instant(micros=micros):
            return iso(micros)
        case float():
            return orjson.dumps(raw).decode().removesuffix(".0")
        case _:
            return orjson.dumps(raw).decode()


def number_of(raw: Raw) -> int | float | None:
    """Read as a number: JSON numbers, and strings that hold one and nothing else."""
    match raw:
        case bool():
            return None
        case int() | float():
            return raw
        case str():
            return _number_in(raw)
        case Instant(micros=micros):
            return micros / MICROS
        case _:
            return None


def integer_of(raw: Raw) -> int | None:
    """Read as a whole number of 64 bits; a number with a fraction is none."""
    match raw:
        case Instant(micros=micros):
            return micros // MICROS
        case _:
            return _whole(number_of(raw))


def double_of(raw: Raw) -> float | None:
    """Read as a floating point number."""
    number = number_of(raw)
    return None if number is None else float(number)


def typed_number_of(raw: Raw) -> int | float | None:
    """Take a value that is a number, or a truth as 1 or 0."""
    return int(raw) if isinstance(raw, bool) else number_of(raw)


def bool_of(raw: Raw) -> int | None:
    """Read as a truth: true is 1, false is 0, whole numbers are themselves."""
    match raw:
        case bool():
            return int(raw)
        case "true":
            return 1
        case "false":
            return 0
        case Instant():
            return None
        case _:
            return integer_of(raw)


def instant_of(raw: Raw) -> int | None:
    """Read as a moment: seconds since the epoch, or ISO 8601, whose date alone is midnight UTC."""
    match raw:
        case Instant(micros=micros):
            return micros
        case bool():
            return None
        case int() | float():
            return _from_seconds(raw)
        case str():
            return _from_iso(raw)
        case _:
            return None


def exists_of(raw: Raw) -> bool:
    """Tell whether there is a value."""
    return raw is not None and not isinstance(raw, Missing)


READ: Final[Mapping[Kind, Callable[[Raw], Any]]] = {
    Kind.TEXT: text_of,
    Kind.INTEGER: integer_of,
    Kind.DOUBLE: double_of,
    Kind.NUMBER: typed_number_of,
    Kind.BOOL: bool_of,
    Kind.INSTANT: instant_of,
    Kind.EXISTS: exists_of,
}
"""How each kind of value is read."""


def iso(micros: int) -> str:
    """Write microseconds since the epoch as RFC 3339 in UTC: six digits of fraction, or none when it is zero.

    Times that no calendar of ours holds (before year 1, after 9999) become the nearest one it does.
    """
    try:
        moment = _NAIVE_EPOCH + timedelta(microseconds=micros)
    except OverflowError:
        moment = datetime.max if micros > 0 else datetime.min  # noqa: DTZ901 - naive as `_NAIVE_EPOCH`
    return moment.isoformat() + "Z"


_NAIVE_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001 - naive on purpose: the text gets its Z by hand, at half the cost


def _number_in(text: str) -> int | float | None:
    match = NUMBER_TEXT.fullmatch(text) if len(text) <= MAX_NUMBER_CHARACTERS else None
    if match is None:
        return None
    if match[1] is None and match[2] is None:
        whole = int(text)
        if MIN_INTEGER <= whole <= MAX_INTEGER:
            return whole
    number = float(text)
    return number if math.isfinite(number) else None


def _whole(number: float | None) -> int | None:
    if number is None or number % 1:
        return None
    whole = int(number)
    return whole if MIN_INTEGER <= whole <= MAX_INTEGER else None


def _from_seconds(seconds: float) -> int:
    try:
        micros = round(seconds * MICROS)
    except OverflowError:
        micros = MAX_INTEGER if seconds > 0 else MIN_INTEGER
    return min(max(micros, MIN_INTEGER), MAX_INTEGER)


def _from_iso(text: str) -> int | None:
    try:
        moment = datetime.fromisoformat(text)
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return (aware - _EPOCH) // _ONE
    except (ValueError, OverflowError):
        return None
