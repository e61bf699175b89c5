"""What expressions say of one call: the table of JSON values, and every rule of weave-api.md §2.3."""

from __future__ import annotations

import pytest

from otel_bridge.query.evaluate import reference
from otel_bridge.query.resolve import resolve
from otel_bridge.weave.expressions import Query, expression
from otel_bridge.weave.refusals import WriteRefused
from tests.unit.query.calls import GONE, T0, a_remark, seen

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
TYPES = {"string": str, "int": int, "double": float}
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


@pytest.mark.parametrize(("stored", "to", "expected"), [row for row in TABLE if row.values[1] in TYPES])
def test_a_literal_drives_the_cast_of_the_other_side(stored, to, expected):
    inputs = {} if stored is GONE else {"x": stored}
    literal = lit(TYPES[to](7) if expected is None else expected)

    outcome = holds({"$eq": [get("inputs.x"), literal]}, inputs=inputs)

    assert outcome is (None if expected is None else True)
    assert holds({"$eq": [literal, get("inputs.x")]}, inputs=inputs) is outcome
    assert holds({"$in": [get("inputs.x"), [literal]]}, inputs=inputs) is outcome


def compared(op, field, literal):
    return {f"${op}": [get(field), lit(literal)]}


def test_an_integer_literal_makes_a_numeric_comparison_and_a_text_literal_one_of_texts():
    assert holds(compared("lt", "inputs.x", 9), inputs={"x": 10}) is False
    assert holds(compared("lt", "inputs.x", "9"), inputs={"x": 10}) is True


def test_a_number_with_a_fraction_is_no_integer():
    assert holds(compared("eq", "inputs.x", 5), inputs={"x": 5.5}) is None
    assert holds(compared("gt", "inputs.x", 5.0), inputs={"x": 5.5}) is True


def test_what_is_unknown_stays_unknown_under_not():
    unknown = compared("gt", "inputs.x", 5)
    assert holds({"$not": [unknown]}, inputs={"x": "abc"}) is None
    assert holds({"$and": [unknown, lit(False)]}, inputs={}) is False
    assert holds({"$and": [unknown, lit(True)]}, inputs={}) is None
    assert holds({"$or": [unknown, lit(True)]}, inputs={}) is True
    assert holds({"$or": [unknown, lit(False)]}, inputs={}) is None


def test_null_means_missing_or_null_in_trees_and_null_in_columns():
    for inputs, expected in (({}, True), ({"x": None}, True), ({"x": ""}, False), ({"x": "null"}, False)):
        assert holds(compared("eq", "inputs.x", None), inputs=inputs) is expected
    assert holds(compared("eq", "exception", None)) is True
    assert holds({"$not": [compared("eq", "exception", None)]}, exception="boom") is True
    assert holds(compared("eq", "exception", None), exception="") is False
    assert holds(compared("gt", "inputs.x", None), inputs={"x": 1}) is None


def test_conversions_to_bool_and_exists_do_what_their_names_say():
    assert holds({"$eq": [converted("inputs.x", "bool"), lit(True)]}, inputs={"x": True}) is True
    assert holds({"$eq": [converted("inputs.x", "bool"), lit(False)]}, inputs={"x": False}) is True
    assert holds({"$eq": [converted("inputs.x", "exists"), lit(True)]}, inputs={"x": ""}) is True
    assert holds({"$eq": [converted("inputs.x", "exists"), lit(True)]}, inputs={}) is False


def test_a_converted_value_keeps_its_type_beside_a_literal_of_another():
    assert holds({"$gt": [converted("inputs.x", "double"), lit(5)]}, inputs={"x": "5.5"}) is True
    assert holds({"$eq": [converted("inputs.x", "string"), lit("5")]}, inputs={"x": 5.0}) is True


@pytest.mark.parametrize(
    ("choices", "stored", "expected"),
    [
        ([1, 2], 2.0, True),
        ([1, 2], 2.5, None),
        ([1, 2.5], 2.5, True),
        ([1, "2"], 2, True),
        (["a", 1], 1, True),
        ([True], True, True),
        ([True], 1, False),
        ([], 1, False),
        ([None], 1, False),
        ([None, 1], 1, True),
        ([None, 1], "abc", None),
    ],
)
def test_the_literals_of_a_list_have_one_type(choices, stored, expected):
    choices = [lit(choice) for choice in choices]
    assert holds({"$in": [get("inputs.x"), choices]}, inputs={"x": stored}) is expected


def test_a_list_may_hold_fields():
    expr = {"$in": [get("inputs.x"), [get("inputs.y"), lit("b")]]}
    assert holds(expr, inputs={"x": "a", "y": "a"}) is True
    assert holds(expr, inputs={"x": "c", "y": "a"}) is False


@pytest.mark.parametrize(
    ("literal", "op"),
    [
        ("2026-01-02T03:04:05.006Z", "eq"),
        ("2026-01-02T04:04:05.006+01:00", "eq"),
        ("2026-01-02T03:04:05.006", "eq"),
        ("2026-01-02", "gt"),
        ("2026-01-03", "lt"),
        (1767323045.006, "eq"),
        (1767323045, "gt"),
        (1e300, "lt"),
        (-(2**63), "gt"),
    ],
)
def test_moments_compare_as_moments(literal, op):
    assert holds(compared(op, "started_at", literal)) is True
    assert holds(compared(op, "ended_at", literal), ended_at=None) is None


def test_moments_compare_with_each_other_and_with_what_can_be_read_as_one():
    assert holds({"$gt": [get("ended_at"), get("started_at")]}, ended_at=2 * 10**15) is True
    assert holds({"$lt": [get("inputs.day"), get("started_at")]}, inputs={"day": "2026-01-01"}) is True
    assert holds({"$lt": [get("inputs.day"), get("started_at")]}, inputs={"day": "soon"}) is None


@pytest.mark.parametrize("value", ["soon", True, "", "9" * 30])
def test_a_literal_that_is_no_moment_is_refused_beside_one(value):
    with pytest.raises(WriteRefused) as refused:
        holds(compared("eq", "started_at", value))
    assert refused.value.status == 400


@pytest.mark.parametrize(
    ("part", "fold", "expected"),
    [
        ("caf", False, True),
        ("CAF", False, False),
        ("CAFÉ", True, True),
        ("", False, True),
        ("%", False, False),
    ],
)
def test_a_substring_is_literal_and_folds_unicode(part, fold, expected):
    spec = {"input": get("inputs.x"), "substr": lit(part), "case_insensitive": fold}
    assert holds({"$contains": spec}, inputs={"x": "le café"}) is expected


def test_a_bare_tree_is_compact_json_and_a_bare_scalar_is_unquoted():
    assert holds(compared("eq", "inputs", '{"a":[1,2]}'), inputs={"a": [1, 2]}) is True
    assert holds(compared("eq", "output", "hello"), output="hello") is True


def test_paths_take_dots_in_keys_and_indexes_of_lists():
    inputs = {"a.b": {"c": [{"d": 5}]}, "0": "unreachable"}
    assert holds(compared("eq", r"inputs.a\.b.c.0.d", 5), inputs=inputs) is True
    assert holds(compared("eq", "inputs.0", "unreachable"), inputs=inputs) is False
    assert holds(compared("eq", r"inputs.a\.b.c.1.d", 5), inputs=inputs) is None
    assert holds(compared("eq", r"inputs.a\.b.c.d", 5), inputs=inputs) is None


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"exception": "boom"}, "error"),
        ({"summary": {"status_counts": {"error": 1}}}, "running"),
        ({"summary": {"status_counts": {"error": 1}}, "ended_at": 2 * 10**15}, "descendant_error"),
        ({"ended_at": 2 * 10**15}, "success"),
    ],
)
def test_the_status_of_a_filter_is_the_status_of_an_answer(members, expected):
    assert holds(compared("eq", "summary.weave.status", expected), **members) is True


def test_latency_is_rounded_down_and_missing_while_a_call_runs():
    assert holds(compared("eq", "summary.weave.latency_ms", 1), ended_at=T0 + 1999) is True
    assert holds(compared("eq", "summary.weave.latency_ms", 1)) is None


def test_the_trace_name_is_the_display_name_or_the_name_of_the_op():
    assert holds(compared("eq", "summary.weave.trace_name", "shown"), display_name="shown") is True
    op_name = "weave:///e/p/op/answer:v1"
    assert holds(compared("eq", "summary.weave.trace_name", "answer"), op_name=op_name) is True


def test_any_note_counts_and_of_other_types_the_newest_entry():
    notes = [a_remark({"note": note}, kind="wandb.note.1") for note in ("new", "old")]
    for note in ("new", "old"):
        assert holds(compared("eq", "feedback.[wandb.note.1].payload.note", note), remarks=notes) is True
    verdicts = [a_remark({"output": passed}) for passed in (True, False)]
    name = "feedback.[wandb.runnable.judge].payload.output"
    assert holds(compared("eq", name, True), remarks=verdicts) is True
    assert holds(compared("eq", name, False), remarks=verdicts) is False


def test_literals_may_stand_on_both_sides():
    assert holds({"$and": [{"$eq": [lit(1), lit(1)]}, lit(True)]}) is True
    assert holds({"$eq": [lit(1), lit("2")]}) is False
    assert holds({"$eq": [lit(None), lit(None)]}) is True
    assert holds({"$eq": [lit(None), lit(5)]}) is False


def test_an_operation_is_a_value_too():
    assert holds({"$eq": [compared("eq", "inputs.x", 1), lit(False)]}, inputs={"x": 2}) is True


def test_numbers_beyond_64_bits_compare():
    assert holds(compared("lt", "inputs.x", 2**64 - 1), inputs={"x": 5}) is True
    assert holds(compared("eq", "inputs.x", float(2**64)), inputs={"x": "1e999"}) is None
