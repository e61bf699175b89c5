"""Inflating request bodies off the event loop, in bounded steps."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from otel_bridge.errors import RequestTooLarge
from otel_bridge.http.coding import Coding, Inflation

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Sequence

    from otel_bridge.http.budget import Claim

INLINE_WIRE_BYTES: Final = 16 * 1024
INLINE_BYTES: Final = 128 * 1024
"""What is inflated on the loop at once: some 0.3 ms of work, about what a thread would cost in waiting."""

STEP_BYTES: Final = 2 * 1024 * 1024
"""What a thread inflates before the loop looks at the budget again: some 5 ms of work."""

THREADS: Final = 2
"""How many bodies inflate at one time; the others wait, compressed."""


class Inflater:
    """Inflates bodies in threads of its own, so that bombs queue up behind each other and nothing else."""

    def __init__(self, threads: ThreadPoolExecutor) -> None:
        self._threads = threads

    async def inflate(
        self, wire: Sequence[bytes], coding: Coding, *, max_bytes: int, claim: Claim | None = None
    ) -> bytes:
        """Return the plain bytes of a body that came in pieces.

        Raise InvalidRequest for malformed data, RequestTooLarge at `max_bytes` + 1, Unavailable when `claim`
        cannot grow with the data.
        """
        small = sum(map(len, wire)) <= INLINE_WIRE_BYTES
        inflation = Inflation(wire, coding)
        parts: list[bytes] = []
        size = 0
        while not inflation.finished:
            room = max_bytes + 1 - size
            if small:
                part = inflation.step(min(INLINE_BYTES, room))
                small = False
            else:
                part = await self.run(inflation.step, min(STEP_BYTES, room))
            parts.append(part)
            size += len(part)
            if size > max_bytes:
                raise RequestTooLarge(f"the inflated body is larger than {max_bytes} bytes")
            if claim is not None:
                claim.grow_to(size)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    async def run(self, work: Callable[[int], bytes], argument: int) -> bytes:
        """Run `work(argument)` in one of the threads."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, argument)


@asynccontextmanager
async def open_inflater(threads: int = THREADS) -> AsyncGenerator[Inflater]:
    """Lend an inflater with this many threads."""
    pool = ThreadPoolExecutor(threads, thread_name_prefix="inflate")
    try:
        yield Inflater(pool)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
