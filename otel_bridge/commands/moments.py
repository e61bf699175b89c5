"""Times as people write and read them: local. What is asked and stored is UTC."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import click
from tzlocal import get_localzone_name

from otel_bridge.parsers import parse_duration
from otel_bridge.stats.grid import is_zone

_CLOCK: Final = ("%H:%M", "%H:%M:%S")


def moment(text: str, now: datetime) -> datetime:
    """Read `90m` or `7d` ago, `14:30` today, or an ISO 8601 date or time, local unless it has an offset."""
    for clock in _CLOCK:
        try:
            found = datetime.strptime(text, clock).time()  # noqa: DTZ007 - local, as a person means it
        except ValueError:
            continue
        return datetime.combine(now.astimezone().date(), found).astimezone(UTC)
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    try:
        return now - _ago(text)
    except (ValueError, OverflowError) as error:
        message = f"{text!r} is no time; for example 90m, 7d, 14:30 or 2026-03-01T14:30"
        raise click.UsageError(message) from error


def seconds(text: str) -> int:
    """Read a duration, in whole seconds."""
    try:
        return int(_ago(text).total_seconds())
    except ValueError as error:
        raise click.UsageError(f"{text!r} is no duration; for example 5m, 1h or 1d") from error


def _ago(text: str) -> timedelta:
    found = parse_duration(text)
    if not isinstance(found, timedelta):
        raise ValueError(text)  # noqa: TRY004 - the word `off`, which is no duration here
    return found


def local_zone(now: datetime) -> str:
    """Name the zone of this machine's clock; where `TZ` has rules of its own, one with today's offset."""
    told = os.environ.get("TZ", "").removeprefix(":")
    name = told if told and is_zone(told) else get_localzone_name() or "UTC"
    offset = now.astimezone().utcoffset()
    if now.astimezone(ZoneInfo(name)).utcoffset() == offset or offset is None:
        return name
    hours, rest = divmod(int(offset.total_seconds()), 3600)
    fixed = f"Etc/GMT{-hours:+d}"  # named the other way round: Etc/GMT-3 is three hours ahead
    return name if rest or not is_zone(fixed) else fixed


def local(text: str | None, *, today: datetime) -> str:
    """Show a time of an answer in local time, without the date when that is today's."""
    if text is None:
        return ""
    when = datetime.fromisoformat(text).astimezone()
    same_day = when.date() == today.astimezone().date()
    return f"{when:%H:%M:%S}.{when.microsecond // 1000:03d}" if same_day else f"{when:%Y-%m-%d %H:%M:%S}"
