"""One lane of one destination: its calls leave in order, a batch at a time, until nothing waits."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from otel_bridge.backoff import Backoff, Retry
from otel_bridge.errors import Retryable
from otel_bridge.exporter import frames
from otel_bridge.exporter.suspicion import Range, Suspicion
from otel_bridge.exporter.verdict import Again, Held, Refused, Sent, TooLarge, WholeCallsOnly
from otel_bridge.ingest.child import UnhandledInChild
from otel_bridge.queue.base import DeadCall

if TYPE_CHECKING:
    from collections.abc import Sequence

    from otel_bridge.exporter.destination import Destination, Project
    from otel_bridge.exporter.verdict import Verdict
    from otel_bridge.queue.base import Lane, Reason

LOCAL_RETRY: Final = Retry(initial_interval=0.1, max_interval=5.0, multiplier=2.0)
"""For our own processes and disk: they come back by themselves."""


class _Overtaken(Exception):
    """What was to be delivered is no longer in the queue: it became too old, or made room."""


class _Retired(Exception):
    """The destination is to begin no request any more."""


class LaneSender:
    """Delivers one lane. Positions count items from the first behind `_after`, where the cursor stands."""

    def __init__(self, destination: Destination, project: Project, lane: Lane) -> None:
        self._destination = destination
        self._project = project
        self._lane = lane.id
        self._after = -1
        self._start = 0
        self._head: int | None = None  # the first record behind `_after`, while that is known
        self._dead: list[DeadCall] = []
        self._trouble = Backoff(LOCAL_RETRY)

    async def run(self) -> None:
        """Return when nothing waits, or when the destination retires."""
        outbox = self._destination.outbox
        while not self._destination.retires:
            seen = await outbox.changes(0)
            cursor = self._destination.cursor(self._lane)
            if cursor is None or not cursor.records or cursor.seq < self._after:
                return
            if cursor.seq > self._after:
                self._move(cursor.seq)
            await self._destination.gather(cursor)
            try:
                with self._destination.delivering(self._project):
                    delivered = await self._batch()
                if not delivered:  # a barrier whose time has not come
                    await self._destination.changes(seen)
            except _Overtaken:
                self._move(max(self._after, cursor.seq))

    def _move(self, after: int, start: int = 0, head: int | None = None) -> None:
        self._after, self._start, self._head = after, start, head
        self._dead = [one for one in self._dead if one.seq > after]

    async def _batch(self) -> bool:
        """Deliver one batch; False when there was nothing to deliver."""
        ranges: list[Range] = [(self._start, None)]
        records: frames.Rendered | None = None
        since = asyncio.get_running_loop().time()
        stop = self._start
        suspicion = Suspicion()
        while ranges:
            part = ranges.pop()
            try:
                rendered, verdict = await self._attempt(part)
            except _Retired:  # what is left to do is for whoever comes next
                stop = min(stop, part[0], *(begin for begin, _ in ranges))
                break
            records = records or rendered
            if verdict is None and rendered.broken is None:
                break  # nothing there
            others_pass = self._project.sent_at > since
            verdict = suspicion.weigh(part, verdict, calls=rendered.stop - part[0], others_pass=others_pass)
            left = await self._judged(part, rendered, verdict, since)
            if part[0] not in {begin for begin, _ in left}:
                stop = max(stop, rendered.stop)
            ranges = [*left, *ranges] if suspicion.postpones(part) else [*ranges, *left]
        return records is None or await self._settle(records, stop)

    async def _attempt(self, part: Range) -> tuple[frames.Rendered, Verdict | None]:
        """Render and send some items; no verdict when there was nothing to send."""
        project, destination = self._project, self._destination
        async with (
            project.places,
            project.gate.turn(),
            destination.gate.turn(),
            destination.slots.place(project.pace),
        ):
            if destination.retires:
                raise _Retired
            gzip = await destination.target.takes_gzip()
            rendered, body = await self._render(part, gzip=gzip)
            if not rendered.requests:
                return rendered, None
            verdict = await destination.send(project, rendered, body, start=part[0], gzip=gzip)
            if gzip and isinstance(verdict, Refused) and rendered.stop - part[0] == 1:
                # Before a call is given up: was it the compression that was not understood?
                plain, body = await self._render(part, gzip=False)
                verdict = await destination.send(project, plain, body, start=part[0], gzip=False)
                if isinstance(verdict, Sent):
                    destination.target.refuse_gzip()
            return rendered, verdict

    async def _judged(
        self, part: Range, rendered: frames.Rendered, verdict: Verdict | None, since: float
    ) -> list[Range]:
        """Return what is left to do of `part`, what is next in order last."""
        begin, end = part[0], rendered.stop
        rest: list[Range] = [(end, part[1])] if part[1] is not None and end < part[1] else []
        match verdict:
            case None:
                await self._give_up(begin, "refused", None, (rendered.broken or "").encode())
                return rest
            case Sent():
                return rest
            case WholeCallsOnly():
                self._project.whole = True
                return [part]
            case Again(status=status, reason=answer) | Held(status=status, reason=answer):
                if not self._out_of_time(since, verdict):
                    return [part]
                for position in range(begin, end):
                    await self._give_up(position, "too_old", status, answer.encode())
                return rest
            case TooLarge(status=status, answer=answer) | Refused(status=status, answer=answer):
                if end - begin > 1:
                    if isinstance(verdict, TooLarge):
                        self._project.take_less(rendered.json_bytes)
                    middle = (begin + end) // 2
                    return [*rest, (middle, end), (begin, middle)]
                reason: Reason = "too_large" if isinstance(verdict, TooLarge) else "refused"
                await self._give_up(begin, reason, status, answer.encode())
                return rest

    def _out_of_time(self, since: float, verdict: Again | Held) -> bool:
        limit = self._destination.settings.retry.max_elapsed
        spent = asyncio.get_running_loop().time() - since
        return bool(limit) and isinstance(verdict, Again) and spent > limit

    async def _render(self, part: Range, *, gzip: bool) -> tuple[frames.Rendered, bytes]:
        destination, project = self._destination, self._project
        request = frames.RenderCalls(
            id=destination.renderer.number(),
            place=replace(self._place(part[0]), stop=part[1]),
            max_bytes=project.max_bytes,
            whole=project.whole,
            gzip=gzip,
            options=destination.options,
        )
        reply, body = await self._ask(request)
        assert isinstance(reply, frames.Rendered)
        head = reply.records[0][0] if reply.records else None
        if self._head not in {None, head}:
            raise _Overtaken
        self._head = head
        return reply, body

    async def _give_up(self, position: int, reason: Reason, status: int | None, answer: bytes) -> None:
        """Make a dead letter of the item at `position`; kept with the settlement of the batch."""
        request = frames.TakeItem(self._destination.renderer.number(), self._place(position))
        taken, payload = await self._ask(request)
        assert isinstance(taken, frames.Taken)
        self._dead.append(
            DeadCall(
                seq=taken.seq,
                index=taken.index,
                kind=taken.kind,
                payload=payload,
                reason=reason,
                received_ns=taken.received_ns,
                wb_run_id=taken.wb_run_id,
                status=status,
                answer=answer,
            )
        )
        self._destination.gave_up(self._project, reason, status, answer)

    async def _ask(self, request: frames.Request) -> tuple[frames.Rendered | frames.Taken, bytes]:
        """Ask the renderer until it answers."""
        while True:
            try:
                reply, body = await self._destination.renderer.ask(request)
            except (Retryable, UnhandledInChild) as error:
                await self._stumbled(error)
                continue
            self._trouble.reset()
            return reply, body

    async def _settle(self, rendered: frames.Rendered, stop: int) -> bool:
        """Tell the queue which records are done; where the next batch begins is in the first that is not."""
        through, covered, passed, head = self._after, 0, 0, None
        for seq, count in rendered.records:
            covered += count
            if covered > stop:
                head = seq
                break
            through, passed = seq, covered
        if through == self._after:
            moved, self._start = stop > self._start, stop
            return moved
        dead = [one for one in self._dead if one.seq <= through]
        damaged = [seq for seq in rendered.damaged if seq <= through]
        await self._settled(through, dead, damaged)
        self._move(through, stop - passed, head)
        return True

    async def _settled(self, through: int, dead: Sequence[DeadCall], damaged: Sequence[int]) -> None:
        destination = self._destination
        while True:
            try:
                await destination.outbox.settle(
                    destination.settings.name, self._lane, through, dead=dead, damaged=damaged
                )
            except (Retryable, UnhandledInChild) as error:
                await self._stumbled(error)
                continue
            self._trouble.reset()
            return

    async def _stumbled(self, error: Exception) -> None:
        """Wait a moment: a process of ours is being started again, or the disk is full."""
        self._destination.stumbled(error)
        await asyncio.sleep(self._trouble.next())

    def _place(self, start: int) -> frames.Place:
        settings = self._destination.settings
        return frames.Place(
            destination=settings.name,
            lane=self._lane,
            after=self._after,
            project_id=self._project.target,
            max_calls=settings.max_batch_calls,
            max_bytes=settings.max_batch_bytes,
            start=start,
        )
