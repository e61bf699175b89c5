"""What a worker makes of trouble: its bridge's, its scorers' and its own."""

from __future__ import annotations

import asyncio

import msgspec

from otel_bridge.errors import Unavailable
from otel_bridge.scorer.spec import Bounds
from otel_bridge.scoring import settling, working
from tests.unit.scoring.double import a_task, serving
from tests.unit.scoring.scripted import verdict, worker_at

LEASE, SETTLE, RENEW = "/bridge/scoring/lease", "/bridge/scoring/settle", "/bridge/scoring/renew"


async def test_a_bug_in_a_scorers_way_fails_its_tasks_and_no_others(desk, script, monkeypatch):
    def stumble(_call):
        raise RuntimeError("a bug")

    script.scores["bad"], script.bounds["bad"] = stumble, Bounds(attempts=1)
    desk.add(a_task("c1", "bad"), a_task("c2"))
    async with serving(desk) as url, worker_at(url, script):
        await desk.until(lambda: len(desk.outcomes) == 2)
    told = {one.task.call_id: (one.state, one.error) for one in desk.outcomes}
    assert told == {"c1": ("failed", "a bug"), "c2": ("done", None)}


async def test_a_scorer_that_cannot_be_read_now_is_read_later(desk, script):
    asked, read = 0, script.get

    async def get(ref):
        nonlocal asked
        asked += 1
        if asked == 1:
            raise Unavailable("the bridge is away")
        return await read(ref)

    script.get = get
    desk.add(a_task("c1"))
    async with serving(desk) as url, worker_at(url, script):
        await desk.until(lambda: desk.outcomes)
    assert (desk.states(), asked) == ({"done": 1}, 2)


async def test_a_worker_stops_although_nobody_takes_its_results(desk, script, monkeypatch):
    monkeypatch.setattr(settling, "GATHER_SECONDS", 0.001)
    desk.answers[SETTLE] = [503] * 1000
    desk.add(a_task("c1"))
    async with serving(desk) as url, asyncio.timeout(60), worker_at(url, script):
        await desk.until(lambda: desk.bodies(SETTLE))
    assert desk.outcomes == []


async def test_a_lease_that_cannot_be_renewed_changes_nothing(desk, script):
    go = asyncio.Event()

    async def wait(_call):
        await go.wait()
        return verdict(1)

    script.scores["wait"] = wait
    desk.answers[RENEW] = [503]
    desk.add(a_task("c1", "wait"))
    async with serving(desk) as url, worker_at(url, script):
        await desk.until(lambda: len(desk.bodies(RENEW)) >= 2)
        go.set()
        await desk.until(lambda: desk.outcomes)
    assert desk.states() == {"done": 1}


async def test_a_task_that_is_lent_again_while_it_is_held_is_carried_out_once_under_its_new_lease(
    desk, script
):
    begun, go = asyncio.Event(), asyncio.Event()

    async def wait(_call):
        begun.set()
        await go.wait()
        return verdict(1)

    script.scores["wait"] = wait
    desk.add(task := a_task("c1", "wait"))
    async with serving(desk) as url, worker_at(url, script):
        await asyncio.wait_for(begun.wait(), 60)
        desk.add(task)
        await desk.until(lambda: desk.attempts[task] == 2)
        leases = len(desk.bodies(LEASE))
        await desk.until(lambda: len(desk.bodies(LEASE)) > leases)  # the answer has been read
        go.set()
        await desk.until(lambda: desk.outcomes)
    assert [(one.state, one.attempt) for one in desk.outcomes] == [("done", 2)]


async def test_an_answer_that_is_no_answer_is_asked_for_again(desk, script):
    async def nonsense(body):
        del desk.instead[LEASE]
        return b"<html>"

    desk.instead[LEASE] = nonsense
    desk.add(a_task("c1"))
    async with serving(desk) as url, worker_at(url, script):
        await desk.until(lambda: desk.outcomes)
    assert desk.states() == {"done": 1}


async def test_a_scorer_that_nobody_needs_lets_go_of_its_processes(desk, script, monkeypatch):
    monkeypatch.setattr(working, "IDLE_SECONDS", 0.05)
    closed = asyncio.Event()
    opened = script.open

    async def open_(spec):
        performer = await opened(spec)
        performer.close = close
        return performer

    async def close():
        closed.set()

    script.open = open_
    desk.add(a_task("c1"))
    async with serving(desk) as url, worker_at(url, script):
        await asyncio.wait_for(closed.wait(), 60)
        desk.add(a_task("c2"))
        await desk.until(lambda: len(desk.outcomes) == 2)


async def test_a_call_with_a_name_of_its_own_is_called_by_it(desk, script):
    desk.add(a_task("c1"), a_task("c2"))
    desk.calls["c1"]["display_name"] = "What is it?"
    desk.calls["c2"]["op_name"] = "weave:///acme/app/op/answer:abc"
    async with serving(desk) as url, worker_at(url, script):
        await desk.until(lambda: len(desk.outcomes) == 2)
    names = {one.task.call_id: one.run.display_name for one in desk.outcomes}
    assert names == {"c1": "plain on What is it?", "c2": "plain on answer"}


async def test_large_results_go_back_in_requests_that_are_not_larger_than_they_need_to_be(
    desk, script, monkeypatch
):
    monkeypatch.setattr(settling, "MAX_BYTES", 10_000)
    script.scores["plain"] = lambda _: verdict("x" * 4_000)
    desk.add(*[a_task(f"c{n}") for n in range(12)])
    async with serving(desk) as url, worker_at(url, script):
        await desk.until(lambda: len(desk.outcomes) == 12)
    assert max(len(msgspec.json.encode(body)) for body in desk.bodies(SETTLE)) < 12_000
