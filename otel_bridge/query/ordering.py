"""How calls are put in order: each sort key as plain keys, and the reference order (`weave-api.md` §2.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

from msgspec import Struct

from otel_bridge.model.query import Column, Derived, FeedbackField, JsonField, SortBy
from otel_bridge.query.evaluate import raw
from otel_bridge.query.fields import INSTANTS, INTEGERS, NUMBERS, field_of
from otel_bridge.query.values import READ, Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from otel_bridge.model.query import Field
    from otel_bridge.query.evaluate import Call

_HEX_LENGTHS: Final = (16, 32)
_HEX_DIGITS: Final = frozenset("0123456789abcdef")

ID_FIELDS: Final = frozenset({"id", "trace_id", "parent_id"})
"""Columns that hold ids."""


class PlainKey(Struct, frozen=True):
    """One value to order by. None comes last in both directions."""

    field: Field
    kind: Kind
    descending: bool


def plain_keys(keys: Sequence[SortBy], named: Callable[[str], Field] = field_of) -> list[PlainKey]:
    """Turn sort keys into plain ones: JSON and feedback sort by existence, then number, then text.

    `named` reads the names of fields.
    """
    return [plain for key in keys for plain in _plain(named(key.field), key.direction == "desc")]


def _plain(field: Field, descending: bool) -> list[PlainKey]:  # noqa: FBT001 - private
    match field:
        case Column(name=name):
            return [PlainKey(field, _column_kind(name), descending)]
        case Derived(name=name):
            kind = Kind.INTEGER if name == "latency_ms" else Kind.TEXT
            return [PlainKey(field, kind, descending)]
        case JsonField() | FeedbackField():
            return [
                PlainKey(field, Kind.EXISTS, descending=True),
                PlainKey(field, Kind.DOUBLE, descending),
                PlainKey(field, Kind.TEXT, descending),
            ]


def _column_kind(name: str) -> Kind:
    if name in INSTANTS:
        return Kind.INSTANT
    if name in NUMBERS:
        return Kind.NUMBER
    return Kind.INTEGER if name in INTEGERS else Kind.TEXT


def id_key(value: str) -> tuple[bool, str]:
    """Return what ids are ordered by: those of 16 or 32 hex digits come after all others, then as text."""
    return len(value) in _HEX_LENGTHS and _HEX_DIGITS.issuperset(value), value


def key_values(keys: Sequence[PlainKey]) -> Callable[[Call], tuple[Any, ...]]:
    """Return what reads a call's values for these keys."""
    return lambda call: tuple(_value(call, key) for key in keys)


def _value(call: Call, key: PlainKey) -> Any:
    value = READ[key.kind](raw(call, key.field))
    is_id = value is not None and isinstance(key.field, Column) and key.field.name in ID_FIELDS
    return id_key(value) if is_id else value


SortedBy: TypeAlias = "tuple[tuple[Any, ...], Any]"
"""The values of the keys, and whose they are."""


def in_order(keys: Sequence[PlainKey], rows: list[SortedBy]) -> list[Any]:
    """Put rows in order and return whose they are."""
    for place in reversed(range(len(keys))):
        empty = [row for row in rows if row[0][place] is None]
        filled = [row for row in rows if row[0][place] is not None]
        filled.sort(key=lambda row, at=place: row[0][at], reverse=keys[place].descending)  # type: ignore[misc]
        rows = filled + empty
    return [row[1] for row in rows]
