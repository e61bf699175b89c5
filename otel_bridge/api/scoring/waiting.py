"""Waiting for work, which holds no thread and no transaction meanwhile."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final

from otel_bridge.model.tasks import Claimed

if TYPE_CHECKING:
    from collections.abc import Callable

    from otel_bridge.model.tasks import ClaimTasks
    from otel_bridge.store.scoring.base import Scoring

LEAST_WAIT_SECONDS: Final = 0.05
"""Between two looks for a worker that has no room for what is due."""
_MICROSECONDS: Final = 1_000_000


async def claim_when_due(
    ledger: Scoring,
    asked: ClaimTasks,
    *,
    wait_seconds: float,
    closing: asyncio.Event | None = None,
    gone: Callable[[], bool] = lambda: False,
) -> Claimed:
    """Lend tasks and ended calls, waiting for some so long.

    Ends at once when `closing` is set, and lends nothing then, nor when `gone` says that nobody waits.
    """
    closing = closing or asyncio.Event()
    loop = asyncio.get_running_loop()
    end = loop.time() + wait_seconds
    while not (gone() or closing.is_set()):
        seen = await ledger.changes(-1)
        claimed = await ledger.claim(asked)
        left = end - loop.time()
        if claimed.leased or claimed.ended or left <= 0:
            return claimed
        due = left if claimed.due_at is None else claimed.due_at / _MICROSECONDS - time.time()
        await _changed(ledger, seen, closing, min(left, max(LEAST_WAIT_SECONDS, due)))
    return Claimed()


async def _changed(ledger: Scoring, seen: int, closing: asyncio.Event, patience: float) -> None:
    """Wait until there may be more to lend, `closing` is set, or so many seconds are over."""
    waits = {asyncio.create_task(ledger.changes(seen)), asyncio.create_task(closing.wait())}
    try:
        await asyncio.wait(waits, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for one in waits:
            one.cancel()
        await asyncio.wait(waits)
