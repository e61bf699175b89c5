"""What a worker holds: leased tasks, kept alive until they are settled."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from otel_bridge.errors import BridgeError
from otel_bridge.telemetry import log

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from otel_bridge.model.scoring import Leased, Task
    from otel_bridge.scorer.spec import Spec
    from otel_bridge.scoring.client import BridgeClient

HEARTBEATS: Final = 4
"""Of a lease's length: so many may be missed, but one."""
MAX_RENEWED: Final = 1000
"""Tasks of one request."""


class Assignment:
    """A leased task while this worker has it: its scorer, once that is known, and its `tries` here."""

    __slots__ = ("_spec", "leased", "tries")

    def __init__(self, leased: Leased) -> None:
        self.leased = leased
        self.tries = 0
        self._spec: Spec | None = None

    @property
    def spec(self) -> Spec:
        """The scorer that is to be applied."""
        assert self._spec is not None
        return self._spec

    @spec.setter
    def spec(self, spec: Spec) -> None:
        self._spec = spec

    @property
    def task(self) -> Task:
        """The task."""
        return self.leased.task

    @property
    def attempt(self) -> int:
        """How often the task was tried so far, by whichever worker; a worker that died has tried."""
        return self.leased.attempt - 1 + self.tries


class Assignments:
    """Everything that a worker holds now."""

    def __init__(self, client: BridgeClient, lease_seconds: int) -> None:
        self._client = client
        self._lease_seconds = lease_seconds
        self._held: dict[Task, Assignment] = {}
        self._freed = asyncio.Event()

    def __len__(self) -> int:
        return len(self._held)

    def __iter__(self) -> Iterator[Assignment]:
        return iter(tuple(self._held.values()))

    def take(self, leased: Iterable[Leased]) -> list[Assignment]:
        """Hold tasks; return those that are new. One whose lease ran out meanwhile has a new one now."""
        taken = []
        for one in leased:
            if (held := self._held.get(one.task)) is not None:
                held.leased = one
                continue
            self._held[one.task] = assignment = Assignment(one)
            taken.append(assignment)
        return taken

    def let_go(self, task: Task) -> None:
        """Hold a task no more: it is settled."""
        self._held.pop(task, None)
        self._freed.set()

    def wake(self) -> None:
        """Wake whoever waits for room: there may be some."""
        self._freed.set()

    async def room_made(self, seconds: float) -> None:
        """Wait until there may be room for more, for so long at most."""
        self._freed.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._freed.wait()

    async def keep_alive(self) -> None:
        """Renew the lease of everything held, again and again. Never returns."""
        while True:
            await asyncio.sleep(self._lease_seconds / HEARTBEATS)
            tasks = list(self._held)
            for at in range(0, len(tasks), MAX_RENEWED):
                try:
                    await self._client.renew(tasks[at : at + MAX_RENEWED], self._lease_seconds)
                except BridgeError as error:  # whoever settles first wins: nothing is lost
                    log().debug("leases_not_renewed", reason=str(error))
