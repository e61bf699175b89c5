"""AnyValue becomes what JSON can hold (otel-mapping.md §3)."""

from __future__ import annotations

import pytest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from otel_bridge.translate.values import TOO_DEEP, flatten
from tests.fixtures.otlp_spans import pairs


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("text", "text"),
        ("", ""),
        (True, True),
        (False, False),
        (0, 0),
        (7, 7),
        (-7, -7),
        (2**63 - 1, 2**63 - 1),
        (-(2**63), -(2**63)),
        (1.5, 1.5),
        (0.0, 0.0),
        (float("nan"), "nan"),
        (float("inf"), "inf"),
        (float("-inf"), "-inf"),
        (b"\x00\xff", "AP8="),
        (b"", ""),
        (None, None),
        ("nul \x00", "nul \x00"),
        ("\U0001f333", "\U0001f333"),
        ([], []),
        ([1, None, "a", [True]], [1, None, "a", [True]]),
        ({}, {}),
        ({"a.b": {"c": 1}}, {"a.b": {"c": 1}}),
    ],
)
def test_a_value_is_read(sent, read):
    assert flatten(pairs({"k": sent}), {}) == {"k": read}


def test_minus_zero_keeps_its_sign():
    assert str(flatten(pairs({"k": -0.0}), {})["k"]) == "-0.0"


def test_of_a_key_sent_twice_the_last_value_counts():
    counts = {}
    assert flatten(pairs([("a", 1), ("b", 2), ("a", 3), ("a", 4)]), counts) == {"a": 4, "b": 2}
    assert counts == {"duplicate_attribute_keys": 2}


@pytest.mark.parametrize("wrap", [lambda value: [value], lambda value: {"k": value}], ids=["list", "kvlist"])
def test_24_levels_are_kept_and_the_25th_is_a_marker(wrap):
    value = marked = "leaf"
    for _ in range(24):
        value = wrap(value)
    counts = {}
    assert flatten(pairs({"a": value}), counts) == {"a": value}
    assert counts == {}
    deeper, marked = wrap(value), TOO_DEEP
    for _ in range(24):
        marked = wrap(marked)
    assert flatten(pairs({"a": deeper}), counts) == {"a": marked}
    assert counts == {"nested_too_deep": 1}


def test_the_marker_says_what_it_stands_for():
    assert TOO_DEEP == "<nested deeper than 24>"


def test_an_empty_key_is_a_key():
    assert flatten(pairs({"": 1, "a": 2}), {}) == {"": 1, "a": 2}


def test_references_into_a_string_table_are_absent():
    counts = {}
    sent = [
        KeyValue(key_strindex=4, value=AnyValue(int_value=1)),
        KeyValue(key="a", value=AnyValue(string_value_strindex=4)),
    ]
    assert flatten(sent, counts) == {"a": None}
    assert counts == {"string_table_references": 2}
