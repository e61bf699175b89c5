"""Rate limits: a token bucket for each key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from otel_bridge.errors import RateLimited

if TYPE_CHECKING:
    from collections.abc import Callable

    from otel_bridge.auth.principal import Principal

MAX_BUCKETS: Final = 10_000
"""Keys whose bucket is remembered; names of keys come from files, so this bounds mistakes, not attacks."""


class RateLimiter:
    """Lets a key make `rate` requests a second, and a second's worth of them at once.

    `clock` gives seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._buckets: dict[str, tuple[float, float]] = {}

    def take(self, principal: Principal) -> None:
        """Take one request; raise RateLimited, and take nothing, where there is none left."""
        rate = principal.rate
        if rate is None or principal.worker:
            return
        now, most = self._clock(), max(1.0, rate)
        left, since = self._buckets.get(principal.name, (most, now))
        left = min(most, left + (now - since) * rate)
        if left < 1.0:
            raise RateLimited(f"more than {rate:g} requests a second with this key; try again in a moment")
        if len(self._buckets) >= MAX_BUCKETS and principal.name not in self._buckets:
            self._buckets.pop(next(iter(self._buckets)))
        self._buckets[principal.name] = (left - 1.0, now)
