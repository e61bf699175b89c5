"""How many requests to a destination may be under way: what bounds memory, and keeps the slow apart."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

SLOTS: Final = 12
"""Requests under way to one destination, over all projects: at most this many batches are in memory."""
SLOW_SLOTS: Final = 4
"""Further ones, for projects whose requests fail or take long: they take nothing from the others."""
SLOW_SECONDS: Final = 5.0
"""A project with a request that takes longer is slow until one is fast."""


class Pace:
    """Whether a project's requests are slow."""

    def __init__(self) -> None:
        self.slow = False


class Slots:
    """The places of one destination."""

    def __init__(self) -> None:
        self._steady = asyncio.Semaphore(SLOTS)
        self._slow = asyncio.Semaphore(SLOW_SLOTS)

    @asynccontextmanager
    async def place(self, pace: Pace) -> AsyncGenerator[None]:
        """Hold a place for one request. One that takes long moves to a place of the slow if one is free."""
        held = self._slow if pace.slow else self._steady
        await held.acquire()

        async def overdue() -> None:
            nonlocal held
            await asyncio.sleep(SLOW_SECONDS)
            pace.slow = True
            if held is self._steady and not self._slow.locked():
                await self._slow.acquire()  # does not wait: it is not locked
                held = self._slow
                self._steady.release()

        watch = asyncio.create_task(overdue())
        try:
            yield
        finally:
            if watch.cancel():
                pace.slow = False
            await asyncio.wait((watch,))
            held.release()
