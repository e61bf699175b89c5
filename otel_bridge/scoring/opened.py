"""Scorers that are ready to run, inside a runner process."""

from __future__ import annotations

import asyncio
import inspect
import time
from typing import TYPE_CHECKING, Any, Final, Protocol, Self

import msgspec

from otel_bridge.scorer.base import NO_INPUTS, NoVerdict, ScorerBusy, ScorerFailed, Unusable
from otel_bridge.scorer.callables import Loaded, encoded, load
from otel_bridge.scorer.recording import the_arguments, the_call
from otel_bridge.scorer.rules.opening import MODELS, open_rule
from otel_bridge.scorer.spec import Spec
from otel_bridge.scoring import runner_frames as frames
from otel_bridge.scoring.reasons import reason_of, too_long

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from types import TracebackType

    from msgspec import Raw

    from otel_bridge.scorer.rules.base import Rule

    Reply = Callable[[frames.Reply], None]

MAX_OPEN: Final = 64
"""Scorers that a runner keeps ready."""


class Scorer(Protocol):
    """An opened scorer."""

    is_async: bool
    at_a_time: int

    def carry_out(self, lines: Sequence[bytes], reply: Reply) -> None:
        """Score calls, one reply for each."""


class Opener:
    """Opens scorers and keeps them; owns the event loop that async ones share."""

    def __init__(self, max_result: int) -> None:
        self._max_result = max_result
        self._ready: dict[bytes, Scorer] = {}
        self._loop = asyncio.Runner()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.close()

    def open(self, spec: bytes) -> Scorer | frames.CannotOpen:
        """Return a scorer that is ready, or why it cannot be."""
        if spec in self._ready:
            return self._ready[spec]
        try:
            found = self._opened(msgspec.json.decode(spec, type=Spec))
        except Unusable as error:
            return frames.CannotOpen(str(error))
        except BaseException as error:  # noqa: BLE001 - importing runs whatever code
            return frames.CannotOpen(reason_of(error))
        if len(self._ready) == MAX_OPEN:
            del self._ready[next(iter(self._ready))]
        self._ready[spec] = found
        return found

    def _opened(self, spec: Spec) -> Scorer:
        if spec.kind in MODELS:
            return RuleScorer(open_rule(spec.kind, spec.settings), self._max_result)
        loaded = load(spec.settings, spec.column_map)
        kind = AsyncScorer if loaded.is_async else PythonScorer
        return kind(loaded, spec, self._max_result, self._loop)


class Attempt:
    """One call being scored: when that began, and what the scorer was given."""

    def __init__(self, index: int) -> None:
        self._index = index
        self._begin = _now()
        self.inputs: Raw | None = None

    def done(self, output: Raw) -> frames.Done:
        """Tell the verdict."""
        return frames.Done(self._index, bytes(output), bytes(self.inputs or NO_INPUTS), self._begin, _now())

    def failed(self, error: BaseException) -> frames.Failed:
        """Tell that there is none."""
        return frames.Failed(
            self._index,
            str(error) if isinstance(error, NoVerdict) else reason_of(error),
            isinstance(error, ScorerBusy),
            error.retry_after if isinstance(error, ScorerBusy) else None,
            None if self.inputs is None else bytes(self.inputs),
            self._begin,
            _now(),
        )


class RuleScorer:
    """One of the deterministic kinds."""

    is_async = False
    at_a_time = 1

    def __init__(self, rule: Rule, max_result: int) -> None:
        self._judge = rule.judge
        self._max_result = max_result

    def carry_out(self, lines: Sequence[bytes], reply: Reply) -> None:
        for index, line in enumerate(lines):
            reply(self._one(Attempt(index), line))

    def _one(self, attempt: Attempt, line: bytes) -> frames.Reply:
        try:
            call = msgspec.json.decode(line)
            attempt.inputs = the_call(call)
            return attempt.done(encoded(self._judge(call), self._max_result))
        except BaseException as error:  # noqa: BLE001 - whatever it is, the next call is scored
            return attempt.failed(error)


class PythonScorer:
    """A callable of the operator's."""

    is_async = False
    at_a_time = 1

    def __init__(self, loaded: Loaded, spec: Spec, max_result: int, loop: asyncio.Runner) -> None:
        self._loaded = loaded
        self._seconds = spec.bounds.timeout_seconds
        self._max_result = max_result
        self._loop = loop

    def carry_out(self, lines: Sequence[bytes], reply: Reply) -> None:
        for index, line in enumerate(lines):
            reply(self._one(Attempt(index), line))

    def _one(self, attempt: Attempt, line: bytes) -> frames.Reply:
        try:
            found = self._called(attempt, line)
            if inspect.isawaitable(found):
                found = self._loop.run(self._awaited(found))
            return attempt.done(encoded(found, self._max_result))
        except BaseException as error:  # noqa: BLE001 - a scorer may raise anything
            return attempt.failed(error)

    def _called(self, attempt: Attempt, line: bytes) -> Any:
        call = msgspec.json.decode(line)
        arguments = self._loaded.matcher.match(call)
        attempt.inputs = the_arguments(arguments.by_name, call)
        return arguments.call(self._loaded.score)

    async def _awaited(self, found: Awaitable[Any]) -> Any:
        limit = asyncio.timeout(self._seconds)
        try:
            async with limit:
                return await found
        except TimeoutError as error:
            if not limit.expired():
                raise
            raise ScorerFailed(too_long(self._seconds)) from error


class AsyncScorer(PythonScorer):
    """A coroutine function of the operator's: several calls are scored beside one another."""

    is_async = True

    def __init__(self, loaded: Loaded, spec: Spec, max_result: int, loop: asyncio.Runner) -> None:
        super().__init__(loaded, spec, max_result, loop)
        self.at_a_time = spec.bounds.concurrency

    def carry_out(self, lines: Sequence[bytes], reply: Reply) -> None:
        self._loop.run(self._all(lines, reply))

    async def _all(self, lines: Sequence[bytes], reply: Reply) -> None:
        waiting = iter(enumerate(lines))

        async def one_after_the_other() -> None:
            for index, line in waiting:
                reply(await self._beside(Attempt(index), line))

        await asyncio.gather(*(one_after_the_other() for _ in range(min(self.at_a_time, len(lines)))))

    async def _beside(self, attempt: Attempt, line: bytes) -> frames.Reply:
        try:
            found = await self._awaited(self._called(attempt, line))
            return attempt.done(encoded(found, self._max_result))
        except BaseException as error:  # noqa: BLE001 - a scorer may raise anything, a cancellation too
            return attempt.failed(error)


def _now() -> int:
    return time.time_ns() // 1000
