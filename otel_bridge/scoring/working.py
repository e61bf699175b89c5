"""A worker at work: leased tasks come to the lanes of their scorers, and what comes of them goes back."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Any, Final, Protocol

from otel_bridge.backoff import Backoff
from otel_bridge.errors import Unavailable
from otel_bridge.scoring import runs
from otel_bridge.scoring.assignments import Assignments
from otel_bridge.scoring.lane import Lane
from otel_bridge.scoring.pace import Limiters
from otel_bridge.scoring.settling import RETRY, Settler
from otel_bridge.telemetry import log

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from otel_bridge.model.scoring import Leased, Outcome
    from otel_bridge.model.tasks import Claimed
    from otel_bridge.scorer.spec import Spec
    from otel_bridge.scoring.assignments import Assignment
    from otel_bridge.scoring.client import BridgeClient
    from otel_bridge.scoring.lane import Performer
    from otel_bridge.scoring.monitors import Monitors
    from otel_bridge.scoring.reading import CallReader
    from otel_bridge.scoring.resolving import Scorers
    from otel_bridge.scoring.source import Source

MAX_HELD: Final = 4000
"""Tasks that a worker holds."""
MAX_LEASED: Final = 1000
"""Tasks of one lease."""
FIRST_ROOM: Final = 16
"""Tasks of a scorer that this worker does not know yet."""
WAIT_SECONDS: Final = 20.0
"""How long the bridge may wait for tasks before it answers."""
FULL_SECONDS: Final = 0.5
"""How long is waited for room before the bridge is asked for what other scorers have to do."""
GRACE_SECONDS: Final = 3.0
"""What a worker that stops gives to scorers that run."""
IDLE_SECONDS: Final = 60.0
"""When a scorer that is not needed lets go of its processes."""


class Appliers(Protocol):
    """Makes what applies a scorer: `scoring.applying.Appliers`."""

    async def open(self, spec: Spec) -> Performer:
        """Return a performer for this scorer."""


class Worker:
    """Takes tasks from a bridge and carries them out."""

    def __init__(
        self,
        client: BridgeClient,
        source: Source,
        reader: CallReader,
        *,
        lease_seconds: int,
        scorers: Scorers,
        appliers: Appliers,
        monitors: Monitors,
    ) -> None:
        self._source = source
        self._reader = reader
        self._scorers = scorers
        self._appliers = appliers
        self._monitors = monitors
        self._held = Assignments(client, lease_seconds)
        self._settler = Settler(client, self._settled)
        self._lanes: dict[str, Lane] = {}
        self._limiters = Limiters()
        self._arriving: Counter[str] = Counter()
        self._sorting: set[asyncio.Task[None]] = set()

    async def run(self, stopping: Callable[[], Awaitable[object]]) -> None:
        """Work until `stopping` returns, then hand back what is held.

        Raise Permanent when what answers is no bridge that lends tasks.
        """
        settling = asyncio.create_task(self._settler.run())
        alive = asyncio.create_task(self._held.keep_alive())
        taking = [asyncio.create_task(work) for work in (self._lease(), self._monitors.run(), self._tidy())]
        stop = asyncio.ensure_future(stopping())
        done, _ = await asyncio.wait([stop, settling, alive, *taking], return_when=asyncio.FIRST_COMPLETED)
        await _cancelled([stop, *taking, *self._sorting])
        await asyncio.gather(*(lane.stop(GRACE_SECONDS) for lane in self._lanes.values()))
        await _cancelled([settling, alive])
        told = self._settler.tasks()
        for one in self._held:
            if one.task not in told:
                self._settler.put(runs.given_back(one))
        await self._settler.finish()
        for lane in self._lanes.values():
            await lane.close()
        for each in done - {stop}:
            each.result()

    async def _lease(self) -> None:
        """Lease tasks whenever there is room for some. Never returns."""
        backoff = Backoff(RETRY)
        while True:
            try:
                work = await self._leased()
            except Unavailable as error:
                wait = backoff.next()
                if backoff.attempts > 1:  # one that stops says so once, and then ends its workers
                    log().warning("bridge_away", reason=str(error), again_in=round(wait, 1))
                await asyncio.sleep(wait)
                continue
            backoff.reset()
            self._monitors.add(work.ended)
            self._take(work.leased)
            if not work.leased and not work.ended and self._short:
                await self._held.room_made(FULL_SECONDS)

    @property
    def _short(self) -> bool:
        """Whether anything was not asked for because there is no room for it."""
        full = len(self._held) >= MAX_HELD or not self._monitors.room or bool(self._arriving)
        return full or not all(lane.room for lane in self._lanes.values())

    async def _leased(self) -> Claimed:
        """Ask the bridge for work; it waits for some unless more may be asked for soon."""
        rooms = {ref: lane.room for ref, lane in self._lanes.items()} | dict.fromkeys(self._arriving, 0)
        return await self._source.take(
            limit=max(0, min(MAX_LEASED, MAX_HELD - len(self._held))),
            rooms=rooms,
            each=FIRST_ROOM,
            ended=self._monitors.room,
            wait_seconds=0 if self._short else WAIT_SECONDS,
        )

    def _take(self, leased: Sequence[Leased]) -> None:
        """Bring tasks to the lanes of their scorers."""
        taken = self._held.take(leased)
        self._reader.expect(one.task for one in taken)
        groups: dict[str, list[Assignment]] = {}
        for one in taken:
            groups.setdefault(one.task.scorer_ref, []).append(one)
        for ref, group in groups.items():
            if (lane := self._lanes.get(ref)) is not None:
                lane.add(group)
                continue
            self._arriving[ref] += 1
            sorting = asyncio.create_task(self._arrive(ref, group))
            self._sorting.add(sorting)
            sorting.add_done_callback(self._sorting.discard)

    async def _arrive(self, ref: str, group: Sequence[Assignment]) -> None:
        """Find out what a ref means, and open a lane for it."""
        try:
            lane = await self._lane(ref)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told where the tasks are
            reason = str(error) or type(error).__name__
            for one in group:
                self._settler.put(runs.not_run(one, reason))
        else:
            lane.add(group)
        finally:
            self._arriving -= Counter((ref,))
            self._held.wake()

    async def _lane(self, ref: str) -> Lane:
        """Return the lane of a scorer; raise Unusable. Waits while the bridge is away."""
        backoff = Backoff(RETRY)
        while True:
            try:
                spec = await self._scorers.get(ref)
            except Unavailable as error:
                log().warning("scorer_not_read", scorer=ref, reason=str(error))
                await asyncio.sleep(backoff.next())
                continue
            if ref not in self._lanes:
                performer = await self._appliers.open(spec)
                self._lanes[ref] = Lane(spec, performer, self._settler.put, self._limiters.of(spec))
            return self._lanes[ref]

    def _settled(self, outcome: Outcome) -> None:
        self._source.settled(outcome)
        self._held.let_go(outcome.task)
        self._reader.forget(outcome.task)

    async def _tidy(self) -> None:
        """Let scorers go that nobody asks for. Never returns."""
        while True:
            await asyncio.sleep(IDLE_SECONDS / 4)
            since = asyncio.get_running_loop().time() - IDLE_SECONDS
            for ref, lane in tuple(self._lanes.items()):
                if not lane.held and lane.idle_since < since:
                    del self._lanes[ref]
                    await lane.close()


async def _cancelled(tasks: Sequence[asyncio.Future[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
