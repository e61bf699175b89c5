"""What each reader takes, and what it passes over."""

from __future__ import annotations

import pytest

from otel_bridge.translate.readers import MAX_MICROS, as_count, as_flag, as_micros, as_name, as_text


@pytest.mark.parametrize(
    ("value", "count"),
    [
        (0, 0),
        (7, 7),
        ("17", 17),
        (" 17 ", 17),
        ("17.0", 17),
        (3.0, 3),
        (2**63 - 1, 2**63 - 1),
        (-1, None),
        (3.5, None),
        ("x", None),
        ("", None),
        ("-1", None),
        ("1e3", None),
        ("nan", None),
        (True, None),
        (None, None),
        ([1], None),
        ({}, None),
        (1e300, None),
        ("9" * 30, None),
        ("\u0663", None),
        ("1_0", None),
    ],
)
def test_a_count_is_a_whole_number_that_is_not_negative(value, count):
    assert as_count(value) == count


@pytest.mark.parametrize(
    ("value", "flag"),
    [
        (True, True),
        (False, False),
        ("true", True),
        ("false", False),
        ("False ", False),
        ("0", False),
        ("", False),
        ("no", False),
        (1, True),
        (0, False),
        (None, None),
        ([], False),
        ([0], True),
    ],
)
def test_a_flag_reads_text_as_people_mean_it(value, flag):
    assert as_flag(value) is flag


@pytest.mark.parametrize(
    ("value", "micros"),
    [
        ("2026-01-02T03:04:05.678+00:00", 1_767_323_045_678_000),
        ("2026-01-02T03:04:05.678Z", 1_767_323_045_678_000),
        ("2026-01-02T03:04:05", 1_767_323_045_000_000),
        ("2026-01-02T05:04:05+02:00", 1_767_323_045_000_000),
        (1_760_000_000_123_456_999, 1_760_000_000_123_456),
        (1_760_000_000.5, 1_760_000_000_500_000),
        ("1969-12-31T23:59:59Z", 0),
        (-5, 0),
        (-1.0, 0),
        ("9999-12-31T23:59:59Z", MAX_MICROS),
        (2**63 - 1, 9_223_372_036_854_775),
        (1e308, MAX_MICROS),
        ("yesterday", None),
        ("", None),
        (None, None),
        ([1], None),
        (True, None),
        ("nan", None),
    ],
)
def test_a_time_is_read_as_utc_and_clamped(value, micros):
    assert as_micros(value) == micros


@pytest.mark.parametrize(
    ("value", "name"),
    [("gpt", "gpt"), ("", None), (4, "4"), (None, None), (True, None), ({"a": 1}, None), (["a"], None)],
)
def test_a_name_is_text_and_not_empty(value, name):
    assert as_name(value) == name


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("t", "t"),
        ("", None),
        (5, "5"),
        (True, "true"),
        ([1], "[1]"),
        ({"b": 1, "a": 2}, '{"a":2,"b":1}'),
        (None, None),
    ],
)
def test_any_value_has_a_text(value, text):
    assert as_text(value) == text
