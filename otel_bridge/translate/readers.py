"""What a source's value must look like: each reader returns None for a value that the field cannot use.

None is absent, everything else is present: 0, "", false and [] count (`contract/otel-mapping.md` §0.4); only
an empty text names nothing.
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import orjson
from msgspec import Struct

if TYPE_CHECKING:
    from otel_bridge.model.span import Value

MAX_COUNT: Final = 2**63 - 1

MAX_MICROS: Final = 10_413_791_999_999_999
"""2299-12-31T23:59:59.999999Z: call times are clamped here (`contract/otlp-receiver.md` §8)."""

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

FALSE_TEXTS: Final = frozenset({"", "0", "false", "no", "off"})

_WHOLE_NUMBER: Final = re.compile(r"\s*([0-9]{1,19})(?:\.0*)?\s*", re.ASCII)


def as_is(value: Value) -> Value:
    """Return any value."""
    return value


def as_name(value: Value) -> str | None:
    """Return a text that is not empty; numbers in decimal."""
    if type(value) is str:
        return value or None
    return None if type(value) not in {int, float} else str(value)


def as_text(value: Value) -> str | None:
    """Return any value as a text that is not empty: trees as JSON with their keys sorted."""
    if type(value) is str:
        return value or None
    return None if value is None else orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def unquoted(value: Value) -> Value:
    """Return any value, of a text in the quotes of JSON the text: MLflow writes every attribute as JSON."""
    if type(value) is str and len(value) > 1 and value[0] == value[-1] == '"':
        with suppress(orjson.JSONDecodeError):
            return orjson.loads(value)
    return value


def unquoted_name(value: Value) -> str | None:
    """Return a name as `as_name` does, out of the quotes of JSON."""
    return as_name(unquoted(value))


def as_count(value: Value) -> int | None:
    """Return a whole number from 0 to 2^63-1, also as text or as a float without fraction."""
    kind = type(value)
    if kind is str:
        match = _WHOLE_NUMBER.fullmatch(value)
        value = int(match[1]) if match else None
    elif kind is float:
        value = int(value) if value.is_integer() else None
    elif kind is not int:
        return None
    return value if value is not None and 0 <= value <= MAX_COUNT else None


class MemberCount(Struct, frozen=True):
    """Reads objects that hold counts: the first readable member of these names."""

    names: tuple[str, ...]

    def __call__(self, value: Value) -> int | None:
        """Return the count, None when no member is one."""
        if type(value) is not dict:
            return None
        counts = (as_count(value[name]) for name in self.names if name in value)
        return next((count for count in counts if count is not None), None)


def as_object(value: Value) -> dict[str, Any] | None:
    """Return an object that is not empty."""
    return value if type(value) is dict and value else None


def as_list(value: Value) -> list[Any] | None:
    """Return a list; any other value, but an empty text, as a list of it alone."""
    if type(value) is list:
        return value
    return None if value is None or value == "" else [value]


def as_flag(value: Value) -> bool | None:
    """Return a boolean, also from text ("false", "0", "no" and "off" are false) or number."""
    if type(value) is str:
        return value.strip().lower() not in FALSE_TEXTS
    return None if value is None else bool(value)


def as_micros(value: Value) -> int | None:
    """Return a time in µs since the epoch, from ISO text (UTC unless it says so), int ns or float s."""
    kind = type(value)
    if kind is int:
        return clamped(value // 1000)
    if kind is float:
        return clamped(round(min(max(value, 0.0), MAX_MICROS / 1e6) * 1e6))
    return _iso_micros(value) if kind is str else None


def clamped(micros: int) -> int:
    """Keep a call time between 1970 and 2299."""
    return min(max(micros, 0), MAX_MICROS)


def _iso_micros(text: str) -> int | None:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    since = (time if time.tzinfo else time.replace(tzinfo=UTC)) - EPOCH
    return clamped((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds)
