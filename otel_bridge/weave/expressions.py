"""The body of `query` as pydantic models, and what they mean as an AST (`contract/weave-api.md` §2.3).

An operand is told by its one member, so that a typo is one error at its place. Whatever is nested too deep or
holds too much is refused before pydantic looks at it. (No postponed annotations here: pydantic reads them.)
"""

from collections.abc import Callable
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import ConfigDict, Discriminator, Field, SkipValidation, Tag
from typing_extensions import TypeAliasType

from otel_bridge.errors import InvalidRequest
from otel_bridge.model import query as q
from otel_bridge.query.fields import UnknownField, field_of
from otel_bridge.query.resolve import resolve
from otel_bridge.weave.refusals import reason
from otel_bridge.weave.schema import Closed

MAX_EXPRESSION_DEPTH: Final = 64
"""Operations inside operations."""
Fields: TypeAlias = Callable[[str], q.Field]
"""Reads the name of a field; raises UnknownField."""

_MAX_LEVELS: Final = 3 * MAX_EXPRESSION_DEPTH
"""Of objects and lists: an operation is an object, its list of operands, at worst one more object."""
MAX_EXPRESSION_PARTS: Final = 10_000
"""Objects, lists and values of an expression; five thousand ids in a `$in` fit."""


def _tag(value: Any) -> str | None:
    """Name the model of an operand by its one member."""
    if isinstance(value, dict) and len(value) == 1:
        return _TAGS.get(next(iter(value)))
    return type(value).__name__ if isinstance(value, Closed) else None


LiteralValue: TypeAlias = (
    "str | int | float | bool | dict[str, LiteralOperation] | list[LiteralOperation] | None"
)
"""What the published schema has; `_literal` decides."""


def _told(names: str) -> Discriminator:
    text = f"Input should be an object with one member, one of {names}"
    return Discriminator(_tag, custom_error_type="operand", custom_error_message=text)


def _as_published(schema: dict[str, Any]) -> None:
    """Describe a part of an expression as Weave does: open, though every server refuses more members."""
    schema.pop("additionalProperties", None)


class Operator(Closed):
    """A part of an expression."""

    model_config = ConfigDict(json_schema_extra=_as_published)


class LiteralOperation(Operator):
    """Constant. The real store rejects object and array constants at execution time."""

    value: SkipValidation[LiteralValue] = Field(alias="$literal")


class GetFieldOperator(Operator):
    """What a field holds."""

    field: str = Field(
        alias="$getField",
        description=(
            "Field path. Dots nest; backslash-dot is a literal dot; an all-digit segment is a list index."
        ),
    )


class ConvertSpec(Operator):
    """What is converted to what."""

    input: "Operand"
    to: Literal["double", "string", "int", "bool", "exists"]


class ConvertOperation(Operator):
    """Cast; failure to parse yields null, never an error."""

    spec: ConvertSpec = Field(alias="$convert")


class AndOperation(Operator):
    """All must hold; an empty list is an error (400)."""

    operands: list["Operand"] = Field(alias="$and")


class OrOperation(Operator):
    """At least one must hold; an empty list is an error (400)."""

    operands: list["Operand"] = Field(alias="$or")


class NotOperation(Operator):
    """Negation; takes a list of exactly one operand."""

    operands: tuple["Operand"] = Field(alias="$not")


class EqOperation(Operator):
    """Equality; a null constant on the right means is-null."""

    operands: tuple["Operand", "Operand"] = Field(alias="$eq")


class GtOperation(Operator):
    """Greater than."""

    operands: tuple["Operand", "Operand"] = Field(alias="$gt")


class GteOperation(Operator):
    """Greater or equal."""

    operands: tuple["Operand", "Operand"] = Field(alias="$gte")


class LtOperation(Operator):
    """Less than."""

    operands: tuple["Operand", "Operand"] = Field(alias="$lt")


class LteOperation(Operator):
    """Less or equal."""

    operands: tuple["Operand", "Operand"] = Field(alias="$lte")


class InOperation(Operator):
    """Membership of the first operand in the listed operands."""

    operands: tuple["Operand", list["Operand"]] = Field(alias="$in")


class ContainsSpec(Operator):
    """What is searched in what."""

    input: "Operand"
    substr: "Operand"
    case_insensitive: bool | None = False


class ContainsOperation(Operator):
    """Substring test; not part of the Mongo operator set."""

    spec: ContainsSpec = Field(alias="$contains")


_OPERATIONS = (
    Annotated[AndOperation, Tag("AndOperation")]
    | Annotated[OrOperation, Tag("OrOperation")]
    | Annotated[NotOperation, Tag("NotOperation")]
    | Annotated[EqOperation, Tag("EqOperation")]
    | Annotated[GtOperation, Tag("GtOperation")]
    | Annotated[GteOperation, Tag("GteOperation")]
    | Annotated[LtOperation, Tag("LtOperation")]
    | Annotated[LteOperation, Tag("LteOperation")]
    | Annotated[InOperation, Tag("InOperation")]
    | Annotated[ContainsOperation, Tag("ContainsOperation")]
)
Operation = TypeAliasType(
    "Operation",
    Annotated[
        _OPERATIONS,
        _told("$and, $or, $not, $eq, $gt, $gte, $lt, $lte, $in, $contains"),
        Field(description="Any boolean-valued node; exactly one $-key decides which."),
    ],
)
Operand = TypeAliasType(
    "Operand",
    Annotated[
        Annotated[LiteralOperation, Tag("LiteralOperation")]
        | Annotated[GetFieldOperator, Tag("GetFieldOperator")]
        | Annotated[ConvertOperation, Tag("ConvertOperation")]
        | _OPERATIONS,
        _told("$literal, $getField, $convert, $and, $or, $not, $eq, $gt, $gte, $lt, $lte, $in, $contains"),
        Field(description="A value node or a nested operation."),
    ],
)

_TAGS: Final = {
    "$literal": "LiteralOperation",
    "$getField": "GetFieldOperator",
    "$convert": "ConvertOperation",
    "$and": "AndOperation",
    "$or": "OrOperation",
    "$not": "NotOperation",
    "$eq": "EqOperation",
    "$gt": "GtOperation",
    "$gte": "GteOperation",
    "$lt": "LtOperation",
    "$lte": "LteOperation",
    "$in": "InOperation",
    "$contains": "ContainsOperation",
}
_COMPARISONS: Final[dict[type[Closed], Literal["eq", "gt", "gte", "lt", "lte"]]] = {
    EqOperation: "eq",
    GtOperation: "gt",
    GteOperation: "gte",
    LtOperation: "lt",
    LteOperation: "lte",
}


class Query(Closed):
    """`query`: an expression that narrows what the filter selects."""

    expr: Operation = Field(alias="$expr")


def check_expression_size(query: Any) -> None:
    """Refuse (400) a parsed `query` that is nested too deep or has too many parts."""
    level, parts = [query], 0
    for _ in range(_MAX_LEVELS):
        inner: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                inner += value.values()
            elif isinstance(value, list):
                inner += value
        parts += len(inner)
        if parts > MAX_EXPRESSION_PARTS:
            raise reason(400, f"query has more than {MAX_EXPRESSION_PARTS} parts")
        if not inner:
            return
        level = inner
    raise reason(400, f"query is nested deeper than {MAX_EXPRESSION_DEPTH} operations")


def expression(query: Query | None, *, fields: Fields = field_of) -> q.Operation | None:
    """Turn a checked `query` into what it means; raise WriteRefused (422 for a field, 400 for a value).

    `fields` reads names of fields, or raises UnknownField.
    """
    if query is None:
        return None
    operation = _operand(query.expr, fields)
    try:
        resolve(operation)
    except InvalidRequest as error:
        raise reason(400, str(error)) from None
    return operation  # type: ignore[return-value]  # `Operation` has no literal, field or conversion


def _operand(model: Any, fields: Fields) -> q.Operand:
    match model:
        case LiteralOperation(value=value):
            return _literal(value)
        case GetFieldOperator(field=name):
            return _field(name, fields)
        case ConvertOperation(spec=spec):
            return q.Convert(_operand(spec.input, fields), spec.to)
        case AndOperation(operands=operands):
            return q.And(_several("$and", operands, fields))
        case OrOperation(operands=operands):
            return q.Or(_several("$or", operands, fields))
        case NotOperation(operands=(operand,)):
            return q.Not(_operand(operand, fields))
        case InOperation(operands=(operand, choices)):
            return q.In(_operand(operand, fields), tuple(_operand(choice, fields) for choice in choices))
        case ContainsOperation(spec=spec):
            fold = bool(spec.case_insensitive)
            return q.Contains(_operand(spec.input, fields), _operand(spec.substr, fields), fold)
        case _:
            left, right = model.operands
            return q.Compare(_COMPARISONS[type(model)], _operand(left, fields), _operand(right, fields))


def _several(name: str, operands: list[Any], fields: Fields) -> tuple[q.Operand, ...]:
    if not operands:
        raise reason(400, f"{name} must not be empty")
    return tuple(_operand(operand, fields) for operand in operands)


def _literal(value: Any) -> q.Literal:
    if isinstance(value, dict | list):
        raise reason(400, "$literal must be a string, a number, a boolean or null")
    return q.Literal(value)


def _field(name: str, fields: Fields) -> q.GetField:
    try:
        return q.GetField(fields(name))
    except UnknownField as error:
        raise reason(422, str(error)) from None
