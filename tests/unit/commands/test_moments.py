"""Times as people write and read them."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import click
import pytest

from otel_bridge.commands.moments import local, local_zone, moment, seconds

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _tokyo(monkeypatch):
    """A machine nine hours ahead of UTC."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("90m", "2026-03-01T10:30:00+00:00"),
        ("7d", "2026-02-22T12:00:00+00:00"),
        ("14:30", "2026-03-01T05:30:00+00:00"),
        ("14:30:15", "2026-03-01T05:30:15+00:00"),
        ("2026-02-28", "2026-02-27T15:00:00+00:00"),
        ("2026-02-28T10:00", "2026-02-28T01:00:00+00:00"),
        ("2026-02-28T10:00Z", "2026-02-28T10:00:00+00:00"),
        ("2026-02-28T10:00+02:00", "2026-02-28T08:00:00+00:00"),
    ],
)
def test_a_time_is_local_unless_it_says_otherwise(text, utc):
    assert moment(text, NOW).isoformat() == utc


@pytest.mark.parametrize("text", ["", "soon", "25:00", "2026-13-01", "-5m", "off", "5 parsecs", "999999999d"])
def test_what_is_no_time_is_a_usage_error(text):
    with pytest.raises(click.UsageError, match="is no time"):
        moment(text, NOW)


@pytest.mark.parametrize(("text", "count"), [("5m", 300), ("1d", 86_400), ("1h30m", 5400)])
def test_a_duration_is_in_seconds(text, count):
    assert seconds(text) == count


@pytest.mark.parametrize("text", ["", "off", "0s", "x"])
def test_what_is_no_duration_is_a_usage_error(text):
    with pytest.raises(click.UsageError, match="is no duration"):
        seconds(text)


@pytest.mark.parametrize(
    ("told", "name"),
    [
        ("Asia/Tokyo", "Asia/Tokyo"),
        (":America/New_York", "America/New_York"),
        ("EST5EDT", "EST5EDT"),
        ("<+03>-3", "Etc/GMT-3"),
        ("XYZ+5", "Etc/GMT+5"),
    ],
)
def test_the_zone_of_the_machine_is_that_of_its_clock(monkeypatch, told, name):
    monkeypatch.setenv("TZ", told)
    time.tzset()
    assert local_zone(NOW) == name


def test_a_time_of_today_has_no_date():
    assert local("2026-03-01T03:04:05.006000Z", today=NOW) == "12:04:05.006"
    assert local("2026-02-27T03:04:05Z", today=NOW) == "2026-02-27 12:04:05"
    assert local(None, today=NOW) == ""
