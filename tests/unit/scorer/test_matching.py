"""`exact_match` and `fuzzy_match`."""

from __future__ import annotations

import pytest

from tests.unit.scorer.rules import scored


@pytest.mark.parametrize(
    ("settings", "output", "passed"),
    [
        pytest.param({"value": "yes"}, "yes", True, id="the-same-text"),
        pytest.param({"value": "yes"}, "Yes", False, id="case-counts"),
        pytest.param({"value": "yes", "ignore_case": True}, "YES", True, id="case-does-not-count"),
        pytest.param({"value": "yes"}, " yes\n", False, id="blanks-count"),
        pytest.param({"value": "yes", "strip": True}, " yes\n", True, id="blanks-do-not-count"),
        pytest.param({"value": {"a": [1, 2]}}, {"a": [1, 2]}, True, id="the-same-tree"),
        pytest.param({"value": {"a": [1, 2]}}, {"a": [2, 1]}, False, id="the-order-of-a-list-counts"),
        pytest.param({"value": {"a": 1, "b": 2}}, {"b": 2, "a": 1}, True, id="that-of-keys-does-not"),
        pytest.param({"value": {"a": 1}}, {"a": 1, "b": 2}, False, id="a-member-more"),
        pytest.param({"value": 1}, 1.0, True, id="numbers-by-value"),
        pytest.param({"value": 1}, True, False, id="true-is-not-one"),
        pytest.param({"value": [1]}, [True], False, id="nor-inside-a-list"),
        pytest.param({"value": 42}, "42", True, id="a-text-against-a-number"),
        pytest.param({"value": None}, None, True, id="null-may-be-wanted"),
        pytest.param({"value": None}, 0, False, id="and-is-not-zero"),
        pytest.param({"value": "no", "negate": True}, "yes", True, id="must-not-be"),
        pytest.param({"value": "yes", "negate": True}, "yes", False, id="must-not-be-but-is"),
        pytest.param(
            {"value_field": "inputs.expected", "ignore_case": True}, "YES, it is.", True, id="a-field"
        ),
        pytest.param({"value_field": "inputs.expected"}, "no", False, id="another-than-the-field"),
        pytest.param({"value_field": "inputs.nothing"}, "yes", False, id="no-such-field"),
    ],
)
def test_a_field_equals_what_is_expected(settings, output, passed):
    found = scored("exact_match", settings, output)
    assert found["passed"] is passed
    assert (found["reason"] is None) == passed


def test_deep_trees_are_compared_to_the_end():
    deep, other = 1, 2
    for _ in range(20_000):
        deep, other = [deep], [other]
    same = 1
    for _ in range(20_000):
        same = [same]
    assert scored("exact_match", {"value_field": "inputs"}, deep, inputs=same)["passed"]
    assert not scored("exact_match", {"value_field": "inputs"}, deep, inputs=other)["passed"]


@pytest.mark.parametrize(
    ("settings", "output", "passed", "score"),
    [
        pytest.param({"value": "hello"}, "hello", True, 1.0, id="the-same"),
        pytest.param({"value": "hello"}, "hallo", True, 0.8, id="the-threshold-passes"),
        pytest.param({"value": "hello", "threshold": 0.9}, "hallo", False, 0.8, id="below-the-threshold"),
        pytest.param({"value": "abc"}, "xyz", False, 0.0, id="nothing-in-common"),
        pytest.param({"value": "HELLO", "ignore_case": True}, "hello", True, 1.0, id="case"),
        pytest.param({"value": "b a", "method": "token_sort"}, "a b", True, 1.0, id="words-in-any-order"),
        pytest.param({"value": "a b", "method": "token_set"}, "b a a", True, 1.0, id="words-as-a-set"),
        pytest.param({"value": "ell", "method": "partial"}, "hello", True, 1.0, id="a-part"),
        pytest.param({"value": "kitten", "method": "levenshtein"}, "sitting", False, 4 / 7, id="edits"),
        pytest.param({"value": "same", "method": "jaro_winkler"}, "same", True, 1.0, id="jaro-winkler"),
        pytest.param({"value": [1, 2]}, "[1,2]", True, 1.0, id="a-tree-by-its-json"),
        pytest.param({"value": "hello", "negate": True}, "hello", False, 1.0, id="must-not-be-like-it"),
        pytest.param(
            {"value_field": "inputs.expected", "ignore_case": True}, "yes, it is", True, 20 / 21, id="f"
        ),
    ],
)
def test_likeness_is_a_number_from_0_to_1(settings, output, passed, score):
    found = scored("fuzzy_match", settings, output)
    assert found["passed"] is passed
    assert found["score"] == pytest.approx(score)


def test_texts_that_are_too_long_to_compare_fail_and_say_so():
    found = scored("fuzzy_match", {"value": "x", "max_characters": 10}, "x" * 11)
    assert (found["passed"], found["score"]) == (False, None)
    assert found["reason"] == "more than 10 characters are not compared"
