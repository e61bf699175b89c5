"""Where buckets begin (`contract/weave-api.md` §3.2), in whole seconds since the epoch.

A width that divides a day is aligned to the clock on the wall: buckets begin where the local time of day is a
multiple of it, so a day's bucket lasts 23 or 25 hours when the clock changes. Any other width is aligned to
the epoch.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Iterator

DAY_SECONDS: Final = 86_400
MAX_BUCKETS: Final = 10_000
_HOUR: Final = 3600
_AUTOMATIC: Final = (
    (2 * _HOUR, 300),
    (12 * _HOUR, _HOUR),
    (3 * DAY_SECONDS, 6 * _HOUR),
    (14 * DAY_SECONDS, 12 * _HOUR),
)
"""The longest range, and the width of its buckets."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def is_zone(name: str) -> bool:
    """Tell whether an IANA time zone of this name is known; reads a file."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # unknown; no name at all; a folder of zones
        return False
    return True


def width(start: int, end: int, asked: int | None) -> int:
    """Return a bucket's seconds: as asked or by the range, but never more than `MAX_BUCKETS` buckets."""
    span = end - start
    chosen = asked or next((seconds for longest, seconds in _AUTOMATIC if span <= longest), DAY_SECONDS)
    if span > chosen * MAX_BUCKETS:
        return max(chosen, span // MAX_BUCKETS + 1)
    return chosen


def starts(start: int, end: int, seconds: int, zone: str) -> list[int]:
    """Return where the buckets begin that cover `[start, end)`: the first one at `start` or before it."""
    if end <= start:
        return []
    if zone == "UTC" or DAY_SECONDS % seconds:
        return list(range(start - start % seconds, end, seconds))
    found = sorted(set(_on_the_wall(start, end, seconds, ZoneInfo(zone))))
    first = max((at for at in found if at <= start), default=start)
    return [at for at in found if first <= at < end]


def shown(at: int, zone: str) -> str:
    """Write an instant as ISO 8601 in local time with its offset."""
    return (_EPOCH + timedelta(seconds=at)).astimezone(ZoneInfo(zone)).isoformat()


def _on_the_wall(start: int, end: int, seconds: int, zone: ZoneInfo) -> Iterator[int]:
    day = _local_day(start, zone) - timedelta(days=1)
    last = _local_day(end, zone)
    while day <= last:
        midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - what a clock on the wall shows
        for offset in range(0, DAY_SECONDS, seconds):
            yield from _instants(midnight + timedelta(seconds=offset), seconds, zone)
        day += timedelta(days=1)


def _local_day(at: int, zone: ZoneInfo) -> date:
    return (_EPOCH + timedelta(seconds=at)).astimezone(zone).date()


def _instants(wall: datetime, seconds: int, zone: ZoneInfo) -> Iterator[int]:
    """Yield when the clock shows `wall`: once, twice where it is set back, or where a gap it lies in ends."""
    early, late = _at(wall, zone, fold=0), _at(wall, zone, fold=1)
    if late < early:
        yield _change(late, early, zone)
        return
    yield early
    if late > early and (late - early) % seconds == 0:  # else a bucket holds both runs of the repeated time
        yield late


def _at(wall: datetime, zone: ZoneInfo, *, fold: int) -> int:
    return int((wall.replace(tzinfo=zone, fold=fold) - _EPOCH).total_seconds())


def _change(low: int, high: int, zone: ZoneInfo) -> int:
    """Find the instant in `(low, high]` at which the offset of the zone changes."""
    before = _offset(low, zone)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _offset(middle, zone) == before else (low, middle)
    return high


def _offset(at: int, zone: ZoneInfo) -> timedelta | None:
    return (_EPOCH + timedelta(seconds=at)).astimezone(zone).utcoffset()
