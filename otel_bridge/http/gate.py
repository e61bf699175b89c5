"""The gate all requests pass: counts those under way, and lets no new ones in once it is shut."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from otel_bridge.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Generator

MAX_REQUESTS: Final = 2048


class Gate:
    """Open at first; `shut` it, then wait until it is `empty`, to stop without dropping a request."""

    def __init__(self, max_requests: int = MAX_REQUESTS) -> None:
        self._max_requests = max_requests
        self._inside = 0
        self._shut = False
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

    def shut(self) -> None:
        """Let no new request in; again is a no-op."""
        self._shut = True

    async def empty(self) -> None:
        """Return when no request is inside."""
        await self._empty.wait()
