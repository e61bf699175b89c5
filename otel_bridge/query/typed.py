"""Expressions with every cast written out: what engines compile, so that typing has one place.

A literal says how the value on its other side is read (`contract/weave-api.md` §2.3).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

from msgspec import Struct

if TYPE_CHECKING:
    from otel_bridge.model.query import Field
    from otel_bridge.query.values import Kind, Raw


class Fixed(Struct, frozen=True):
    """A constant, None for null."""

    value: Raw


class Read(Struct, frozen=True):
    """What a field holds, read as `kind`."""

    field: Field
    kind: Kind


class Cast(Struct, frozen=True):
    """A value that was read, read again as `kind`."""

    value: Value
    kind: Kind


class Truth(Struct, frozen=True):
    """Whether a condition holds, as a value."""

    condition: Condition


Value: TypeAlias = Fixed | Read | Cast | Truth


class All(Struct, frozen=True):
    """Every part holds."""

    parts: tuple[Condition, ...]


class Any(Struct, frozen=True):
    """One part holds."""

    parts: tuple[Condition, ...]


class Negation(Struct, frozen=True):
    """The part does not hold; what is unknown stays unknown."""

    part: Condition


class Known(Struct, frozen=True):
    """A condition whose outcome is known before any call is looked at; None is unknown."""

    outcome: bool | None


class Comparison(Struct, frozen=True):
    """Compares two values of one kind; unknown when one of them is None."""

    op: Literal["eq", "gt", "gte", "lt", "lte"]
    left: Value
    right: Value


class Absent(Struct, frozen=True):
    """The value is None, or missing; never unknown."""

    value: Value


class OneOf(Struct, frozen=True):
    """The value equals one of the constants; unknown when it is None."""

    value: Value
    choices: tuple[Raw, ...]


class Substring(Struct, frozen=True):
    """A text is part of another; unknown when one of them is None. `fold` does not tell case apart."""

    text: Value
    part: Value
    fold: bool


Condition: TypeAlias = All | Any | Negation | Known | Comparison | Absent | OneOf | Substring
