"""How long to wait before the next attempt: exponential, with full jitter."""

from __future__ import annotations

from random import random
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Callable


class Retry(Struct, frozen=True, kw_only=True):
    """When an attempt that failed is made again, in seconds.

    Before attempt n+1 passes a random time between 0 and the smaller of `max_interval` and
    `initial_interval * multiplier**n` ("full jitter"), never less than what the upstream asked for.
    `max_elapsed` 0: for ever.
    """

    initial_interval: float = 1.0
    max_interval: float = 10.0
    multiplier: float = 1.5
    max_elapsed: float = 0.0


class Backoff:
    """Counts the attempts of one lane; `chance` gives a number in [0, 1)."""

    def __init__(self, retry: Retry, chance: Callable[[], float] = random) -> None:
        self._retry = retry
        self._chance = chance
        self.attempts = 0

    def next(self, *, at_least: float = 0.0) -> float:
        """Return the seconds until the next attempt, never less than the upstream asked for.

        What it asked for is spread too, by up to a tenth: all its clients were told the same.
        """
        self.attempts += 1
        retry = self._retry
        try:
            grown = retry.initial_interval * retry.multiplier ** (self.attempts - 1)
        except OverflowError:
            grown = retry.max_interval
        return max(self._chance() * min(grown, retry.max_interval), at_least * (1 + self._chance() / 10))

    def reset(self) -> None:
        """Begin anew: an attempt succeeded."""
        self.attempts = 0
