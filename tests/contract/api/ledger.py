"""`store.scoring.base.Scoring` over a store in the same process, as the tests use it."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from otel_bridge.errors import BridgeError, Unavailable

if TYPE_CHECKING:
    from otel_bridge.model.tasks import Backlog


class InProcessScoring:
    """Applies each change in a transaction of its own. `broken`: as a writer that cannot keep anything."""

    def __init__(self, store) -> None:
        self.store = store
        self.broken = False
        self.claims = 0
        self.claimed = asyncio.Event()
        self._count = 0
        self._changed = asyncio.Event()

    def backlog(self) -> Backlog:
        return self.store.backlog()

    async def changes(self, seen: int) -> int:
        while self._count <= seen:
            self._changed.clear()
            await self._changed.wait()
        return self._count

    async def enqueue(self, asked):
        return self._apply(asked)

    async def claim(self, asked):
        try:
            return self._apply(asked)
        finally:
            self.claims += 1
            self.claimed.set()

    async def renew(self, asked):
        return self._apply(asked)

    async def settle(self, asked):
        return self._apply(asked)

    def _apply(self, asked):
        if self.broken:
            raise Unavailable("the disk is full")
        before = self.store.backlog()
        self.store.begin()
        try:
            answer = self.store.apply_scoring(asked, now=time.time_ns() // 1000)
        except BridgeError:
            self.store.rollback()
            raise
        self.store.commit()
        if self.store.backlog() != before:
            self._count += 1
            self._changed.set()
        return answer
