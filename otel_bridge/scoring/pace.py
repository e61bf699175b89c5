"""How fast one scorer is asked: its rate limit, its pauses, and how much of its work is taken at a time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final
from weakref import WeakValueDictionary

import msgspec
from aiolimiter import AsyncLimiter

if TYPE_CHECKING:
    from otel_bridge.scorer.spec import Spec

FIRST_BATCH: Final = 4
"""Tasks of a batch while nothing is known of a scorer."""
BATCH_SECONDS: Final = 1.0
"""A batch is meant to take no longer: what waits behind a slow scorer is not held by this worker."""
BATCH_BYTES: Final = 8 << 20
"""Of the calls of a batch, going by the last ones."""
SHUT_SECONDS: Final = 10.0
"""A scorer that pauses for longer is lent no more tasks meanwhile."""
MINUTE: Final = 60.0
_WEIGHT: Final = 0.2
"""Of the latest measurement in the mean."""


class Pace:
    """The pace of a scorer of which `slots` batches of at most `most` tasks run at a time."""

    def __init__(self, limiter: AsyncLimiter | None, *, slots: int, most: int) -> None:
        self._limiter = limiter
        self._slots = slots
        self._most = most if limiter is None else 1
        self._seconds: float | None = None
        self._bytes = 0.0
        self._open_at = 0.0

    @property
    def batch(self) -> int:
        """How many tasks the next batch may have."""
        if self._seconds is None:
            return min(FIRST_BATCH, self._most)
        fit = min(BATCH_SECONDS / max(self._seconds, 1e-6), BATCH_BYTES / max(self._bytes, 1.0))
        return max(1, min(self._most, int(fit)))

    def room(self, held: int) -> int:
        """Return how many tasks more may be leased beside `held`: as much again as can be under way."""
        if self._open_at - asyncio.get_running_loop().time() > SHUT_SECONDS:
            return 0
        return max(0, 2 * self._slots * self.batch - held)

    async def admit(self, many: int) -> None:
        """Wait until the scorer may be asked so many times more."""
        wait = self._open_at - asyncio.get_running_loop().time()
        if wait > 0:
            await asyncio.sleep(wait)
        if self._limiter is not None:
            for _ in range(many):
                await self._limiter.acquire()

    def took(self, seconds: float, size: int) -> None:
        """Note how long one call took, and how many bytes it has."""
        first = self._seconds is None
        self._seconds = seconds if first else _mean(self._seconds or 0.0, seconds)
        self._bytes = size if first else _mean(self._bytes, size)

    def shut(self, seconds: float) -> None:
        """Ask for nothing for so long."""
        self._open_at = max(self._open_at, asyncio.get_running_loop().time() + seconds)


class Limiters:
    """The rate limits of scorers: what has the same kind and settings shares one, whatever its ref."""

    def __init__(self) -> None:
        self._limiters: WeakValueDictionary[bytes, AsyncLimiter] = WeakValueDictionary()

    def of(self, spec: Spec) -> AsyncLimiter | None:
        """Return the limit of a scorer, None when it has none."""
        rate = spec.bounds.per_minute
        if rate is None:
            return None
        key = msgspec.json.encode((spec.kind, spec.settings, rate))
        if (limiter := self._limiters.get(key)) is None:
            limiter = AsyncLimiter(max(1.0, rate), MINUTE * max(1.0, 1.0 / rate))
            self._limiters[key] = limiter
        return limiter


def _mean(before: float, latest: float) -> float:
    return (1 - _WEIGHT) * before + _WEIGHT * latest
