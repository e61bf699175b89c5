"""Dotted keys become a tree; conflicts keep both sides (otel-mapping.md §3)."""

from __future__ import annotations

from itertools import permutations

import orjson
import pytest

from otel_bridge.translate.nested import nested_json
from otel_bridge.translate.tree import MAX_SEGMENTS, as_lists, parsed, unflatten

TREES = [
    pytest.param({}, {}, id="nothing"),
    pytest.param({"a.b.c": 1}, {"a": {"b": {"c": 1}}}, id="dots nest"),
    pytest.param({"a.b": 1, "a.c": 2, "d": 3}, {"a": {"b": 1, "c": 2}, "d": 3}, id="siblings share a parent"),
    pytest.param({"a..b": 1}, {"a": {"": {"b": 1}}}, id="empty segment inside"),
    pytest.param({".lead": 1, "lead": 2}, {"": {"lead": 1}, "lead": 2}, id="empty segment in front"),
    pytest.param({"trail.": 1}, {"trail": {"": 1}}, id="empty segment at the end"),
    pytest.param({"a.0": "x", "a.1": "y"}, {"a": {"0": "x", "1": "y"}}, id="numeric keys stay a dict"),
    pytest.param({"a": '{"b": [1]}'}, {"a": {"b": [1]}}, id="JSON text is parsed"),
    pytest.param({"a": "{not json"}, {"a": "{not json"}, id="bad JSON stays text"),
    pytest.param({"a": ' {"b": 1}'}, {"a": ' {"b": 1}'}, id="text that starts with a blank stays text"),
    pytest.param({"a": "[NaN]"}, {"a": "[NaN]"}, id="NaN is not JSON"),
    pytest.param({"a": 1, "a.b": 2}, {"a": {"_value": 1, "b": 2}}, id="scalar against subtree"),
    pytest.param({"a": None, "a.b": 2}, {"a": {"_value": None, "b": 2}}, id="null against subtree"),
    pytest.param(
        {"a.b": 1, "a.b.c": 2}, {"a": {"b": {"_value": 1, "c": 2}}}, id="scalar against subtree, inside"
    ),
    pytest.param(
        {"a": '{"b": 1}', "a.b": 2}, {"a": {"b": 2}}, id="explicit key wins over a leaf of JSON text"
    ),
    pytest.param({"a": '{"b": 1}', "a.c": 2}, {"a": {"b": 1, "c": 2}}, id="explicit key joins JSON text"),
    pytest.param(
        {"a": '{"b": {"c": 1}}', "a.b": 2}, {"a": {"b": {"c": 1, "_value": 2}}}, id="scalar over JSON dict"
    ),
    pytest.param(
        {"a": '{"b": 1}', "a.b.c": 2}, {"a": {"b": {"_value": 1, "c": 2}}}, id="key below a JSON leaf"
    ),
    pytest.param({"a": '[{"x": 1}]', "a.0.y": 2}, {"a": [{"x": 1, "y": 2}]}, id="lists merge by index"),
    pytest.param({"a": [1, 2], "a.2": 3}, {"a": [1, 2, 3]}, id="an index may continue a list"),
    pytest.param({"a": [1], "a.5": 3}, {"a": {"0": 1, "5": 3}}, id="a gap makes a list a dict"),
    pytest.param({"a": [1], "a.n": 3}, {"a": {"0": 1, "n": 3}}, id="a name makes a list a dict"),
    pytest.param({"a": {"b": {"c": 1}}, "a.b": '{"d": 2}'}, {"a": {"b": {"c": 1, "d": 2}}}, id="deep merge"),
    pytest.param(
        {"a": 1, "a._value": 5, "a.b": 2}, {"a": {"_value": 5, "b": 2}}, id="an explicit _value wins"
    ),
]


@pytest.mark.parametrize(("flat", "tree"), TREES)
def test_keys_nest(flat, tree):
    assert unflatten(flat) == tree


@pytest.mark.parametrize(("flat", "tree"), TREES)
def test_the_order_of_attributes_does_not_matter(flat, tree):
    assert all(unflatten(dict(order)) == tree for order in permutations(flat.items()))


@pytest.mark.parametrize(("flat", "tree"), TREES)
def test_nested_json_is_the_tree_written_down(flat, tree):
    assert orjson.loads(nested_json(flat, {})) == tree


def test_unflattening_leaves_the_attributes_alone():
    flat = {"a": {"b": {"c": [1]}}, "a.b.d": 2}
    unflatten(flat)
    assert flat == {"a": {"b": {"c": [1]}}, "a.b.d": 2}


def test_json_text_of_24_levels_is_parsed():
    assert parsed("[" * 24 + "]" * 24) != "[" * 24 + "]" * 24


def test_deeper_json_text_stays_text():
    for text in ("[" * 25 + "]" * 25, '{"a":' * 25 + "1" + "}" * 25, "[" * 100_000):
        assert parsed(text) == text


def test_many_brackets_are_not_depth():
    text = "[" + ",".join('{"a": [1]}' for _ in range(100)) + "]"
    assert parsed(text) == [{"a": [1]}] * 100


def test_a_key_of_many_dots_still_fits_into_json():
    tree = unflatten({".".join("a" * 1000): "[" * 24 + "]" * 24})
    depth = orjson.dumps(tree).count(b"{")
    assert depth == MAX_SEGMENTS


@pytest.mark.parametrize(
    ("value", "lists"),
    [
        pytest.param({"0": "a", "1": "b"}, ["a", "b"], id="indexes in order"),
        pytest.param({"1": "b", "0": "a"}, ["a", "b"], id="indexes in any order"),
        pytest.param({"0": "a", "2": "b"}, {"0": "a", "2": "b"}, id="sparse"),
        pytest.param({"00": "a"}, {"00": "a"}, id="not written as an index"),
        pytest.param({"x": {"0": {"y": {"0": 1}}}}, {"x": [{"y": [1]}]}, id="at every level of dicts"),
        pytest.param([{"0": 1}], [{"0": 1}], id="not inside lists"),
        pytest.param({}, {}, id="an empty dict stays"),
        pytest.param({"a": {}}, {"a": {}}, id="an empty dict inside stays"),
        pytest.param({str(n): n for n in range(12)}, list(range(12)), id="more than ten"),
    ],
)
def test_picked_values_have_lists_for_indexes(value, lists):
    assert as_lists(value) == lists
