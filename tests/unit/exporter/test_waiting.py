"""Waiting for the next attempt: how long, and who goes first."""

from __future__ import annotations

import asyncio

import pytest

from otel_bridge.backoff import Backoff, Retry
from otel_bridge.exporter import slots as slots_module
from otel_bridge.exporter.gate import Gate
from otel_bridge.exporter.slots import SLOTS, Pace, Slots

PATIENCE = 30


def test_waits_grow_to_the_longest_and_start_over_after_a_success():
    backoff = Backoff(Retry(initial_interval=1, max_interval=5, multiplier=2), chance=lambda: 0.999)
    assert [round(backoff.next()) for _ in range(5)] == [1, 2, 4, 5, 5]
    backoff.reset()
    assert round(backoff.next()) == 1


def test_a_wait_is_spread_from_nothing_on():
    assert Backoff(Retry(), chance=lambda: 0.0).next() == 0


@pytest.mark.parametrize("chance", [0.0, 0.5, 0.999])
def test_a_wait_is_never_shorter_than_what_was_asked_for(chance):
    wait = Backoff(Retry(), chance=lambda: chance).next(at_least=60)
    assert 60 <= wait <= 66


def test_a_thousand_failures_do_not_overflow():
    backoff = Backoff(Retry(multiplier=10), chance=lambda: 1.0)
    assert [backoff.next() for _ in range(1000)][-1] == Retry().max_interval


def short() -> Gate:
    return Gate(Backoff(Retry(initial_interval=0.001, max_interval=0.001)))


async def test_an_open_gate_lets_everybody_through_at_once():
    gate = short()
    async with gate.turn(), gate.turn():
        assert not gate.closed


async def test_behind_a_closed_gate_one_tries_and_the_others_follow_its_success():
    gate, inside, order = short(), 0, []
    gate.close()

    async def attempt(number: int) -> None:
        nonlocal inside
        async with gate.turn():
            inside += 1
            order.append((number, inside, gate.closed))
            await asyncio.sleep(0)
            if gate.closed:
                assert inside == 1, "two try behind a closed gate"
                gate.open()
            inside -= 1

    async with asyncio.timeout(PATIENCE):
        await asyncio.gather(*(attempt(number) for number in range(5)))
    assert len(order) == 5
    assert [closed for _, _, closed in order] == [True, False, False, False, False]


async def test_when_the_one_that_tries_fails_another_tries():
    gate, tried = short(), []
    gate.close()

    async def attempt(number: int) -> None:
        async with gate.turn():
            tried.append(number)
            gate.open() if len(tried) > 2 else gate.close()

    async with asyncio.timeout(PATIENCE):
        await asyncio.gather(*(attempt(number) for number in range(3)))
    assert sorted(tried) == [0, 1, 2]


async def test_one_that_gives_up_waiting_lets_another_wait():
    gate = Gate(Backoff(Retry(initial_interval=1000, max_interval=1000), chance=lambda: 1.0))
    gate.close()
    waits = [asyncio.create_task(through(gate)) for _ in range(3)]
    await asyncio.sleep(0)
    waits[0].cancel()
    await asyncio.wait([waits[0]])
    gate.open()
    async with asyncio.timeout(PATIENCE):
        await asyncio.gather(*waits[1:])


async def through(gate: Gate) -> None:
    async with gate.turn():
        pass


async def test_a_place_is_held_until_the_block_ends():
    slots, pace, go = Slots(), Pace(), asyncio.Event()
    entered: list[int] = []

    async def work(number: int) -> None:
        async with slots.place(pace):
            entered.append(number)
            await go.wait()

    tasks = [asyncio.create_task(work(number)) for number in range(SLOTS + 1)]
    for _ in range(10):  # turns of the loop: all that can go on has gone on
        await asyncio.sleep(0)
    assert len(entered) == SLOTS
    go.set()
    async with asyncio.timeout(PATIENCE):
        await asyncio.gather(*tasks)
    assert not pace.slow


async def test_requests_that_take_long_make_room_for_others(monkeypatch):
    monkeypatch.setattr(slots_module, "SLOW_SECONDS", 0.01)
    slots, slow, go = Slots(), Pace(), asyncio.Event()

    async def hang() -> None:
        async with slots.place(slow):
            await go.wait()

    hanging = [asyncio.create_task(hang()) for _ in range(SLOTS)]
    for _ in range(10):
        await asyncio.sleep(0)
    async with asyncio.timeout(PATIENCE):
        async with slots.place(Pace()):
            assert slow.slow
        go.set()
        await asyncio.gather(*hanging)
