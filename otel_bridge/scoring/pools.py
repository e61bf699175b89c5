"""Who runs in whose processes: rules share some, what may spin has its own."""

from __future__ import annotations

from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from typing import TYPE_CHECKING, Final

from otel_bridge.scoring.runners import Runners

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from otel_bridge.scorer.settings import ScoringSettings
    from otel_bridge.scorer.spec import Spec
    from otel_bridge.scoring.course import Result

MAX_OWN: Final = 8
"""Scorers with processes of their own; further ones share one more pool."""


class RunnerPool:
    """Runner processes that are started when they are first used; `shared` ones outlive who leaves them."""

    def __init__(self, settings: ScoringSettings, size: int, *, shared: bool) -> None:
        self.size: Final = size
        self.in_use = True
        self._settings = settings
        self._shared = shared
        self._owned = AsyncExitStack()
        self._runners: Runners | None = None

    async def run(self, spec: Spec, lines: Sequence[bytes]) -> AsyncGenerator[tuple[int, Result]]:
        """Score calls, as `Runners.run`."""
        if self._runners is None:
            self._runners = Runners(self._settings, size=self.size)
            await self._owned.enter_async_context(self._runners)
        async with aclosing(self._runners.run(spec, lines)) as results:
            async for result in results:
                yield result

    async def leave(self) -> None:
        """Use the processes no more; end them unless others do."""
        if not self._shared:
            await self.close()

    async def close(self) -> None:
        """End the processes."""
        self.in_use = False
        await self._owned.aclose()


class Pools:
    """The pools of one worker."""

    def __init__(self, settings: ScoringSettings) -> None:
        self._settings = settings
        self.shared: Final = RunnerPool(settings, settings.runners, shared=True)
        self._crowd = RunnerPool(settings, settings.runners, shared=True)
        self._own: list[RunnerPool] = []

    def alone(self, most: int) -> RunnerPool:
        """Return a pool for one scorer that runs `most` times at a time, or the one of all latecomers."""
        self._own = [pool for pool in self._own if pool.in_use]
        if len(self._own) >= MAX_OWN:
            return self._crowd
        self._own.append(pool := RunnerPool(self._settings, min(most, self._settings.runners), shared=False))
        return pool

    async def close(self) -> None:
        """End all processes."""
        for pool in (self.shared, self._crowd, *self._own):
            await pool.close()


@asynccontextmanager
async def open_pools(settings: ScoringSettings) -> AsyncGenerator[Pools]:
    """Lend pools for the length of the block."""
    pools = Pools(settings)
    try:
        yield pools
    finally:
        await pools.close()
