"""Takes conditions apart: which parts must all hold, and which fields they ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from otel_bridge.query import typed as t

if TYPE_CHECKING:
    from collections.abc import Iterator

    from otel_bridge.model.query import Field


def conjuncts(condition: t.Condition) -> Iterator[t.Condition]:
    """Yield the parts that must all hold."""
    if isinstance(condition, t.All):
        for part in condition.parts:
            yield from conjuncts(part)
    else:
        yield condition


def fields_in(condition: t.Condition) -> Iterator[Field]:
    """Yield every field a condition asks for."""
    match condition:
        case t.All(parts=parts) | t.Any(parts=parts):
            for part in parts:
                yield from fields_in(part)
        case t.Negation(part=part):
            yield from fields_in(part)
        case t.Known():
            pass
        case t.Comparison(left=left, right=right):
            yield from _fields_of(left)
            yield from _fields_of(right)
        case t.Absent(value=value) | t.OneOf(value=value):
            yield from _fields_of(value)
        case t.Substring(text=text, part=inner):
            yield from _fields_of(text)
            yield from _fields_of(inner)
        case _:
            assert_never(condition)


def _fields_of(value: t.Value) -> Iterator[Field]:
    match value:
        case t.Fixed():
            pass
        case t.Read(field=field):
            yield field
        case t.Cast(value=inner):
            yield from _fields_of(inner)
        case t.Truth(condition=condition):
            yield from fields_in(condition)
        case _:
            assert_never(value)
