"""One batch on one runner: what is answered, what is left, and who is to blame when it goes wrong."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, TypeAlias

from msgspec import Raw

from otel_bridge.scorer.base import NO_INPUTS, ScorerBusy, ScorerFailed, Verdict
from otel_bridge.scoring import runner_frames as frames
from otel_bridge.scoring.reasons import how_it_ended, too_long
from otel_bridge.scoring.runner_process import Lost

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from otel_bridge.scoring.runner_process import RunnerProcess

Result: TypeAlias = Verdict | ScorerFailed | ScorerBusy
Call: TypeAlias = tuple[int, bytes]
"""The number of a call, and its JSON."""
Tell: TypeAlias = "Callable[[list[tuple[int, Result]]], None]"

GATHER_SECONDS: Final = 0.001
"""Replies that come within this time are read together: to wake up for each costs more than it does."""
GRACE_SECONDS: Final = 1.0
"""An async scorer ends calls that take too long by itself; so much later it must have."""


class Stopped(Exception):
    """The runner overran a deadline (`overran`), or ended; the message is for the calls at fault."""

    def __init__(self, reason: str, *, overran: bool) -> None:
        super().__init__(reason)
        self.overran = overran


class Course:
    """A batch on its way; `seconds` is the deadline of each call, `open_seconds` that of making it ready."""

    def __init__(self, calls: Sequence[Call], *, seconds: float, open_seconds: float) -> None:
        self._numbers = [number for number, _ in calls]
        self._lines = [line for _, line in calls]
        self._left = dict.fromkeys(range(len(calls)))
        self._seconds = seconds
        self._open_seconds = open_seconds
        self._opened: frames.Opened | None = None

    @property
    def is_open(self) -> bool:
        """Tell whether the scorer became ready."""
        return self._opened is not None

    @property
    def left(self) -> list[Call]:
        """Return the calls without a result."""
        return [self._call(at) for at in self._left]

    @property
    def under_way(self) -> list[Call]:
        """Return the calls of which one is to blame when the runner stops; it was ready."""
        assert self._opened is not None
        return self.left[: self._opened.at_a_time]

    async def carry_out(self, spec: bytes, process: RunnerProcess, tell: Tell) -> None:
        """Tell a result for each call. Raise Stopped; then `left` tells of which there is none."""
        try:
            async with asyncio.timeout(self._open_seconds):
                await process.send(frames.Batch(spec, self._lines))
            while self._left:
                results = list(filter(None, map(self._result, await process.receive(self._deadline()))))
                tell(results)
                if self._left:
                    await asyncio.sleep(GATHER_SECONDS)
        except TimeoutError as error:
            seconds = self._seconds if self.is_open else self._open_seconds
            raise Stopped(too_long(seconds), overran=True) from error
        except Lost as error:
            raise Stopped(how_it_ended(await process.ended()), overran=False) from error

    def fail(self, reason: str, tell: Tell) -> None:
        """Tell that there are no verdicts on the calls that are left."""
        tell([(self._numbers[at], ScorerFailed(reason)) for at in self._left])
        self._left.clear()

    def _call(self, at: int) -> Call:
        return self._numbers[at], self._lines[at]

    def _deadline(self) -> float:
        if self._opened is None:
            return self._open_seconds
        return self._seconds + GRACE_SECONDS if self._opened.is_async else self._seconds

    def _result(self, reply: frames.Reply) -> tuple[int, Result] | None:
        match reply:
            case frames.Opened():
                self._opened = reply
                return None
            case frames.CannotOpen(reason=reason):
                raise CannotOpen(reason)
            case frames.Done() | frames.Failed():
                return self._numbers[reply.index], self._settled(reply)

    def _settled(self, reply: frames.Done | frames.Failed) -> Result:
        if self._left.pop(reply.index, reply.index) is not None:
            raise Lost  # there is no such call, or it had its result: somebody else writes to the socket
        if isinstance(reply, frames.Done):
            return Verdict(
                output=Raw(reply.output),
                inputs=Raw(reply.inputs),
                started_at=reply.started_at,
                ended_at=reply.ended_at,
            )
        inputs = NO_INPUTS if reply.inputs is None else Raw(reply.inputs)
        failed = (
            ScorerBusy(reply.reason, retry_after=reply.retry_after, inputs=inputs)
            if reply.transient
            else ScorerFailed(reply.reason, inputs=inputs)
        )
        failed.started_at, failed.ended_at = reply.started_at, reply.ended_at
        return failed


class CannotOpen(Exception):
    """The scorer cannot be used; the message says why."""
