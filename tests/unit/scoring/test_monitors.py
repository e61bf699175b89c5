"""Calls that ended become tasks, as monitors say."""

from __future__ import annotations

import pytest

from otel_bridge.model.scoring import EndedCall
from otel_bridge.scorer.settings import MonitorSettings
from otel_bridge.scorer.spec import Spec
from tests.unit.scoring.double import PROJECT, a_call, ref, serving
from tests.unit.scoring.scripted import worker_at

QUERY, ENQUEUE = "/calls/stream_query", "/bridge/scoring/enqueue"
KNOWN = {"plain": Spec(name="plain", kind="valid_json", settings={}, origin="config")}


def a_monitor(name: str, **members):
    val = {"sampling_rate": 1, "scorers": [ref("plain")], "op_names": [], "active": True} | members
    return {"object_id": name, "digest": f"{name}digest", "val": val}


def end(desk, *calls):
    for call in calls:
        desk.calls[call["id"]] = call
        desk.ended.append(EndedCall(PROJECT, call["id"]))


async def looked_at(desk, script, **settings):
    """Let a worker look at what has ended."""
    count = len(desk.ended)
    async with serving(desk) as url, worker_at(url, script, **settings):
        await desk.until(lambda: len(desk.looked_at) == count)
    return {(task.call_id, task.scorer_ref, task.trigger_ref) for task in desk.enqueued}


async def test_a_stored_monitor_has_ended_calls_scored_in_its_name(desk, script):
    desk.monitors = [a_monitor("watch"), a_monitor("asleep", active=False)]
    end(desk, a_call("c1"), a_call("c2"))
    assert await looked_at(desk, script) == {
        ("c1", ref("plain"), ref("watch")),
        ("c2", ref("plain"), ref("watch")),
    }


async def test_calls_that_failed_or_run_again_or_are_gone_are_not_scored(desk, script):
    desk.monitors = [a_monitor("watch")]
    end(
        desk,
        a_call("failed", exception="boom"),
        a_call("running", ended_at=None),
        a_call("gone"),
        a_call("c1"),
    )
    del desk.calls["gone"]
    assert {call for call, _, _ in await looked_at(desk, script)} == {"c1"}


async def test_what_a_monitor_asks_for_is_asked_of_the_bridge(desk, script):
    desk.monitors = [a_monitor("watch", op_names=["answer"], query={"$expr": {"$eq": [1, 1]}})]
    end(desk, a_call("c1"), a_call("c2", op_name="other"))
    assert {call for call, _, _ in await looked_at(desk, script)} == {"c1"}
    (asked,) = desk.bodies(QUERY)
    assert asked["query"] == {"$expr": {"$eq": [1, 1]}}


async def test_a_monitor_that_cannot_be_understood_holds_no_other_up(desk, script):
    desk.monitors = [a_monitor("bad", sampling_rate=7), a_monitor("good")]
    end(desk, a_call("c1"))
    assert await looked_at(desk, script) == {("c1", ref("plain"), ref("good"))}


async def test_calls_nobody_watches_any_more_are_done_with(desk, script):
    end(desk, a_call("c1"))
    assert await looked_at(desk, script) == set()


async def test_a_monitor_of_the_configuration_publishes_itself_and_its_scorers(desk, script):
    monitors = {
        "rule": MonitorSettings(scorers=("plain", ref("stored"))),
        "elsewhere": MonitorSettings(projects=("acme/other",), scorers=("plain",)),
        "off": MonitorSettings(scorers=("plain",), active=False),
    }
    end(desk, a_call("c1"))
    found = await looked_at(desk, script, monitors=monitors, known=KNOWN)
    assert found == {("c1", ref("plain"), ref("rule")), ("c1", ref("stored"), ref("rule"))}
    assert desk.objects[ref("plain")]["kind"] == "valid_json"
    assert desk.objects[ref("rule")]["scorers"] == [ref("plain"), ref("stored")]


@pytest.mark.parametrize("digest", ["latest", "v3"])
async def test_a_scorer_named_by_a_moving_digest_is_the_version_it_is_now(desk, script, digest):
    desk.monitors = [a_monitor("watch", scorers=[f"weave:///{PROJECT}/object/plain:{digest}"])]
    end(desk, a_call("c1"))
    assert await looked_at(desk, script) == {("c1", ref("plain"), ref("watch"))}


async def test_a_bridge_that_is_away_is_asked_again(desk, script):
    desk.monitors = [a_monitor("watch")]
    desk.answers = {QUERY: [503], ENQUEUE: [503]}
    end(desk, a_call("c1"))
    assert {call for call, _, _ in await looked_at(desk, script)} == {"c1"}


async def test_a_query_that_the_bridge_refuses_holds_no_other_monitor_up(desk, script):
    desk.monitors = [a_monitor("bad", query={"$expr": {}}), a_monitor("good")]
    desk.answers = {QUERY: [422]}
    end(desk, a_call("c1"))
    assert await looked_at(desk, script) == {("c1", ref("plain"), ref("good"))}


async def test_a_monitor_of_the_configuration_that_names_no_scorer_holds_no_other_up(desk, script):
    monitors = {
        "bad": MonitorSettings(scorers=("nothing",)),
        "good": MonitorSettings(scorers=("plain",)),
    }
    end(desk, a_call("c1"))
    found = await looked_at(desk, script, monitors=monitors, known=KNOWN)
    assert found == {("c1", ref("plain"), ref("good"))}


async def test_trouble_with_some_calls_leaves_the_next_ones_in_peace(desk, script):
    async def nonsense(_body):
        desk.instead.clear()
        return b'{"objs":[{}]}'

    desk.monitors = [a_monitor("watch")]
    desk.instead["/objs/query"] = nonsense
    end(desk, a_call("c1"))
    async with serving(desk) as url, worker_at(url, script):
        await desk.until(lambda: not desk.instead)
        end(desk, a_call("c2"))
        await desk.until(lambda: desk.looked_at)
    assert {task.call_id for task in desk.enqueued} == {"c2"}


async def test_only_what_is_in_the_sample_is_looked_at(desk, script):
    desk.monitors = [a_monitor("some", sampling_rate=0.5), a_monitor("none", sampling_rate=0)]
    end(desk, *(a_call(f"c{n}") for n in range(200)))
    found = await looked_at(desk, script)
    (asked,) = desk.bodies(QUERY)
    assert {call for call, _, _ in found} == set(asked["filter"]["call_ids"])
    assert 60 < len(found) < 140


async def test_where_keys_are_for_projects_a_stored_monitor_uses_scorers_of_its_own_only(desk, script):
    foreign = "weave:///other/app/object/plain:plaindigest"
    desk.monitors = [a_monitor("reaching", scorers=[foreign]), a_monitor("good")]
    end(desk, a_call("c1"))
    assert await looked_at(desk, script, confined=True) == {("c1", ref("plain"), ref("good"))}
