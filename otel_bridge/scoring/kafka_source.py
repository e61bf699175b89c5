"""A worker's tasks from Kafka: messages say which tasks there are, the bridge lends them by name.

A message is finished when the bridge has taken an outcome of each of its tasks, so nothing is committed
before its result is kept. What a message asks for may be done already, or held by a worker that died: the
bridge knows, and lends what is left.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from otel_bridge.errors import Unavailable
from otel_bridge.jobs.base import ScoreCalls
from otel_bridge.jobs.message import tasks_of
from otel_bridge.model.tasks import MAX_ATTEMPTS, Claimed
from otel_bridge.scoring.client import NotUnderstood
from otel_bridge.scoring.kafka_tasks import Tasks, key_of
from otel_bridge.telemetry import log

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from otel_bridge.jobs.base import JobConsumer, Taken
    from otel_bridge.model.scoring import EndedCall, Leased, Outcome, Task
    from otel_bridge.scoring.client import BridgeClient

MAX_WAITING: Final = 20_000
"""Tasks of messages in hand that nobody was lent yet; then no more messages are taken."""
MAX_MESSAGES: Final = 100
"""Messages that are taken at a time."""
LOOK_SECONDS: Final = 60.0
"""When ended calls are looked at again that nobody has finished."""
_MICROS: Final = 1_000_000


class KafkaSource:
    """A `Source` whose tasks and ended calls come as messages."""

    def __init__(self, client: BridgeClient, consumer: JobConsumer, lease_seconds: int) -> None:
        self._client = client
        self._consumer = consumer
        self._lease_seconds = lease_seconds
        self._tasks = Tasks()
        self._ended: dict[tuple[str, str], _Ended] = {}
        self._dead: list[tuple[Taken, str]] = []

    async def take(
        self, *, limit: int, rooms: Mapping[str, int], each: int, ended: int, wait_seconds: float
    ) -> Claimed:
        """Take messages, and lease what they ask for as far as there is room."""
        until = time.monotonic() + wait_seconds
        while True:
            self._let_go()
            await self._bury()
            looks = self._to_look_at(ended)
            self._tasks.wake(time.monotonic())
            chosen = self._tasks.choose(limit, rooms, each)
            if chosen or looks:
                leased = await self._claimed(chosen) if chosen else ()
                if leased or looks:
                    return Claimed(leased=leased, ended=tuple(looks))
                continue
            now = time.monotonic()
            if not await self._fetch(ended, min(until, self._tasks.next_at) - now) and now >= until:
                return Claimed()

    def settled(self, outcome: Outcome) -> None:
        """Finish a task, or try it again when it is due."""
        if outcome.state != "queued":
            self._finish(self._tasks.finish(outcome.task))
        elif outcome.error is not None and outcome.due_at is not None:
            self._tasks.later(outcome.task, _monotonic(outcome.due_at))

    def looked_at(self, ended: Sequence[EndedCall]) -> None:
        """Finish the messages of ended calls."""
        for one in ended:
            found = self._ended.pop((one.project_id, one.call_id), None)
            if found is not None:
                self._consumer.ack([taken.receipt for taken in found.messages])

    async def close(self) -> None:
        """Leave the consumer to its owner; what is not finished is lent to others."""

    async def _fetch(self, ended: int, seconds: float) -> bool:
        """Take messages, waiting for some so long; tell whether any came, or were lost."""
        limit = MAX_MESSAGES if self._tasks.waiting < MAX_WAITING else 0
        taken = await self._consumer.take(limit, ended=ended, wait_seconds=max(0.0, seconds))
        for one in taken:
            if isinstance(one.message, ScoreCalls):
                self._finish(self._tasks.add(one, tasks_of(one.message)))
            else:
                key = (one.message.project_id, one.message.call_id)
                self._ended.setdefault(key, _Ended(one.message)).messages.append(one)
        return bool(taken)

    async def _claimed(self, chosen: Sequence[Task]) -> tuple[Leased, ...]:
        """Lease tasks; those that are not lent are finished, or due later."""
        try:
            claimed = await self._client.lease_these(chosen, self._lease_seconds)
        except NotUnderstood as error:
            return await self._apart(chosen, str(error))
        except BaseException:
            self._tasks.give_back(chosen)
            raise
        for task in claimed.worn:
            self._tasks.worn(task, f"workers died {MAX_ATTEMPTS} times while they scored {task.call_id}")
        lent = {key_of(one.task) for one in claimed.leased}
        worn = {key_of(task) for task in claimed.worn}
        for task in chosen:
            if key_of(task) in lent:
                continue
            if claimed.due_at is not None and key_of(task) not in worn:
                self._tasks.later(task, _monotonic(claimed.due_at))
            else:
                self._finish(self._tasks.finish(task))
        return claimed.leased

    async def _apart(self, chosen: Sequence[Task], reason: str) -> tuple[Leased, ...]:
        """Find the tasks that make no sense to the bridge: they stop nobody."""
        if len(chosen) == 1:
            self._tasks.worn(chosen[0], reason)
            self._finish(self._tasks.finish(chosen[0]))
            return ()
        half = len(chosen) // 2
        try:
            return await self._claimed(chosen[:half]) + await self._claimed(chosen[half:])
        except BaseException:
            self._tasks.give_back(
                chosen
            )  # what was leased is leased again: by this worker, so nothing is lost
            raise

    def _finish(self, finished: Sequence[tuple[Taken, str]]) -> None:
        """Be done with messages; those with a reason become dead letters."""
        self._consumer.ack([taken.receipt for taken, reason in finished if not reason])
        self._dead += [(taken, reason) for taken, reason in finished if reason]

    async def _bury(self) -> None:
        while self._dead:
            taken, reason = self._dead[0]
            try:
                await self._consumer.bury([taken], reason)
            except Unavailable as error:
                log().warning("message_not_buried", reason=str(error))
                return
            del self._dead[0]

    def _let_go(self) -> None:
        """Forget messages that are somebody else's now."""
        lost = set(self._consumer.lost())
        if not lost:
            return
        self._tasks.lose(lost)
        for key, one in tuple(self._ended.items()):
            one.messages = [taken for taken in one.messages if taken.receipt not in lost]
            if not one.messages:
                del self._ended[key]

    def _to_look_at(self, limit: int) -> list[EndedCall]:
        """Return ended calls that nobody has looked at, or not for long."""
        now = time.monotonic()
        found: list[EndedCall] = []
        for one in self._ended.values():
            if len(found) == limit:
                break
            if one.again_at <= now:
                one.again_at = now + LOOK_SECONDS
                found.append(one.ended)
        return found


class _Ended:
    """An ended call, the messages that told of it, and when it should be looked at (again)."""

    def __init__(self, ended: EndedCall) -> None:
        self.ended = ended
        self.messages: list[Taken] = []
        self.again_at = 0.0


def _monotonic(micros: int) -> float:
    """Return a time of the wall clock on the monotonic one."""
    return time.monotonic() + (micros / _MICROS - time.time())
