"""Values added up, and their percentiles."""

from __future__ import annotations

from array import array
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_bridge.stats.tally import Tally, percentile, tally


def of(values: list[int], percent: str) -> float | None:
    return percentile(tally(values).values, percent)


@pytest.mark.parametrize(
    ("percent", "value"),
    [("50", 400), ("95", 940), ("0", 250), ("100", 1000), ("99.9", 998.8), ("12.5", 287.5)],
)
def test_a_percentile_lies_between_its_neighbours(percent, value):
    assert of([1000, 250, 400], percent) == value


def test_nothing_has_no_percentile():
    assert of([], "50") is None


def test_equal_values_stay_what_they_are():
    assert of([7] * 100, "33.3") == 7


def test_no_value_is_left_out():
    assert tally([None, 1, None]) == Tally(count=1, sum=1, min=1, max=1, ones=1, values=array("q", [1]))


def test_a_great_many_values_are_counted_first_and_come_to_the_same(monkeypatch):
    values = [5, 1, 0, 5, -3, 1, 1]
    expected = tally(values)
    monkeypatch.setattr("otel_bridge.stats.tally.MANY_VALUES", 3)
    assert tally(values) == expected
    assert list(expected.values) == sorted(values)


@given(st.lists(st.integers(-5, 10**6), min_size=1), st.decimals(0, 100, places=3))
def test_a_percentile_is_the_linear_interpolation_over_the_sorted_values(values, percent):
    ranked = sorted(values)
    place = Fraction(percent) * (len(ranked) - 1) / 100
    low = ranked[int(place)]
    high = ranked[min(int(place) + 1, len(ranked) - 1)]

    assert of(values, f"{percent:f}") == float(low + (high - low) * (place - int(place)))
