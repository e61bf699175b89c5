"""What was refused lately, and why: for people who ask why spans are missing."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_REFUSALS: Final = 50
"""Kinds of refusals that are remembered; above it the one that came least lately goes."""
MAX_REASON_CHARS: Final = 300


class Refusal(Struct):
    """Requests that were refused alike. `code` is as it was answered, `partial` for a part of the items.

    Times are seconds since the epoch; `items` are those of partial successes.
    """

    transport: str
    client: str
    code: str
    reason: str
    first: float
    last: float
    requests: int = 0
    items: int = 0


class Refusals:
    """The refusals of one bridge, in bounded memory."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._found: dict[tuple[str, str, str, str], Refusal] = {}

    def note(self, transport: str, client: str, code: int | str, reason: str, items: int = 0) -> None:
        """Remember a refusal."""
        reason = reason[:MAX_REASON_CHARS]
        key = (transport, client, str(code), reason)
        now = self._clock()
        found = self._found.pop(key, None)
        if found is None:
            found = Refusal(*key, first=now, last=now)
            if len(self._found) >= MAX_REFUSALS:
                del self._found[next(iter(self._found))]
        found.last = now
        found.requests += 1
        found.items += items
        self._found[key] = found  # the latest last

    def told(self) -> tuple[Refusal, ...]:
        """Return all, the latest first."""
        return tuple(reversed(self._found.values()))
