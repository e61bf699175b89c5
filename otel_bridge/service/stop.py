"""How a bridge is told to stop."""

from __future__ import annotations

import asyncio


class Stop:
    """How the bridge is told to stop: once, and a second time to hurry."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.hurry = asyncio.Event()
        self.at = 0.0

    def __call__(self) -> None:
        """Hear a signal."""
        if self.asked.is_set():
            self.hurry.set()
            return
        self.at = asyncio.get_running_loop().time()
        self.asked.set()

    def seconds_left(self, seconds: float) -> float:
        """Return what is left of so many seconds since it was asked for."""
        spent = asyncio.get_running_loop().time() - self.at if self.asked.is_set() else 0.0
        return seconds - spent
