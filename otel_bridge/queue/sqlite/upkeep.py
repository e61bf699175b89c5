"""What the queue's file needs now and then: a dictionary, the time, its free pages given back to the disk."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import apsw

from otel_bridge.queue.sqlite.queries import QUERIES
from otel_bridge.store.sqlite.training import Training

if TYPE_CHECKING:
    from otel_bridge.queue.sqlite.clock import QueueClock
    from otel_bridge.store.sqlite.codec import SpanCodec

SPARE_BYTES: Final = 32 << 20
"""Free pages that the file may always hold: they are used again."""
_SPARE_SHARE: Final = 4
"""A file is cut when more than one page in this many is free."""
CLOCK_SECONDS: Final = 60
"""How often the clock is written down where nothing else is."""
STEP_PAGES: Final = 512
"""Pages that one step cuts off."""


class Upkeep:
    """One short step at a time, between two transactions."""

    def __init__(self, connection: apsw.Connection, codec: SpanCodec, clock: QueueClock) -> None:
        self._connection = connection
        self._codec = codec
        self._clock = clock
        self._clock_kept = clock.now()
        self._page_bytes: int = connection.pragma("page_size")
        self._training = Training()
        content: Any = connection.execute(QUERIES["dictionary_in_use"]).get
        if content is not None:
            codec.use(content)
        self.has_dictionary = content is not None

    def step(self) -> bool:
        """Do what is due; True: there is more to do."""
        self._connection.execute("PRAGMA synchronous = NORMAL")
        try:
            self._training.step(self._codec, self._keep_dictionary, wanted=not self.has_dictionary)
            self._keep_clock()
            return self._shrink()
        finally:
            with suppress(apsw.Error):
                self._connection.execute("PRAGMA synchronous = FULL")

    def forget(self) -> None:
        """Throw away what is being trained: it may hold what was erased."""
        self._training.forget()

    def close(self) -> None:
        """Wait for the thread that trains."""
        self._training.close()

    def _keep_dictionary(self, content: bytes) -> None:
        self._connection.execute(QUERIES["add_dictionary"], (self._codec.number_of(content), content))
        self._codec.use(content)
        self.has_dictionary = True

    def _keep_clock(self) -> None:
        """Write the queue's clock down while something waits: there may be no commit for days."""
        now = self._clock.now()
        if now - self._clock_kept >= CLOCK_SECONDS:
            self._connection.execute(QUERIES["keep_clock"], (now, self._clock.wall()))
            self._clock_kept = now

    def _shrink(self) -> bool:
        free = self._connection.pragma("freelist_count")
        pages = self._connection.pragma("page_count")
        if free * self._page_bytes <= SPARE_BYTES or free * _SPARE_SHARE <= pages:
            return False
        self._connection.execute(f"PRAGMA incremental_vacuum({STEP_PAGES})").fetchall()
        return True
