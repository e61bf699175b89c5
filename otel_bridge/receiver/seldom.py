"""Log lines that would repeat: once per subject and period."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

MINUTE: Final = 60.0
HOUR: Final = 3600.0
_MAX_SUBJECTS: Final = 1024


class Seldom:
    """Tells whether a subject is due again; remembers the last 1,024 subjects."""

    def __init__(self, seconds: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._seen: dict[Hashable, float] = {}

    def due(self, subject: Hashable) -> bool:
        """Return True for a subject that was not due within the period, and start its period."""
        now = self._clock()
        before = self._seen.get(subject)
        if before is not None and now - before < self._seconds:
            return False
        self._seen.pop(subject, None)
        if len(self._seen) >= _MAX_SUBJECTS:
            del self._seen[next(iter(self._seen))]
        self._seen[subject] = now
        return True
