"""A worker whose scorers are functions of the test."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Raw

from otel_bridge.scorer.base import ScorerBusy, ScorerFailed, Unusable, Verdict
from otel_bridge.scorer.spec import Bounds, Spec
from otel_bridge.scoring import runs
from otel_bridge.scoring.client import open_client
from otel_bridge.scoring.lane import Tried
from otel_bridge.scoring.monitors import Monitors
from otel_bridge.scoring.reading import CallReader, Wants
from otel_bridge.scoring.source import Ledger
from otel_bridge.scoring.working import Worker

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Mapping


def verdict(output: Any, **members: Any) -> Verdict:
    return Verdict(output=Raw(msgspec.json.encode(output)), **members)


class Scripted:
    """A performer: `score` gets the call and gives a verdict, raises, or waits."""

    def __init__(self, reader: CallReader, score: Callable[[dict], Any], *, slots: int, batch: int) -> None:
        self.slots = slots
        self.batch = batch
        self.closed = False
        self._reader = reader
        self._score = score

    async def perform(self, held) -> AsyncGenerator[Tried]:
        lines = await self._reader.read([one.task for one in held], Wants())
        for one, line in zip(held, lines, strict=True):
            if line is None:
                yield Tried(one, None, None)
                continue
            started_at = runs.now()
            try:
                result = self._score(msgspec.json.decode(line))
                result = await result if asyncio.iscoroutine(result) else result
            except (ScorerFailed, ScorerBusy) as error:
                result = error
            yield Tried(one, runs.Ran(line, started_at, runs.now()), result)

    async def close(self) -> None:
        self.closed = True


class Script:
    """Scorers by name: what they do, what they may take, and their slots and batches."""

    def __init__(self) -> None:
        self.scores: dict[str, Callable[[dict], Any]] = {"plain": lambda call: verdict(call["id"])}
        self.bounds: dict[str, Bounds] = {}
        self.shape: dict[str, tuple[int, int]] = {}
        self.reader: CallReader | None = None
        self.opened: list[Scripted] = []

    async def get(self, ref: str) -> Spec:
        name = ref.rpartition("/")[2].partition(":")[0]
        if name not in self.scores:
            raise Unusable(f"{ref} needs code of its own")
        bounds = self.bounds.get(name, Bounds())
        return Spec(name=name, kind="scripted", settings={}, origin="config", ref=ref, bounds=bounds)

    async def open(self, spec: Spec) -> Scripted:
        assert self.reader is not None
        slots, batch = self.shape.get(spec.name, (2, 100))
        performer = Scripted(self.reader, self.scores[spec.name], slots=slots, batch=batch)
        self.opened.append(performer)
        return performer


@asynccontextmanager
async def worker_at(
    url: str,
    script: Script,
    monitors: Mapping[str, Any] | None = None,
    known: Mapping[str, Spec] | None = None,
    *,
    confined: bool = False,
) -> AsyncGenerator[asyncio.Task[None]]:
    """Run a worker for the length of a block, and stop it at its end; raise what it raised."""
    stop = asyncio.Event()
    async with open_client(url, name="w1") as client:
        script.reader = CallReader(client)
        source = Ledger(client, 1)
        watch = Monitors(client, monitors or {}, known or {}, source.looked_at, confined=confined)
        worker = Worker(client, source, script.reader, lease_seconds=1, scorers=script, appliers=script,
                        monitors=watch)  # fmt: skip
        running = asyncio.create_task(worker.run(stop.wait))
        try:
            yield running
        finally:
            stop.set()
            await running
            await script.reader.close()
