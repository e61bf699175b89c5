"""Conditions against a plain reading of the same tree, and any text at all."""

import json

from hypothesis import given
from hypothesis import strategies as st

from otel_bridge.condition.condition import BadCondition, condition

KEYS = ("a", "b", "gen_ai.system")
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from([0.0, 1.0, -1.5]),
    st.sampled_from(["", "a", "b", '"', "\\", "é"]),
)
OPERATORS = ("==", "!=", "<", "<=", ">", ">=")

leaves = st.one_of(
    st.tuples(st.just("entry"), st.sampled_from(KEYS)),
    st.tuples(st.just("literal"), VALUES),
)
comparisons = st.tuples(st.sampled_from(OPERATORS), leaves, leaves)
trees = st.recursive(
    comparisons,
    lambda inner: st.one_of(
        st.tuples(st.just("not"), inner),
        st.tuples(st.sampled_from(["and", "or"]), inner, inner),
    ),
    max_leaves=12,
)


class Subject:
    def __init__(self, entries):
        self.entries = entries

    def field(self, name):
        return None

    def entry(self, mapping, key):
        return self.entries.get(key)


def spelled(tree) -> str:
    match tree:
        case ("entry", key):
            return f"attributes[{json.dumps(key)}]"
        case ("literal", None):
            return "nil"
        case ("literal", value):
            return json.dumps(value)
        case ("not", inner):
            return f"not ({spelled(inner)})"
        case (("and" | "or") as word, one, other):
            return f"({spelled(one)}) {word} ({spelled(other)})"
        case (operator, one, other):
            return f"{spelled(one)} {operator} {spelled(other)}"


def kind(value):
    return "number" if type(value) in {int, float} else type(value).__name__


def meant(tree, entries):
    match tree:
        case ("entry", key):
            return entries.get(key)
        case ("literal", value):
            return value
        case ("not", inner):
            return not meant(inner, entries)
        case ("and", one, other):
            return meant(one, entries) and meant(other, entries)
        case ("or", one, other):
            return meant(one, entries) or meant(other, entries)
        case (operator, left, right):
            one, other = meant(left, entries), meant(right, entries)
            same = kind(one) == kind(other)
            if operator in {"==", "!="}:
                return (same and one == other) == (operator == "==")
            if not same or kind(one) not in {"number", "str"}:
                return False
            return {"<": one < other, "<=": one <= other, ">": one > other, ">=": one >= other}[operator]


@given(trees, st.dictionaries(st.sampled_from(KEYS), VALUES))
def test_a_condition_means_what_its_tree_means(tree, entries):
    assert condition(spelled(tree)).holds(Subject(entries)) is meant(tree, entries)


@given(st.one_of(st.text(), st.text(alphabet='abnot rd()[]"\\.=!<>&|0129_SPAN_KINDIsMatch,')))
def test_any_text_is_a_condition_or_a_mistake_that_is_told(text):
    outcome = tried(text)
    assert isinstance(outcome, bool) or outcome


def tried(text) -> bool | str:
    """Ask a condition of nothing; a mistake is its message."""
    try:
        return condition(text).holds(Subject({}))
    except BadCondition as error:
        return str(error)
