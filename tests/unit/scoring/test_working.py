"""What a worker does with tasks, whatever its bridge does."""

from __future__ import annotations

import asyncio
from collections import Counter

import msgspec
import pytest
from aiohttp import web

from otel_bridge.errors import Refused
from otel_bridge.scorer.base import ScorerBusy, ScorerFailed
from otel_bridge.scorer.spec import Bounds
from tests.unit.scoring.double import a_task, ref, serving
from tests.unit.scoring.scripted import verdict, worker_at

LEASE, SETTLE, QUERY = "/bridge/scoring/lease", "/bridge/scoring/settle", "/calls/stream_query"


async def test_every_task_is_carried_out_and_handed_back_once(desk, script):
    desk.add(*[a_task(f"c{n}") for n in range(500)])
    async with serving(desk) as url, worker_at(url, script):
        await desk.until(lambda: len(desk.outcomes) >= 500)
    assert Counter(one.task.call_id for one in desk.outcomes) == Counter(f"c{n}" for n in range(500))
    assert desk.states() == {"done": 500}
    assert {bytes(one.output) for one in desk.outcomes} == {b'"c%d"' % n for n in range(500)}


async def test_outcomes_go_back_many_in_one_request(desk, script):
    desk.add(*[a_task(f"c{n}") for n in range(500)])
    async with serving(desk) as url, worker_at(url, script):
        await desk.until(lambda: len(desk.outcomes) >= 500)
    sizes = [len(body["outcomes"]) for body in desk.bodies(SETTLE)]
    assert max(sizes) <= 100
    assert len(sizes) < 50


async def test_a_run_is_a_call_that_tells_what_was_scored_by_what(desk, script):
    script.scores["plain"] = lambda _: verdict(
        True, inputs=msgspec.Raw(b'{"output":"x"}'), usage={"gpt": {"input_tokens": 3}}, notes={"n": 1}
    )
    monitor = "weave:///acme/app/object/m:d"
    desk.add(a_task("c1", job_id="j1", trigger_ref=monitor))
    async with serving(desk) as url, worker_at(url, script):
        await desk.until(lambda: desk.outcomes)
    run = desk.outcomes[0].run
    assert (run.op_name, run.display_name) == ("plain.score", "plain on answer")
    assert msgspec.json.decode(run.inputs) == {"self": ref("plain"), "output": "x"}
    assert msgspec.json.decode(run.output) is True
    assert msgspec.json.decode(run.summary) == {"usage": {"gpt": {"input_tokens": 3}}}
    assert run.exception is None
    assert run.started_at <= run.ended_at
    told = msgspec.json.decode(run.attributes)["otel_bridge"]["scoring"]
    assert told == {"scored_call": "weave:///acme/app/call/c1", "scorer": ref("plain"), "job_id": "j1",
                    "monitor": monitor, "attempt": 1, "generation": 0, "n": 1}  # fmt: skip


async def test_a_scorer_that_fails_leaves_its_exception_on_the_run_and_no_output(desk, script):
    def fail(_call):
        raise ScorerFailed("no such key")

    script.scores["bad"] = fail
    desk.add(a_task("c1", "bad"), a_task("c1"))
    async with serving(desk) as url, worker_at(url, script):
        await desk.until(lambda: len(desk.outcomes) == 2)
    bad, good = sorted(desk.outcomes, key=lambda one: one.task.scorer_ref)
    assert (bad.state, bad.error, bytes(bad.output)) == ("failed", "no such key", b"null")
    assert bad.run.exception == "no such key"
    assert good.state == "done"


async def test_a_busy_scorer_is_tried_again_and_then_has_failed(desk, script):
    tried: Counter[str] = Counter()

    def busy(call):
        tried[call["id"]] += 1
        if call["id"] == "never" or tried[call["id"]] < 2:
            raise ScorerBusy("overloaded", retry_after=0.001)
        return verdict(1)

    script.scores["busy"], script.bounds["busy"] = busy, Bounds(attempts=2)
    desk.add(a_task("once", "busy"), a_task("never", "busy"))
    async with serving(desk) as url, worker_at(url, script):
        await desk.until(lambda: len(desk.outcomes) == 2)
    states = {one.task.call_id: (one.state, one.error) for one in desk.outcomes}
    assert states == {"once": ("done", None), "never": ("failed", "overloaded")}
    assert tried == {"once": 2, "never": 2}


async def test_a_scorer_that_asks_for_a_long_pause_gets_its_task_back_later(desk, script):
    def busy(_call):
        raise ScorerBusy("quota", retry_after=120)

    script.scores["busy"] = busy
    desk.add(a_task("c1", "busy"))
    async with serving(desk) as url, worker_at(url, script):
        await desk.until(lambda: desk.outcomes)
    outcome = desk.outcomes[0]
    assert (outcome.state, outcome.error, outcome.run) == ("queued", "quota", None)
    assert outcome.due_at > 0


async def test_a_slow_scorer_holds_few_tasks_and_nobody_up(desk, script):
    async def slow(_call):
        await asyncio.Event().wait()

    script.scores["slow"], script.shape["slow"] = slow, (1, 1)
    desk.add(*[a_task(f"c{n}", "slow") for n in range(300)], *[a_task(f"c{n}") for n in range(300)])
    async with serving(desk) as url, worker_at(url, script):
        await desk.until(lambda: len(desk.outcomes) >= 300)
        assert desk.states() == {"done": 300}
        assert len(desk.queue) >= 300 - 16


async def test_a_call_that_is_gone_and_a_scorer_that_cannot_run_are_told(desk, script):
    desk.add(a_task("gone"), a_task("c1", "unknown"))
    del desk.calls["gone"]
    async with serving(desk) as url, worker_at(url, script):
        await desk.until(lambda: len(desk.outcomes) == 2)
    errors = {one.task.call_id: (one.state, one.error, one.run) for one in desk.outcomes}
    assert errors["gone"] == ("failed", "the call is gone", None)
    assert errors["c1"] == ("failed", f"{ref('unknown')} needs code of its own", None)


async def test_what_a_worker_that_stops_does_not_finish_is_handed_back_untried(desk, script):
    begun = asyncio.Event()

    async def hang(_call):
        begun.set()
        await asyncio.Event().wait()

    script.scores["hang"], script.shape["hang"] = hang, (1, 1)
    desk.add(*[a_task(f"c{n}", "hang") for n in range(2)])
    async with serving(desk) as url:
        async with worker_at(url, script):
            await asyncio.wait_for(begun.wait(), 60)
        assert [(one.state, one.error) for one in desk.outcomes] == [("queued", None)] * 2
    assert script.opened[0].closed


async def test_leases_are_renewed_while_a_scorer_works(desk, script):
    go = asyncio.Event()

    async def wait(_call):
        await go.wait()
        return verdict(1)

    script.scores["wait"] = wait
    desk.add(task := a_task("c1", "wait"))
    async with serving(desk) as url, worker_at(url, script):
        await desk.until(lambda: desk.renewed[task] >= 2)
        go.set()
        await desk.until(lambda: desk.outcomes)


@pytest.mark.parametrize("path", [LEASE, SETTLE, QUERY])
async def test_a_bridge_that_is_away_for_a_while_costs_nothing_but_time(desk, script, path):
    desk.answers[path] = [503, 429]
    desk.add(a_task("c1"))
    async with serving(desk) as url, worker_at(url, script):
        await desk.until(lambda: desk.outcomes)
    assert [(one.state, one.attempt) for one in desk.outcomes] == [("done", 1)]


async def test_an_outcome_that_the_bridge_refuses_does_not_take_others_with_it(desk, script):
    async def settle(body):
        if any(one.get("output") == "poison" for one in body["outcomes"]):
            raise web.HTTPRequestEntityTooLarge(max_size=1, actual_size=2)
        return await desk.settle(body)

    script.scores["plain"] = lambda call: verdict("poison" if call["id"] == "c7" else 1)
    desk.instead[SETTLE] = settle
    desk.add(*[a_task(f"c{n}") for n in range(20)])
    async with serving(desk) as url, worker_at(url, script):
        await desk.until(lambda: len(desk.outcomes) == 20)
    assert desk.states() == {"done": 19, "failed": 1}
    (failed,) = [one for one in desk.outcomes if one.state == "failed"]
    assert failed.task.call_id == "c7"
    assert "the bridge does not take the result" in failed.error


async def test_one_query_reads_a_call_for_all_scorers_that_want_it(desk, script):
    for name in ("one", "two", "three"):
        script.scores[name] = lambda call: verdict(call["id"])
    desk.add(*[a_task(f"c{n}", name) for n in range(16) for name in ("one", "two", "three")])
    async with serving(desk) as url, worker_at(url, script):
        await desk.until(lambda: len(desk.outcomes) == 48)
    read = [one for body in desk.bodies(QUERY) for one in body["filter"]["call_ids"]]
    assert Counter(read) == Counter(f"c{n}" for n in range(16))


async def test_a_server_that_lends_no_tasks_ends_the_worker(desk, script):
    desk.answers[LEASE] = [501]
    async with serving(desk) as url:
        with pytest.raises(Refused, match="501"):
            async with worker_at(url, script) as running:
                await asyncio.wait([running], timeout=60)
