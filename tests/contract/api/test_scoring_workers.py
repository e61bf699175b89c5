"""`/bridge/scoring/...` and `/bridge/scorers`: what workers of the bridge ask, and what can score."""

from __future__ import annotations

import asyncio

import msgspec
import orjson
import pytest

from otel_bridge.api.openapi import scoring as described
from otel_bridge.api.parts import Parts
from otel_bridge.api.scoring import leasing, messages
from otel_bridge.api.scoring.messages import LeaseReq
from otel_bridge.model.scoring import EndedCall, Leased, Outcome, Run, Task
from otel_bridge.model.tasks import Claimed, Renewed, Settled
from otel_bridge.scorer.settings import ScoringSettings
from tests.contract.api.bodies import PROJECT, call_id
from tests.contract.api.scores import CODE, FORM, a_request, a_run, publish, serve_scoring

LEASE = "/bridge/scoring/lease"
SETTLE = "/bridge/scoring/settle"
PATIENCE = 30
"""Seconds that a question for work may wait; nothing here waits as long."""
SETTINGS = ScoringSettings.model_validate(
    {
        "scorers": {
            "polite": {"type": "contains", "texts": ["please"]},
            "judge": {"type": "llm_judge", "model": "nowhere/model", "prompt": "{output}"},
            "missing": {"type": "python", "callable": "no_such_package:score"},
        }
    }
)


@pytest.fixture
async def api(serve):
    return await serve_scoring(serve, SETTINGS)


async def lease(api, **members) -> dict:
    reply = await api.post(LEASE, {"worker": "w1"} | members)
    assert reply.status == 200, reply.body
    return reply.json


def done(leased: dict, **members) -> dict:
    return {
        "task": leased["task"],
        "attempt": leased["attempt"],
        "state": "done",
        "output": {"passed": True},
        "run": a_run("done"),
    } | members


class TestLease:
    async def test_a_task_is_lent_once(self, api):
        await api.post("/calls/score", a_request(1, 2))

        first, second = await lease(api, limit=1), await lease(api)
        calls = [one["task"]["call_id"] for found in (first, second) for one in found["leased"]]
        assert sorted(calls) == [call_id(1), call_id(2)]
        assert (await lease(api))["leased"] == []

    async def test_a_worker_without_room_for_a_scorer_gets_none_of_its_tasks(self, api):
        await api.post("/calls/score", a_request(1, 2, 3, refs=("polite", "valid_json")))
        status = (await api.get(f"/calls/score/status?project_id={PROJECT}")).json
        refs = {one["name"]: one["scorer_ref"] for one in status["scorers"]}

        found = await lease(api, rooms={refs["polite"]: 0}, each=2)
        assert [one["task"]["scorer_ref"] for one in found["leased"]] == [refs["valid_json"]] * 2

    async def test_it_waits_for_work(self, api):
        asked = asyncio.create_task(lease(api, wait_seconds=PATIENCE))
        await api.desk.ledger.claimed.wait()
        assert not asked.done()
        await api.post("/calls/score", a_request(1))

        assert [one["task"]["call_id"] for one in (await asked)["leased"]] == [call_id(1)]

    async def test_it_waits_for_what_is_due_later(self, api):
        await api.post("/calls/score", a_request(1))
        await lease(api, lease_seconds=0.001)

        again = await lease(api, wait_seconds=PATIENCE)
        assert [one["attempt"] for one in again["leased"]] == [2]

    async def test_with_nothing_to_do_it_answers_when_the_time_is_up(self, api):
        assert await lease(api, wait_seconds=0.01) == {"leased": [], "ended": [], "worn": [], "due_at": None}

    async def test_it_ends_at_once_when_the_bridge_stops_and_lends_nothing_then(self, api):
        asked = asyncio.create_task(lease(api, wait_seconds=PATIENCE))
        await api.desk.ledger.claimed.wait()
        api.desk.close()

        assert (await asked)["leased"] == []
        reply = await api.post(LEASE, {"worker": "w1"})
        assert (reply.status, reply.json) == (503, {"reason": "the bridge is stopping"})

    async def test_a_worker_that_went_away_while_it_waited_is_lent_nothing(self, api):
        gone = asyncio.Event()
        parts = Parts(api.calls, api.telemetry, None, None, lambda: 0, "local", api.desk)
        asked = LeaseReq(worker="w1", wait_seconds=PATIENCE)
        waiting = asyncio.create_task(leasing.lease(parts, api.desk, asked, gone.is_set))
        await api.desk.ledger.claimed.wait()
        gone.set()
        await api.post("/calls/score", a_request(1))

        assert orjson.loads(await waiting)["leased"] == []
        assert [one["attempt"] for one in (await lease(api))["leased"]] == [1]

    async def test_named_tasks_are_lent_whoever_holds_them(self, api):
        await api.post("/calls/score", a_request(1, 2))
        (held, _) = (await lease(api))["leased"]

        found = await lease(api, worker="w2", keys=[held["task"]])
        assert [one["task"] for one in found["leased"]] == [held["task"]]


class TestSettle:
    async def test_an_outcome_becomes_feedback_and_a_run(self, api):
        await api.post("/calls/score", a_request(1))
        (leased,) = (await lease(api))["leased"]
        reply = await api.post(SETTLE, {"worker": "w1", "outcomes": [done(leased)]})

        assert reply.json == {"kept": 1, "ignored": 0, "done": 1, "failed": 0, "queued": 0}
        (call,) = await api.query(filter={"call_ids": [call_id(1)]}, include_feedback=True)
        (feedback,) = call["summary"]["weave"]["feedback"]
        assert feedback["feedback_type"] == "wandb.runnable.valid_json"
        assert feedback["payload"] == {"output": {"passed": True}}
        run = feedback["call_ref"].rpartition("/")[2]
        assert [one["op_name"] for one in await api.query(filter={"call_ids": [run]})] == ["valid_json"]

    async def test_an_outcome_that_comes_again_is_ignored(self, api):
        await api.post("/calls/score", a_request(1))
        (leased,) = (await lease(api))["leased"]
        for expected in ((1, 0), (0, 1)):
            told = (await api.post(SETTLE, {"worker": "w1", "outcomes": [done(leased)]})).json
            assert (told["kept"], told["ignored"]) == expected

    async def test_what_became_of_tasks_is_counted(self, api):
        await api.post("/calls/score", a_request(1, 2, 3))
        one, two, three = (await lease(api))["leased"]
        outcomes = [
            done(one),
            done(two, state="failed", output=None, error="no"),
            done(three, state="queued", output=None, run=None, error="later", due_at=1),
        ]
        await api.post(SETTLE, {"worker": "w1", "outcomes": outcomes})

        again = {"task": three["task"], "state": "queued", "error": None, "due_at": 1}
        (leased,) = (await lease(api))["leased"]
        handed_back = again | {"attempt": leased["attempt"]}
        await api.post(SETTLE, {"worker": "w1", "outcomes": [handed_back]})

        outcomes = ("queued", "done", "failed", "retried")
        counted = [api.telemetry.value("otel_bridge_scoring_tasks_total", outcome=one) for one in outcomes]
        assert counted == [3, 1, 1, 1]

    async def test_a_lease_goes_on_while_its_worker_says_so(self, api):
        await api.post("/calls/score", a_request(1))
        (leased,) = (await lease(api))["leased"]
        body = {"worker": "w1", "tasks": [leased["task"]], "lease_seconds": 60}

        assert (await api.post("/bridge/scoring/renew", body)).json == {"renewed": 1, "lost": []}
        other = (await api.post("/bridge/scoring/renew", body | {"worker": "w2"})).json
        assert (other["renewed"], [one["call_id"] for one in other["lost"]]) == (0, [call_id(1)])


async def test_monitors_queue_tasks_of_their_own(api):
    ref = await publish(api)
    task = {"project_id": PROJECT, "call_id": call_id(1), "scorer_ref": ref, "trigger_ref": "weave:///m"}
    reply = await api.post("/bridge/scoring/enqueue", {"tasks": [task]})

    assert reply.json["queued"] == 1
    (leased,) = (await lease(api))["leased"]
    assert leased["task"]["trigger_ref"] == "weave:///m"


@pytest.mark.parametrize(
    ("path", "body", "places"),
    [
        (LEASE, {}, [["body", "worker"]]),
        (LEASE, {"worker": ""}, [["body", "worker"]]),
        (LEASE, {"worker": "w", "limit": -1}, [["body", "limit"]]),
        (LEASE, {"worker": "w", "wait_seconds": 31}, [["body", "wait_seconds"]]),
        (LEASE, {"worker": "w", "keys": [{}]}, [["body", "keys", 0]]),
        (SETTLE, {}, [["body", "worker"], ["body", "outcomes"]]),
        (SETTLE, {"worker": "w", "outcomes": 7}, [["body", "outcomes"]]),
        (SETTLE, [], [["body"]]),
        (SETTLE, None, [["body"]]),
    ],
)
async def test_what_makes_no_sense_is_refused_and_named(api, path, body, places):
    reply = await api.post(path, b"" if body is None else orjson.dumps(body))

    assert reply.status == 422
    assert [error["loc"] for error in reply.json["detail"]] == places


DEEP = b"[" * 100_000 + b"]" * 100_000


@pytest.mark.parametrize(
    "body",
    [b"{", b'{"worker": NaN}', b"\xff", b'{"worker": "\\ud800"}', DEEP, b'{"worker":"w","x":%b}' % DEEP],
    ids=["cut", "NaN", "bytes", "half a pair", "deep", "deep inside"],
)
async def test_what_is_no_json_is_refused(api, body):
    assert (await api.post(LEASE, body)).status == 422


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        (described.LeaseReq, messages.LeaseReq),
        (described.RenewReq, messages.RenewReq),
        (described.SettleReq, messages.SettleReq),
        (described.EnqueueReq, messages.EnqueueReq),
        (described.ScoringTask, Task),
        (described.TaskOutcome, Outcome),
        (described.ScorerRun, Run),
        (described.EndedCallRef, EndedCall),
        (described.LeasedTask, Leased),
        (described.LeaseRes, Claimed),
        (described.RenewRes, Renewed),
        (described.SettleRes, Settled),
    ],
)
def test_what_is_described_is_what_is_read_and_written(told, kind):
    fields = {one.encode_name: one.required for one in msgspec.structs.fields(kind)}
    assert told.model_fields.keys() == fields.keys()
    if told.__name__.endswith("Res"):
        return  # what is written is whole
    assert {name: field.is_required() for name, field in told.model_fields.items()} == fields


class TestScorers:
    async def test_registered_scorers_are_listed_with_what_is_wrong_with_them(self, api):
        listed = {one["name"]: one for one in (await api.get("/bridge/scorers")).json["scorers"]}

        assert listed["polite"]["usable"]
        assert listed["valid_json"] | {"description": ""} == {
            "name": "valid_json",
            "kind": "valid_json",
            "ref": None,
            "description": "",
            "usable": True,
            "why_not": None,
        }
        assert not listed["judge"]["usable"]
        assert "nowhere" in listed["judge"]["why_not"]
        assert "no_such_package" in listed["missing"]["why_not"]

    async def test_published_scorers_are_listed_in_their_newest_version(self, api):
        await publish(api, val=FORM | {"settings": {"texts": ["old"]}})
        ref = await publish(api)
        code = await publish(api, "clever", CODE)
        await publish(api, "weather", {"city": "Paris"})

        listed = (await api.get(f"/bridge/scorers?project_id={PROJECT}")).json["scorers"]
        published = {one["ref"]: one for one in listed if one["ref"] is not None}
        assert published.keys() == {ref, code}
        assert published[ref]["usable"]
        assert "stands_in_for: [clever]" in published[code]["why_not"]


async def test_they_are_at_the_root_only(api):
    for path in (LEASE, SETTLE):
        assert (await api.post("/traces" + path, {"worker": "w"})).status == 404
    assert (await api.get("/traces/bridge/scorers")).status == 404
