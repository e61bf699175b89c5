"""What expressions say of one call: the table of JSON values, and every rule of weave-api.md §2.3."""

from __future__ import annotations

import pytest

from otel_bridge.query.evaluate import reference
from otel_bridge.query.resolve import resolve
from otel_bridge.weave.expressions import Query, expression
from tests.unit.query.calls import GONE, seen

get = lambda name: {"$getField": name}  # noqa: E731
lit = lambda value: {"$literal": value}  # noqa: E731


def holds(expr, **members):
    operation = expression(Query.model_validate({"$expr": expr}))
    return reference(resolve(operation))(seen(**members))


def converted(value, to):
    return {"$convert": {"input": get("inputs.x"), "to": to}}


STORED = {
    "5": (5, "5", 5, 5.0, 5, True),
    "5.0": (5.0, "5", 5, 5.0, 5, True),
    "0.5": (0.5, "0.5", None, 0.5, None, True),
    "text 5": ("5", "5", 5, 5.0, 5, True),
    "text abc": ("abc", "abc", None, None, None, True),
    "true": (True, "true", None, None, 1, True),
    "false": (False, "false", None, None, 0, True),
    "null": (None, "", None, None, None, False),
    "missing": (GONE, "", None, None, None, False),
    "empty text": ("", "", None, None, None, True),
    "text null": ("null", "", None, None, None, True),
    "object": ({"a": [1, 2.0]}, '{"a":[1,2.0]}', None, None, None, True),
    "list": ([], "[]", None, None, None, True),
}
TABLE = [
    pytest.param(stored, to, expected, id=f"{name} as {to}")
    for name, (stored, *row) in STORED.items()
    for to, expected in zip(("string", "int", "double", "bool", "exists"), row, strict=True)
]


@pytest.mark.parametrize(("stored", "to", "expected"), TABLE)
def test_the_table_of_json_values(stored, to, expected):
    inputs = {} if stored is GONE else {"x": stored}
    value = converted("inputs.x", to)

    assert holds({"$eq": [value, lit(None)]}, inputs=inputs) is (expected is None)
    assert holds({"$eq": [value, lit(expected)]}, inputs=inputs) is True
    if expected is not None and to != "exists":
        other = "other" if to == "string" else 77
        assert holds({"$eq": [value, lit(other)]}, inputs=inputs) is False


@pytest.mark.parametrize(("stored", "to", "expected"), TABLE)
def test_a_literal_drives_the_cast_of_the_other_side(stored, to, expected):
    typed = {"string": str, "int": int, "double": float}
    if to not in typed:
        pytest.skip("no literal has this type")
    inputs = {} if stored is GONE else {"x": stored}
    literal = lit(typed[to](7) if expected is None else expected)

    outcome = holds({"$eq": [get("inputs.x"), literal]}, inputs=inputs)

    assert outcome is (None if expected is None else True)
    assert holds({"$eq": [literal, get("inputs.x")]}, inputs=inputs) is outcome
    assert holds({"$in": [get("inputs.x"), [literal]]}, inputs=inputs) is outcome
