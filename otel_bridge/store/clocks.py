"""What is made of the clocks of senders: where a call is listed and counted whose start cannot be trusted.

`started_at` is the sender's and stays as it was sent. What the bridge itself knows is when a call arrived.
"""

from __future__ import annotations

from typing import Final

from otel_bridge.store.trees import Flag

AHEAD_SECONDS: Final = 300
"""A call that says it started so long after it arrived has a wrong clock: kept clocks differ by less."""
LATE_SECONDS: Final = 86_400
"""A call that arrives so long after its start is listed where it arrived: late, or its clock is behind."""
EARLIEST: Final = 1_420_070_400_000_000
"""2015-01-01, in microseconds since the epoch: an earlier start is one of a clock that was never set."""
_MICROS: Final = 1_000_000

MISPLACED: Final = Flag.MISDATED | Flag.LATE
"""Calls with one of these are listed where they arrived."""


def clock_flags(started_at: int, received_at: int) -> int:
    """Return what the start of a call says of its sender's clock; times are microseconds since the epoch.

    A bridge whose own clock was never set knows no better than its senders.
    """
    if received_at < EARLIEST:
        return 0
    if started_at > received_at + AHEAD_SECONDS * _MICROS or started_at < EARLIEST:
        return Flag.MISDATED
    return Flag.LATE if started_at < received_at - LATE_SECONDS * _MICROS else 0


def listed_at(started_at: int, received_at: int, flags: int) -> int:
    """Return where lists put a call: at its start, or at its arrival where that is far from it."""
    return received_at if flags & MISPLACED else started_at


def happened_at(started_at: int, received_at: int, flags: int) -> int:
    """Return when a call started as far as one can tell: at its arrival where its start cannot be right."""
    return received_at if flags & Flag.MISDATED else started_at


def heard_at(started_at: int, ended_at: int | None, received_at: int, flags: int) -> int:
    """Return when a call was last heard of: at its end or, while it runs, its start, if that can be."""
    last = started_at if ended_at is None else ended_at
    ahead = received_at >= EARLIEST and last > received_at + LATE_SECONDS * _MICROS
    return received_at if ahead or flags & MISPLACED else last
