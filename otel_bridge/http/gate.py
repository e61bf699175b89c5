"""The gate all requests pass: counts those under way, and lets no new ones in once it is shut."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Final

from otel_bridge.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator

ARRIVAL_SECONDS: Final = 1.0
"""For the rest of bodies that are on their way when the gate shuts: what has not come was not accepted."""
MAX_REQUESTS: Final = 2048


class Gate:
    """Open at first; `shut` it, then wait until it is `empty`, to stop without dropping a request."""

    def __init__(self, max_requests: int = MAX_REQUESTS) -> None:
        self._max_requests = max_requests
        self._inside = 0
        self._shut = False
        self._arriving: set[asyncio.Timeout] = set()
        self._empty = asyncio.Event()
        self._empty.set()

    @property
    def is_shut(self) -> bool:
        """Tell whether new requests are refused for good."""
        return self._shut

    @contextmanager
    def enter(self) -> Generator[None]:
        """Be inside for the length of the block; raise Unavailable when shut or full."""
        if self._shut:
            raise Unavailable("shutting down")
        if self._inside >= self._max_requests:
            raise Unavailable("too many requests are being worked on; try again in a moment")
        self._inside += 1
        self._empty.clear()
        try:
            yield
        finally:
            self._inside -= 1
            if not self._inside:
                self._empty.set()

    @asynccontextmanager
    async def arriving(self) -> AsyncGenerator[None]:
        """Read a body inside; raise Unavailable when it is still not there soon after the gate was shut."""
        try:
            async with asyncio.timeout(None) as patience:
                self._arriving.add(patience)
                try:
                    yield
                finally:
                    self._arriving.discard(patience)
        except TimeoutError:
            raise Unavailable("shutting down") from None

    def shut(self) -> None:
        """Let no new request in; again is a no-op."""
        if self._shut:
            return
        self._shut = True
        deadline = asyncio.get_running_loop().time() + ARRIVAL_SECONDS
        for patience in self._arriving:
            patience.reschedule(deadline)

    async def empty(self) -> None:
        """Return when no request is inside."""
        await self._empty.wait()
