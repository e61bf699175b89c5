"""The queue's own clock, in seconds: it only goes forward, and nobody can set it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_PAUSE_SECONDS: Final = 3600
"""A stop counts as this long at most: how long it was, only the system's clock knows, and that can be set."""


class QueueClock:
    """Goes on from what was kept, by the monotonic clock."""

    def __init__(
        self,
        kept: int,
        kept_wall: int,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._monotonic = monotonic
        self._wall = wall
        pause = min(max(int(wall()) - kept_wall, 0), MAX_PAUSE_SECONDS)
        self._base = kept + pause - monotonic()

    def now(self) -> int:
        """Return the queue time."""
        return int(self._base + self._monotonic())

    def wall(self) -> int:
        """Return the Unix time, to be kept beside the queue time."""
        return int(self._wall())
