"""Where buckets begin."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_bridge.stats import grid

HOUR, DAY = 3600, 86_400


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def shown(start: str, end: str, seconds: int, zone: str) -> list[str]:
    return [grid.shown(one, zone) for one in grid.starts(at(start), at(end), seconds, zone)]


@pytest.mark.parametrize(
    ("span", "seconds"),
    [
        (1, 300), (2 * HOUR, 300), (2 * HOUR + 1, HOUR), (12 * HOUR, HOUR), (12 * HOUR + 1, 6 * HOUR),
        (3 * DAY, 6 * HOUR), (3 * DAY + 1, 12 * HOUR), (14 * DAY, 12 * HOUR), (14 * DAY + 1, DAY),
        (31 * DAY, DAY),
    ],
)  # fmt: skip
def test_the_width_is_chosen_by_the_range(span, seconds):
    assert grid.width(0, span, None) == seconds


@pytest.mark.parametrize(
    ("span", "asked", "seconds"), [(10_000, 1, 1), (10_001, 1, 2), (31 * DAY, 60, 268), (31 * DAY, 300, 300)]
)
def test_there_are_at_most_10000_buckets(span, asked, seconds):
    assert grid.width(0, span, asked) == seconds


def test_other_widths_are_aligned_to_the_epoch_in_any_zone():
    start, end = at("2026-03-01T00:00:00"), at("2026-03-01T05:00:00")
    assert all(one % 7000 == 0 for one in grid.starts(start, end, 7000, "America/New_York"))
    assert grid.starts(start, end, 7000, "America/New_York") == grid.starts(start, end, 7000, "UTC")


def test_a_day_has_23_and_25_hours_when_the_clock_changes():
    starts = grid.starts(at("2026-03-07T12:00:00"), at("2026-03-10T12:00:00"), DAY, "America/New_York")
    assert [(b - a) // HOUR for a, b in pairwise(starts)] == [24, 23, 24]
    starts = grid.starts(at("2026-10-31T12:00:00"), at("2026-11-03T12:00:00"), DAY, "America/New_York")
    assert [(b - a) // HOUR for a, b in pairwise(starts)] == [24, 25, 24]


def test_hours_go_on_when_the_clock_is_set_back():
    assert shown("2026-11-01T05:00:00", "2026-11-01T08:00:00", HOUR, "America/New_York") == [
        "2026-11-01T01:00:00-04:00", "2026-11-01T01:00:00-05:00", "2026-11-01T02:00:00-05:00",
    ]  # fmt: skip


def test_a_bucket_longer_than_the_change_holds_the_repeated_hour():
    assert shown("2026-11-01T04:00:00", "2026-11-01T09:00:00", 2 * HOUR, "America/New_York") == [
        "2026-11-01T00:00:00-04:00", "2026-11-01T02:00:00-05:00",
    ]  # fmt: skip


def test_a_bucket_in_a_gap_begins_where_the_gap_ends():
    assert shown("2026-03-08T05:00:00", "2026-03-08T09:00:00", 2 * HOUR, "America/New_York") == [
        "2026-03-08T00:00:00-05:00", "2026-03-08T03:00:00-04:00", "2026-03-08T04:00:00-04:00",
    ]  # fmt: skip


def test_a_day_without_midnight_begins_with_its_first_hour():
    assert shown("2026-04-23T23:00:00", "2026-04-24T22:00:00", DAY, "Africa/Cairo") == [
        "2026-04-24T01:00:00+03:00", "2026-04-25T00:00:00+03:00",
    ]  # fmt: skip


def test_a_gap_that_begins_within_a_bucket_is_no_second_beginning():
    starts = grid.starts(at("2026-10-03T12:00:00"), at("2026-10-03T18:00:00"), HOUR, "Australia/Lord_Howe")
    assert [(b - a) // 60 for a, b in pairwise(starts)] == [60, 60, 60, 60, 30, 60]


def test_an_offset_of_quarters_of_an_hour_moves_the_grid():
    assert shown("2026-04-04T12:00:00", "2026-04-04T13:00:00", HOUR, "Asia/Kathmandu") == [
        "2026-04-04T17:00:00+05:45", "2026-04-04T18:00:00+05:45",
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+5"])
def test_a_zone_is_known(name):
    assert grid.is_zone(name)


@pytest.mark.parametrize("name", ["", "Mars", "America", "/etc/passwd", "../x", "a\0b", "é" * 500, "utc "])
def test_anything_else_is_no_zone(name):
    assert not grid.is_zone(name)


zones = st.sampled_from(["UTC", "America/New_York", "Africa/Cairo", "Australia/Lord_Howe", "Asia/Kathmandu",
                         "America/Sao_Paulo", "Asia/Tehran", "Pacific/Apia", "Atlantic/Azores"])  # fmt: skip
widths = st.sampled_from([60, 300, 900, HOUR, 2 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 7000, 2 * DAY])


@given(st.integers(0, at("2037-01-01")), st.integers(1, 3 * DAY), widths, zones)
def test_buckets_cover_the_range_once_and_begin_on_the_wall(start, span, seconds, zone):
    end = start + span
    starts = grid.starts(start, end, seconds, zone)

    assert starts == sorted(set(starts))
    assert starts[0] <= start
    assert starts[-1] < end
    assert [one for one in starts if one <= start] == [starts[0]]
    local = ZoneInfo(zone)
    for one in starts:
        if DAY % seconds:
            assert one % seconds == 0
            continue
        wall = datetime.fromtimestamp(one, local)
        before = datetime.fromtimestamp(one - 1, local)
        of_day = wall.hour * HOUR + wall.minute * 60 + wall.second
        assert of_day % seconds == 0 or wall.utcoffset() != before.utcoffset()
