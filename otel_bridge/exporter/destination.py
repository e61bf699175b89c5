"""One destination: its lanes, what they share, and what is told about it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from otel_bridge.backoff import Backoff
from otel_bridge.exporter.gate import Gate
from otel_bridge.exporter.lane import LaneSender
from otel_bridge.exporter.slots import Pace, Slots
from otel_bridge.exporter.traced import attempted, gave_up
from otel_bridge.exporter.verdict import Again, Held, Sent
from otel_bridge.receiver.seldom import MINUTE, Seldom
from otel_bridge.telemetry import log

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager

    from otel_bridge.exporter import frames
    from otel_bridge.exporter.base import Target
    from otel_bridge.exporter.metrics import ExporterMetrics
    from otel_bridge.exporter.settings import DeliverySettings
    from otel_bridge.exporter.verdict import Verdict
    from otel_bridge.ingest.child import Child
    from otel_bridge.queue.base import Cursor, Lane, Outbox
    from otel_bridge.tracing import Step
    from otel_bridge.translate.options import Options

MIN_BATCH_BYTES: Final = 64 << 10
"""A project whose upstream refuses larger batches still gets this much in one."""
MAX_PROJECTS_NAMED: Final = 5
STUMBLE_SECONDS: Final = 1.0
SETTLE_SECONDS: Final = 10.0
"""For the queue to be told what became of requests, once they are answered."""


class Project:
    """What is known of one project of a destination; `target` is what it is called there."""

    def __init__(self, target: str, settings: DeliverySettings) -> None:
        self.target: Final = target
        self.gate: Final = Gate(Backoff(settings.retry))
        self.pace: Final = Pace()
        self.places: Final = asyncio.Semaphore(settings.in_flight)
        self.whole = False
        self.max_bytes = settings.max_batch_bytes
        self.trouble = ""
        self.sent_at = 0.0

    def take_less(self, refused_bytes: int) -> None:
        """Make smaller batches from now on: one of so many bytes was too large."""
        self.max_bytes = max(MIN_BATCH_BYTES, min(self.max_bytes, refused_bytes // 2))


class Destination:
    """Delivers to one target what waits for it.

    `options` say what spans become, None: they stay spans. `move` says what a project is called there.
    """

    def __init__(
        self,
        settings: DeliverySettings,
        *,
        outbox: Outbox,
        renderer: Child,
        target: Target,
        metrics: ExporterMetrics,
        options: Options | None,
        move: Mapping[str, str],
    ) -> None:
        self.settings: Final = settings
        self.outbox: Final = outbox
        self.renderer: Final = renderer
        self.target: Final = target
        self.options: Final = options
        self.gate: Final = Gate(Backoff(settings.retry))
        self.slots: Final = Slots()
        self._metrics = metrics
        self._move = move
        self._projects: dict[str, Project] = {}
        self._running: set[int] = set()
        self._draining = asyncio.Event()
        self._retiring = asyncio.Event()
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._minutely = Seldom(MINUTE)

    async def run(self) -> None:
        """Deliver whatever waits, for ever."""
        seen = 0
        async with asyncio.TaskGroup() as tasks:
            while True:
                seen = await self.outbox.changes(seen)
                idle = [
                    lane for lane in self.outbox.lanes(self.settings.name) if lane.id not in self._running
                ]
                for lane in () if self.retires else idle:
                    self._running.add(lane.id)
                    self._quiet.clear()
                    tasks.create_task(self._deliver(lane))

    async def drain(self) -> None:
        """Send what waits without waiting for more; return when nothing does."""
        self._draining.set()
        seen = 0
        while self.outbox.lanes(self.settings.name):
            seen = await self.outbox.changes(seen)

    @property
    def retires(self) -> bool:
        """Tell whether no request may begin any more."""
        return self._retiring.is_set()

    async def retire(self) -> None:
        """Begin no request any more; return when those under way are settled, or in time without that.

        What waits is left to whoever delivers to this destination next. `run` is to be cancelled then.
        """
        self._retiring.set()
        self._draining.set()
        for gate in (self.gate, *(project.gate for project in self._projects.values())):
            gate.retire()
        try:
            async with asyncio.timeout(self.settings.timeout_seconds + SETTLE_SECONDS):
                await self._quiet.wait()
        except TimeoutError:
            log().warning("delivery_cut_off", exporter=self.settings.name)

    async def changes(self, seen: int) -> None:
        """Wait until the queue has changed, or until this is to retire."""
        waits = {asyncio.create_task(self.outbox.changes(seen)), asyncio.create_task(self._retiring.wait())}
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waits:
                task.cancel()

    @property
    def health(self) -> str:
        """Return "ok", or why calls do not leave."""
        if self.gate.closed:
            return next((one.trouble for one in self._projects.values() if one.trouble), "unreachable")
        troubled = [
            f"{one.target}: {one.trouble}"
            for one in self._projects.values()
            if one.gate.closed and one.trouble
        ]
        more = len(troubled) - MAX_PROJECTS_NAMED
        return "; ".join(troubled[:MAX_PROJECTS_NAMED]) + (f"; {more} more" if more > 0 else "") or "ok"

    def cursor(self, lane_id: int) -> Cursor | None:
        """Return where this destination stands in a lane; None when nothing waits for it there."""
        name = self.settings.name
        lane = self.outbox.lane(name, lane_id)
        return None if lane is None else next((one for one in lane.cursors if one.destination == name), None)

    async def gather(self, cursor: Cursor) -> None:
        """Wait a moment for more calls to share a request, unless there are enough."""
        if cursor.calls < self.settings.max_batch_calls and not self._draining.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._draining.wait(), self.settings.flush_seconds)

    async def send(
        self, project: Project, rendered: frames.Rendered, body: bytes, *, start: int, gzip: bool
    ) -> Verdict:
        """Send the requests of a batch one after the other; stop at the first that is not taken."""
        at = 0
        verdict: Verdict = Sent()
        with self._metrics.in_flight(self.settings.name):
            for request in rendered.requests:
                part = body if len(rendered.requests) == 1 else body[at : at + request.size]
                at += request.size
                verdict = await self.target.send(request, part, project=project.target, gzip=gzip)
                if not isinstance(verdict, Sent):
                    break
        calls, size = rendered.stop - start, rendered.json_bytes
        learned = await self._learn(project, verdict, calls=calls, size=size)
        attempted(self._metrics.telemetry.tracing.now(), learned, calls, size)
        return learned

    def delivering(self, project: Project) -> AbstractContextManager[Step]:
        """Tell of a batch in the bridge's own traces."""
        name = self.settings.name
        facts = {"exporter": name, "project": project.target}
        return self._metrics.telemetry.tracing.work(f"exporter/{name}/traces", facts, kind="client")

    async def _learn(self, project: Project, verdict: Verdict, *, calls: int, size: int) -> Verdict:
        name = self.settings.name
        self._metrics.up(name, up=not (isinstance(verdict, Again) and verdict.unreachable))
        if not isinstance(verdict, Again | Held):
            self._works(project)
            if isinstance(verdict, Sent):
                self._sent(project, verdict, calls, size)
            return verdict
        self._metrics.retried(name, calls)
        if isinstance(verdict, Held) and await self.target.renew():
            return verdict  # with another key, at once
        project.trouble = verdict.reason
        wait = project.gate.close(at_least=verdict.after)
        if isinstance(verdict, Again) and verdict.unreachable:
            self.gate.close(at_least=verdict.after)
        else:
            self.gate.open()
        event = "delivery_held" if isinstance(verdict, Held) else "delivery_failed"
        if self._minutely.due((event, project.target)):
            log().warning(
                event, exporter=name, project=project.target, reason=verdict.reason, again_in=round(wait, 1)
            )
        return verdict

    def _sent(self, project: Project, verdict: Sent, calls: int, size: int) -> None:
        """Count what is there now, and tell what the destination says of it."""
        project.sent_at = asyncio.get_running_loop().time()
        rejected = min(verdict.rejected, calls)
        self._metrics.sent(self.settings.name, calls, size, rejected=rejected)
        if (rejected or verdict.message) and self._minutely.due(("rejected", project.target, bool(rejected))):
            log().warning(
                "spans_rejected" if rejected else "destination_warned",
                exporter=self.settings.name,
                project=project.target,
                spans=rejected,
                reason=verdict.message[:1000],
            )

    def _works(self, project: Project) -> None:
        if project.gate.closed or project.trouble:
            log().info("delivery_resumed", exporter=self.settings.name, project=project.target)
        project.trouble = ""
        project.gate.open()
        self.gate.open()

    def gave_up(self, project: Project, reason: str, status: int | None, answer: bytes) -> None:
        """Count and log a call that becomes a dead letter."""
        self._metrics.dead_lettered(self.settings.name)
        gave_up(self._metrics.telemetry.tracing.now(), reason)
        if self._minutely.due(("dead", project.target, reason)):
            log().error(
                "call_dead_lettered",
                exporter=self.settings.name,
                project=project.target,
                reason=reason,
                status=status,
                answer=answer[:200].decode("utf-8", "replace"),
            )

    def stumbled(self, error: Exception) -> None:
        """Log what went wrong inside the bridge."""
        if self._minutely.due(("stumbled", type(error))):
            log().error("delivery_stumbled", exporter=self.settings.name, reason=str(error)[-500:])

    async def _deliver(self, lane: Lane) -> None:
        """Deliver a lane until nothing waits; a bug of ours costs a pause, not the lane."""
        project = self._projects.get(lane.project_id)
        if project is None:
            target = self._move.get(lane.project_id, lane.project_id)
            project = self._projects[lane.project_id] = Project(target, self.settings)
        try:
            while not await self._survived(LaneSender(self, project, lane)):
                continue
        finally:  # in the same step that found nothing waiting: what comes later starts the lane anew
            self._running.discard(lane.id)
            if not self._running:
                self._quiet.set()

    async def _survived(self, sender: LaneSender) -> bool:
        """Let a lane run to its end; False, after a pause, when it met a bug."""
        try:
            await sender.run()
        except Exception as error:  # noqa: BLE001 - the top of a task
            self._metrics.telemetry.note("unhandled_errors")
            self.stumbled(error)
            await asyncio.sleep(STUMBLE_SECONDS)
            return False
        return True
