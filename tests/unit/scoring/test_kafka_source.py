"""Tasks that come as messages: a message is finished when the bridge has an outcome of each of its tasks."""

from __future__ import annotations

import time
from collections.abc import Sequence

import pytest
from msgspec import Raw

from otel_bridge.errors import Unavailable
from otel_bridge.jobs.base import Receipt, ScoreCalls, Taken
from otel_bridge.model.scoring import EndedCall, Leased, Outcome, Task
from otel_bridge.model.tasks import Claimed
from otel_bridge.scoring import kafka_source
from otel_bridge.scoring.client import NotUnderstood
from otel_bridge.scoring.kafka_source import KafkaSource


class Queue:
    """A `JobConsumer` that lends what a test gave it."""

    def __init__(self) -> None:
        self.waiting: list[Taken] = []
        self.acked: list[int] = []
        self.buried: dict[int, str] = {}
        self.gone: list[Receipt] = []
        self.away = False
        self._offsets = 0

    def put(self, message: ScoreCalls | EndedCall) -> Taken:
        taken = Taken(Receipt("t", 0, self._offsets, 1), message)
        self._offsets += 1
        self.waiting.append(taken)
        return taken

    async def take(self, limit: int, *, ended: int, wait_seconds: float) -> Sequence[Taken]:
        rooms = {True: limit, False: ended}
        taken = []
        for one in tuple(self.waiting):
            kind = isinstance(one.message, ScoreCalls)
            if rooms[kind]:
                rooms[kind] -= 1
                self.waiting.remove(one)
                taken.append(one)
        return taken

    def ack(self, receipts: Sequence[Receipt]) -> None:
        self.acked += [one.offset for one in receipts]

    async def bury(self, taken: Sequence[Taken], reason: str) -> None:
        if self.away:
            raise Unavailable("Kafka is away")
        self.buried |= {one.receipt.offset: reason for one in taken}

    def lost(self) -> Sequence[Receipt]:
        gone, self.gone = self.gone, []
        return gone


class Bridge:
    """Lends what it is asked for, but for the calls that a test names."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.done: set[str] = set()
        self.worn: set[str] = set()
        self.refused: set[str] = set()
        self.due: dict[str, int] = {}
        self.away = False

    async def lease_these(self, tasks: Sequence[Task], lease_seconds: int) -> Claimed:
        calls = [one.call_id for one in tasks]
        self.asked.append(calls)
        if self.away:
            raise Unavailable("the bridge is away")
        if self.refused.intersection(calls):
            raise NotUnderstood("the bridge answered 400: keys[0] is not to be had")
        moments = [self.due[one] for one in calls if one in self.due]
        lent = [one for one in tasks if one.call_id not in self.done | self.worn | set(self.due)]
        return Claimed(
            leased=tuple(Leased(task=one, attempt=1, until=0) for one in lent),
            worn=tuple(one for one in tasks if one.call_id in self.worn),
            due_at=min(moments, default=None),
        )


@pytest.fixture
def queue() -> Queue:
    return Queue()


@pytest.fixture
def bridge() -> Bridge:
    return Bridge()


@pytest.fixture
def source(queue, bridge) -> KafkaSource:
    return KafkaSource(bridge, queue, 20)


def calls(*call_ids: str, refs=("r1",), generation: int = 0) -> ScoreCalls:
    return ScoreCalls(project_id="e/p", call_ids=call_ids, scorer_refs=refs, generation=generation)


def outcome(task: Task, state="done", **changes) -> Outcome:
    error = None if state == "done" else "no"
    return Outcome(task=task, attempt=1, state=state, output=Raw(b"1"), **({"error": error} | changes))


async def taken(
    source: KafkaSource, *, limit: int = 100, each: int = 100, ended: int = 10, **rooms: int
) -> Claimed:
    return await source.take(limit=limit, rooms=rooms, each=each, ended=ended, wait_seconds=0)


def named(claimed: Claimed) -> list[str]:
    return [one.task.call_id for one in claimed.leased]


async def test_a_message_is_finished_with_the_last_of_its_tasks(source, queue):
    queue.put(calls("a", "b", refs=("r1", "r2")))
    leased = (await taken(source)).leased
    assert sorted((one.task.call_id, one.task.scorer_ref) for one in leased) == [
        ("a", "r1"), ("a", "r2"), ("b", "r1"), ("b", "r2")
    ]  # fmt: skip
    for one in leased[:3]:
        source.settled(outcome(one.task))
    assert queue.acked == []
    source.settled(outcome(leased[3].task, "failed"))
    assert queue.acked == [0]


async def test_a_message_whose_tasks_are_done_or_that_has_none_is_finished_at_once(source, queue, bridge):
    bridge.done = {"a"}
    queue.put(calls("a"))
    queue.put(calls())
    assert await taken(source) == Claimed()
    assert sorted(queue.acked) == [0, 1]


async def test_scorers_without_room_wait_and_hold_up_no_others(source, queue, bridge):
    queue.put(calls("a", "b", "c", refs=("slow",)))
    queue.put(calls("d", "e", refs=("quick",)))
    assert named(await taken(source, slow=0, each=1)) == ["d"]
    assert sorted(named(await taken(source, slow=2, each=1))) == ["a", "b", "e"]
    assert named(await taken(source, limit=0)) == []
    assert named(await taken(source)) == ["c"]
    assert [len(one) for one in bridge.asked] == [1, 3, 1]


async def test_a_limit_is_shared_by_scorers(source, queue):
    queue.put(calls(*map(str, range(50)), refs=("r1",)))
    queue.put(calls(*map(str, range(50, 100)), refs=("r2",)))
    leased = (await taken(source, limit=20)).leased
    assert sorted(one.task.scorer_ref for one in leased) == ["r1"] * 10 + ["r2"] * 10


async def test_what_is_tried_again_is_claimed_again_when_it_is_due(source, queue):
    queue.put(calls("a"))
    (one,) = (await taken(source)).leased
    source.settled(outcome(one.task, "queued", due_at=(time.time_ns() // 1000) + 50_000))
    assert named(await taken(source)) == []
    again = await source.take(limit=9, rooms={}, each=9, ended=0, wait_seconds=30)
    assert named(again) == ["a"]
    assert queue.acked == []


async def test_what_is_due_later_elsewhere_is_claimed_again_then(source, queue, bridge):
    bridge.due = {"a": (time.time_ns() // 1000) + 50_000}
    queue.put(calls("a", "b"))
    assert named(await taken(source)) == ["b"]
    bridge.due = {}
    assert named(await source.take(limit=9, rooms={}, each=9, ended=0, wait_seconds=30)) == ["a"]


async def test_what_a_worker_that_stops_gives_back_stays_in_the_queue(source, queue):
    queue.put(calls("a"))
    (one,) = (await taken(source)).leased
    source.settled(outcome(one.task, "queued", error=None, due_at=0))
    assert named(await taken(source)) == []
    assert queue.acked == []


async def test_with_the_bridge_away_everything_waits(source, queue, bridge):
    bridge.away = True
    queue.put(calls("a", "b"))
    with pytest.raises(Unavailable):
        await taken(source)
    bridge.away = False
    assert sorted(named(await taken(source))) == ["a", "b"]


async def test_a_task_that_killed_its_workers_is_a_dead_letter_when_the_rest_of_its_message_is_done(
    source, queue, bridge
):
    bridge.worn = {"bad"}
    queue.put(calls("bad", "good"))
    (good,) = (await taken(source)).leased
    assert queue.buried == {}
    source.settled(outcome(good.task))
    queue.away = True
    await taken(source)
    assert queue.buried == {}
    queue.away = False
    await taken(source)
    assert queue.buried == {0: "workers died 5 times while they scored bad"}
    assert queue.acked == []


async def test_a_task_that_makes_no_sense_to_the_bridge_is_a_dead_letter_and_stops_nobody(
    source, queue, bridge
):
    bridge.refused = {"b"}
    queue.put(calls("a"))
    queue.put(calls("b"))
    queue.put(calls("c"))
    assert sorted(named(await taken(source))) == ["a", "c"]
    await taken(source)
    assert queue.buried == {1: "the bridge answered 400: keys[0] is not to be had"}


async def test_a_message_that_comes_again_leads_to_nothing_twice(source, queue):
    queue.put(calls("a"))
    (one,) = (await taken(source)).leased
    queue.put(calls("a", "b"))
    queue.put(calls("a", generation=1))
    assert named(await taken(source)) == ["b"]
    source.settled(outcome(one.task))
    assert sorted(queue.acked) == [0, 2]


async def test_what_was_lost_is_forgotten_unless_it_runs(source, queue):
    first, second = queue.put(calls("runs")), queue.put(calls("waits", refs=("slow",)))
    (one,) = (await taken(source, slow=0)).leased
    queue.gone = [first.receipt, second.receipt]
    assert named(await taken(source)) == []
    again = queue.put(calls("runs"))
    assert named(await taken(source)) == []
    source.settled(outcome(one.task))
    assert queue.acked == [again.receipt.offset]


async def test_an_ended_call_is_finished_when_its_tasks_are_queued(source, queue):
    ended = EndedCall("e/p", "a", 5)
    queue.put(ended)
    assert (await taken(source)).ended == (ended,)
    queue.put(ended)
    assert (await taken(source)).ended == ()
    source.looked_at([ended])
    assert queue.acked == [0, 1]


async def test_an_ended_call_that_nobody_finished_is_looked_at_again(source, queue, monkeypatch):
    monkeypatch.setattr(kafka_source, "LOOK_SECONDS", 0.0)
    ended = EndedCall("e/p", "a", 5)
    queue.put(ended)
    assert (await taken(source)).ended == (ended,)
    assert (await taken(source, ended=0)).ended == ()
    assert (await taken(source)).ended == (ended,)


async def test_many_tasks_that_wait_stop_the_taking_of_messages(source, queue, monkeypatch):
    monkeypatch.setattr(kafka_source, "MAX_WAITING", 3)
    for number in range(200):
        queue.put(calls(str(number), refs=("slow",)))
    await taken(source, slow=0)
    held = len(queue.waiting)
    await taken(source, slow=0)
    assert len(queue.waiting) == held == 100
