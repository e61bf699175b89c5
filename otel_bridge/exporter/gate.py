"""Who may try: after a failure one at a time does, and the others wait until one succeeded."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from otel_bridge.backoff import Backoff


class Gate:
    """Open at first; closed by a failure, opened by a success. For one event loop."""

    def __init__(self, backoff: Backoff) -> None:
        self._backoff = backoff
        self._changed = asyncio.Event()
        self._trying = False
        self._not_before = 0.0
        self._retired = False
        self.closed = False

    @property
    def again_in(self) -> float:
        """Seconds until the next attempt is due, 0 while the gate is open."""
        return max(0.0, self._not_before - asyncio.get_running_loop().time()) if self.closed else 0.0

    @asynccontextmanager
    async def turn(self) -> AsyncGenerator[None]:
        """Wait for the right to try; it ends with the block."""
        alone = await self._wait()
        try:
            yield
        finally:
            if alone:
                self._trying = False
                self._wake()

    def open(self) -> None:
        """Let everybody try: an attempt succeeded."""
        self._backoff.reset()
        if self.closed:
            self.closed = False
            self._wake()

    def close(self, *, at_least: float = 0.0) -> float:
        """Let one try after a while, `at_least` seconds from now: an attempt failed. Return the wait."""
        wait = self._backoff.next(at_least=at_least)
        if self._retired:
            return wait
        self._not_before = asyncio.get_running_loop().time() + wait
        self.closed = True
        return wait

    def retire(self) -> None:
        """Keep nobody waiting any more: they are to go."""
        self._retired = True
        self.open()

    async def _wait(self) -> bool:
        """Return when the caller may try; True when it does so alone."""
        loop = asyncio.get_running_loop()
        while self.closed:
            if self._trying:
                await self._changed.wait()
                continue
            self._trying = True
            wait = self._not_before - loop.time()
            if wait <= 0:
                return True
            try:
                await asyncio.wait_for(self._changed.wait(), wait)
            except TimeoutError:
                pass
            except asyncio.CancelledError:
                self._trying = False
                self._wake()
                raise
            self._trying = False  # and at once again above, unless the gate has been opened
        return False

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
