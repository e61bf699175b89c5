"""Decides how the two sides of an operator are read: gives conditions with every cast written out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, assert_never

from otel_bridge.errors import InvalidRequest
from otel_bridge.model import query as q
from otel_bridge.query import typed as t
from otel_bridge.query.fields import INSTANTS, INTEGERS, NUMBERS
from otel_bridge.query.values import MAX_INTEGER, MIN_INTEGER, READ, Kind, raw_json, text_of

if TYPE_CHECKING:
    from collections.abc import Mapping

_SWAPPED: Final = {"eq": "eq", "gt": "lt", "gte": "lte", "lt": "gt", "lte": "gte"}
_KINDS: Final[Mapping[str, Kind]] = {
    "double": Kind.DOUBLE,
    "string": Kind.TEXT,
    "int": Kind.INTEGER,
    "bool": Kind.BOOL,
    "exists": Kind.EXISTS,
}
_NUMERIC: Final = frozenset({Kind.INTEGER, Kind.DOUBLE, Kind.BOOL, Kind.NUMBER, Kind.EXISTS})
_TRUTHS: Final = (Kind.EXISTS, Kind.BOOL)


def resolve(operation: q.Operand) -> t.Condition:
    """Write out every cast; raise InvalidRequest for a moment that cannot be read."""
    match operation:
        case q.And(operands=operands):
            return t.All(tuple(map(resolve, operands)))
        case q.Or(operands=operands):
            return t.Any(tuple(map(resolve, operands)))
        case q.Not(operand=operand):
            return t.Negation(resolve(operand))
        case q.Compare(op=op, left=left, right=right):
            return _comparison(op, left, right)
        case q.In(operand=operand, choices=choices):
            return _one_of(operand, choices)
        case q.Contains(input=text, substr=part, case_insensitive=fold):
            return t.Substring(_read(text, Kind.TEXT), _read(part, Kind.TEXT), fold)
        case q.Literal() | q.GetField() | q.Convert():
            return t.Negation(t.Comparison("eq", _read(operation, Kind.BOOL), t.Fixed(0)))
        case _:
            assert_never(operation)


def _comparison(op: str, left: q.Operand, right: q.Operand) -> t.Condition:
    if isinstance(left, q.Literal) and not (isinstance(right, q.Literal) and left.value is not None):
        left, right, op = right, left, _SWAPPED[op]
    if isinstance(right, q.Literal) and right.value is None:
        return _against_null(op, left)
    kind = _common_kind(left, right)
    return t.Comparison(op, _read(left, kind), _read(right, kind))  # type: ignore[arg-type]  # one of five


def _against_null(op: str, operand: q.Operand) -> t.Condition:
    """`$eq` asks whether there is a value; no order has a place for null."""
    if op != "eq":
        return t.Known(None)
    match operand:
        case q.Literal(value=value):
            return t.Known(value is None)
        case q.GetField(field=field):
            return t.Comparison("eq", t.Read(field, Kind.EXISTS), t.Fixed(False))
        case _:
            return t.Absent(_read(operand, _kind_of(operand) or Kind.TEXT))


def _one_of(operand: q.Operand, choices: tuple[q.Operand, ...]) -> t.Condition:
    literals = [choice for choice in choices if isinstance(choice, q.Literal)]
    if len(literals) < len(choices):
        return t.Any(tuple(_comparison("eq", operand, choice) for choice in choices))
    known = [literal for literal in literals if literal.value is not None]
    if not known:
        return t.Known(False)
    kind = _kind_beside(operand, _shared(known))
    constants = (_constant(literal.value, kind) for literal in known)
    return t.OneOf(_read(operand, kind), tuple(dict.fromkeys(c for c in constants if c is not None)))


def _shared(literals: list[q.Literal]) -> Kind:
    kinds = {_LITERAL_KINDS[type(literal.value)] for literal in literals}
    if kinds == {Kind.INTEGER}:
        return Kind.INTEGER
    return Kind.DOUBLE if kinds <= {Kind.INTEGER, Kind.DOUBLE} else Kind.TEXT


_LITERAL_KINDS: Final[Mapping[type, Kind]] = {
    bool: Kind.BOOL,
    int: Kind.INTEGER,
    float: Kind.DOUBLE,
    str: Kind.TEXT,
    type(None): Kind.TEXT,
}


def _common_kind(left: q.Operand, right: q.Operand) -> Kind:
    if isinstance(right, q.Literal):
        return _kind_beside(left, _LITERAL_KINDS[type(right.value)])
    kinds = {_kind_of(left), _kind_of(right)}
    if Kind.INSTANT in kinds:
        return Kind.INSTANT
    if not kinds & _NUMERIC:
        return Kind.TEXT
    if kinds <= {Kind.BOOL, Kind.EXISTS, None}:
        return Kind.BOOL
    return Kind.NUMBER


def _kind_beside(operand: q.Operand, literal: Kind) -> Kind:
    """Return how a value is read beside a literal of that kind: typed values keep their type for numbers."""
    own = _kind_of(operand)
    if own is Kind.INSTANT:
        return Kind.INSTANT
    if literal is Kind.TEXT or own not in _NUMERIC:
        return literal
    return Kind.BOOL if own in {Kind.BOOL, Kind.EXISTS} and literal is Kind.BOOL else Kind.NUMBER


def _kind_of(operand: q.Operand) -> Kind | None:
    """Return the type a value has by itself, None for the fields of trees."""
    match operand:
        case q.GetField(field=q.Column(name=name)):
            return _column_kind(name)
        case q.GetField(field=q.Derived(name=name)):
            return Kind.INTEGER if name == "latency_ms" else Kind.TEXT
        case q.GetField():
            return None
        case q.Convert(to=to):
            return _KINDS[to]
        case q.Literal(value=value):
            return _LITERAL_KINDS[type(value)]
        case _:
            return Kind.BOOL


def _column_kind(name: str) -> Kind:
    if name in INSTANTS:
        return Kind.INSTANT
    if name in NUMBERS:
        return Kind.NUMBER
    return Kind.INTEGER if name in INTEGERS else Kind.TEXT


def _read(operand: q.Operand, kind: Kind) -> t.Value:
    match operand:
        case q.Literal(value=value):
            return t.Fixed(_constant(value, kind))
        case q.GetField(field=field):
            return t.Read(field, kind)
        case q.Convert(input=inner, to=to):
            return _again(_converted(inner, _KINDS[to]), _KINDS[to], kind)
        case _:
            return t.Cast(t.Truth(resolve(operand)), kind)


def _converted(inner: q.Operand, kind: Kind) -> t.Value:
    match inner:
        case q.Literal(value=value):
            return t.Fixed(READ[kind](raw_json(value)))
        case _:
            return _read(inner, kind)


def _again(value: t.Value, have: Kind, wanted: Kind) -> t.Value:
    if have is wanted or (have in _NUMERIC and wanted is Kind.NUMBER) or (have, wanted) == _TRUTHS:
        return value
    return t.Fixed(READ[wanted](value.value)) if isinstance(value, t.Fixed) else t.Cast(value, wanted)


def _constant(value: q.Scalar, kind: Kind) -> object:
    """Read a literal; numbers beyond 64 bits compare as floating point numbers do."""
    if kind is Kind.INSTANT:
        return _moment(value)
    if kind is not Kind.TEXT and isinstance(value, int) and not MIN_INTEGER <= value <= MAX_INTEGER:
        return float(value)
    return READ[kind](value)


def _moment(value: q.Scalar) -> int | None:
    if value is None:
        return None
    moment = READ[Kind.INSTANT](value)
    if moment is None:
        raise InvalidRequest(f"cannot read {text_of(value)!r} as a date and time")
    return int(moment)
