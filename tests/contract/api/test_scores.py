"""`POST /calls/score` and `GET /calls/score/status` (`contract/weave-api.md` §4)."""

from __future__ import annotations

import pytest

from otel_bridge.api.scoring.asking import MAX_REQUEST_SCORERS
from otel_bridge.api.scoring.desk import ScoringDesk
from otel_bridge.scorer.settings import ScoringSettings
from otel_bridge.store.memory import MemoryStore
from tests.contract.api.bodies import PROJECT, call_id, start_item
from tests.contract.api.calls import InProcessCalls
from tests.contract.api.ledger import InProcessScoring

PATH = "/calls/score"
STATUS = "/calls/score/status"
SETTINGS = ScoringSettings.model_validate(
    {"scorers": {"polite": {"type": "contains", "texts": ["please"], "description": "Says please."}}}
)
FORM = {
    "_type": "OtelBridgeScorer",
    "_class_name": "OtelBridgeScorer",
    "_bases": ["Scorer", "Object", "BaseModel"],
    "name": "mine",
    "description": None,
    "column_map": None,
    "kind": "contains",
    "settings": {"texts": ["yes"]},
}
CODE = FORM | {"_type": "Clever", "_class_name": "Clever"}


@pytest.fixture
async def api(serve):
    store = MemoryStore()
    desk = ScoringDesk(InProcessScoring(store), SETTINGS)
    api = await serve(InProcessCalls(store), scoring=desk)
    api.desk = desk
    return api


@pytest.fixture
async def filled(api):
    """With the calls 1, 2 and 3."""
    await api.keep_calls(1, 2, 3)
    return api


async def publish(api, name: str = "mine", val: dict = FORM, project_id: str = PROJECT) -> str:
    reply = await api.post("/obj/create", {"obj": {"project_id": project_id, "object_id": name, "val": val}})
    assert reply.status == 200, reply.body
    return f"weave:///{project_id}/object/{name}:{reply.json['digest']}"


def a_request(*calls: int, refs=("valid_json",), **members) -> dict:
    return {
        "project_id": PROJECT,
        "call_ids": [call_id(one) for one in calls],
        "scorer_refs": list(refs),
    } | members


async def tasks(api) -> set[tuple[int, str]]:
    """The tasks that wait: the number of the call and the name of the scorer."""
    reply = await api.post("/bridge/scoring/lease", {"worker": "w", "limit": 1000, "lease_seconds": 0.001})
    return {
        (int(one["task"]["call_id"], 16), one["task"]["scorer_ref"].rpartition("/")[2].partition(":")[0])
        for one in reply.json["leased"]
    }


async def counts(api, **asked: str) -> dict:
    query = "&".join(f"{name}={value}" for name, value in ({"project_id": PROJECT} | asked).items())
    reply = await api.get(f"{STATUS}?{query}")
    assert reply.status == 200, reply.body
    return {state: count for state, count in reply.json["counts"].items() if count}


class TestAccepted:
    @pytest.mark.parametrize("mount", ["", "/traces"])
    async def test_every_scorer_is_queued_for_every_call(self, filled, mount):
        reply = await filled.post(mount + PATH, a_request(1, 3, refs=("valid_json", "polite")))

        assert (reply.status, reply.json) == (200, {})
        assert await tasks(filled) == {(n, name) for n in (1, 3) for name in ("valid_json", "polite")}

    async def test_the_answer_names_the_job(self, filled):
        first = await filled.post(PATH, a_request(1))
        second = await filled.post(PATH, a_request(2, 3))

        jobs = [reply.headers["X-Scoring-Job-Id"] for reply in (first, second)]
        assert [await counts(filled, job_id=job) for job in jobs] == [{"queued": 1}, {"queued": 2}]

    async def test_a_job_is_kept_before_the_answer(self, filled):
        filled.desk.ledger.broken = True
        reply = await filled.post(PATH, a_request(1))

        assert (reply.status, reply.json) == (503, {"reason": "the disk is full"})
        assert reply.headers["Retry-After"] == "1"

    async def test_calls_and_scorers_that_come_twice_count_once(self, filled):
        ref = await publish(filled)
        latest = ref.rpartition(":")[0] + ":latest"
        await filled.post(PATH, a_request(1, 1, refs=(ref, ref, latest)))

        assert await counts(filled) == {"queued": 1}

    async def test_nothing_to_score_is_no_mistake(self, filled):
        for body in (a_request(), a_request(1, refs=())):
            reply = await filled.post(PATH, body)
            assert (reply.status, reply.json) == (200, {})
        assert await counts(filled) == {}

    async def test_a_call_that_still_runs_may_be_scored(self, filled):
        await filled.upsert(start_item(9))

        assert (await filled.post(PATH, a_request(9))).status == 200

    async def test_who_asked_is_kept(self, filled):
        await filled.post(PATH, a_request(1, wb_user_id="ann"))

        reply = await filled.post("/bridge/scoring/lease", {"worker": "w"})
        assert reply.json["leased"][0]["task"]["wb_user_id"] == "ann"

    async def test_ten_thousand_calls_are_one_request(self, api):
        body = a_request(*range(1, 10_001), refs=("valid_json",))
        whole = {"batch": [start_item(n) for n in range(1, 10_001)]}
        assert (await api.post("/call/upsert_batch", whole)).status == 200

        assert (await api.post(PATH, body)).status == 200
        assert await counts(api) == {"queued": 10_000}


class TestScorers:
    async def test_a_published_scorer_goes_by_its_ref(self, filled):
        ref = await publish(filled)
        await filled.post(PATH, a_request(1, refs=(ref,)))

        reply = await filled.post("/bridge/scoring/lease", {"worker": "w"})
        assert [one["task"]["scorer_ref"] for one in reply.json["leased"]] == [ref]

    @pytest.mark.parametrize("version", ["latest", "v0"])
    async def test_a_version_by_another_name_becomes_its_digest(self, filled, version):
        ref = await publish(filled)
        await filled.post(PATH, a_request(1, refs=(ref.rpartition(":")[0] + f":{version}",)))

        reply = await filled.post("/bridge/scoring/lease", {"worker": "w"})
        assert [one["task"]["scorer_ref"] for one in reply.json["leased"]] == [ref]

    async def test_a_scorer_of_another_project_may_be_used(self, filled):
        ref = await publish(filled, project_id="other/project")

        assert (await filled.post(PATH, a_request(1, refs=(ref,)))).status == 200

    async def test_a_registered_scorer_is_published_to_the_project_first(self, filled):
        await filled.post(PATH, a_request(1, refs=("polite",)))

        reply = await filled.post("/bridge/scoring/lease", {"worker": "w"})
        (ref,) = [one["task"]["scorer_ref"] for one in reply.json["leased"]]
        val = (await filled.post("/refs/read_batch", {"refs": [ref]})).json["vals"][0]
        assert ref.startswith(f"weave:///{PROJECT}/object/polite:")
        assert (val["kind"], val["settings"], val["description"]) == (
            "contains",
            {"texts": ["please"]},
            "Says please.",
        )

    async def test_nothing_is_published_by_a_request_that_is_refused(self, filled):
        await filled.post(PATH, a_request(99, refs=("polite",)))

        assert (await filled.post("/objs/query", {"project_id": PROJECT})).json == {"objs": []}


class TestRefused:
    async def test_all_unknown_calls_are_named_with_404(self, filled):
        reply = await filled.post(PATH, a_request(1, 98, 99))

        assert reply.status == 404
        assert reply.json["unknown_calls"] == [call_id(98), call_id(99)]
        assert call_id(98) in reply.json["reason"]
        assert call_id(99) in reply.json["reason"]
        assert call_id(1) not in reply.json["reason"]

    async def test_a_project_that_nobody_knows_has_no_calls(self, filled):
        reply = await filled.post(PATH, a_request(1, project_id="no/body"))

        assert (reply.status, reply.json["unknown_calls"]) == (404, [call_id(1)])

    @pytest.mark.parametrize(
        ("ref", "why"),
        [
            ("", "is neither a ref"),
            ("not a name", "is neither a ref"),
            ("weave:///only/object", "is neither a ref"),
            (f"weave:///{PROJECT}/object/mine", "is neither a ref"),
            (f"weave:///{PROJECT}/object/mine:", "is neither a ref"),
            (f"weave:///{PROJECT}/call/{call_id(1)}", "names a call, not a scorer"),
            (f"weave:///{PROJECT}/object/mine:abc/attr/model", "names a part of an object"),
            (f"weave:///{PROJECT}/object/nobody:abc", "object nobody:abc is not known"),
            (f"weave:///{PROJECT}/op/nobody:latest", "object nobody:latest is not known"),
            ("valid_jsn", "is no registered scorer; did you mean valid_json?"),
            ("something_else", "is no registered scorer; published ones are named weave:///"),
        ],
    )
    async def test_a_malformed_or_unknown_scorer_is_told_why(self, filled, ref, why):
        reply = await filled.post(PATH, a_request(1, refs=(ref,)))

        assert reply.status == 400
        assert why in reply.json["unusable_scorers"][ref]
        assert why in reply.json["reason"]

    async def test_a_scorer_with_code_of_its_own_is_told_what_to_do(self, filled):
        ref = await publish(filled, "clever", CODE)
        reply = await filled.post(PATH, a_request(1, refs=(ref,)))

        assert reply.status == 400
        assert "stands_in_for: [clever]" in reply.json["reason"]

    async def test_an_object_that_was_deleted_scores_nothing(self, filled):
        ref = await publish(filled)
        await filled.post("/obj/delete", {"project_id": PROJECT, "object_id": "mine"})
        reply = await filled.post(PATH, a_request(1, refs=(ref,)))

        assert reply.status == 400
        assert "was deleted" in reply.json["reason"]

    async def test_all_that_is_wrong_is_told_in_one_answer(self, filled):
        code = await publish(filled, "clever", CODE)
        reply = await filled.post(PATH, a_request(1, 98, 99, refs=("valid_json", "nobody", "a b", code)))

        assert reply.status == 400
        assert reply.json["unusable_scorers"].keys() == {"nobody", "a b", code}
        assert reply.json["unknown_calls"] == [call_id(98), call_id(99)]
        named = ("nobody", "a b", "clever", call_id(98), call_id(99))
        assert [name for name in named if name not in reply.json["reason"]] == []

    async def test_nothing_of_a_refused_request_is_queued(self, filled):
        await filled.post(PATH, a_request(1, 99))
        await filled.post(PATH, a_request(1, refs=("valid_json", "nobody")))

        assert await counts(filled) == {}

    @pytest.mark.parametrize(
        ("body", "places"),
        [
            ({}, [["body", "project_id"], ["body", "call_ids"], ["body", "scorer_refs"]]),
            (a_request(1, more=True), [["body", "more"]]),
            (a_request(1, call_ids="1"), [["body", "call_ids"]]),
            (a_request(1, call_ids=[1]), [["body", "call_ids", 0]]),
            (a_request(1, scorer_refs=[None]), [["body", "scorer_refs", 0]]),
            (a_request(1, call_ids=None), [["body", "call_ids"]]),
            (a_request(1, wb_user_id=7), [["body", "wb_user_id"]]),
        ],
    )
    async def test_the_body_is_as_strict_as_documented(self, filled, body, places):
        reply = await filled.post(PATH, body)

        assert reply.status == 422
        assert [error["loc"] for error in reply.json["detail"]] == places

    async def test_the_body_is_checked_before_what_it_names(self, filled):
        assert (await filled.post(PATH, a_request(99, refs=("nobody",), more=1))).status == 422
        assert (await filled.post(PATH + "?again=perhaps", a_request(1))).status == 422

    async def test_more_than_ten_thousand_calls_are_too_many(self, filled):
        reply = await filled.post(PATH, a_request(*range(10_001)))

        assert reply.status == 400
        assert reply.json["reason"].startswith("call_ids: 10001 calls")

    async def test_there_is_a_limit_to_the_scorers_of_a_request(self, filled):
        refs = [f"s{n}" for n in range(MAX_REQUEST_SCORERS + 1)]
        reply = await filled.post(PATH, a_request(1, refs=refs))

        assert reply.status == 400
        assert reply.json["reason"].startswith(f"scorer_refs: {len(refs)} scorers")


async def settle(api, state: str = "done", **members) -> None:
    """Do what waits."""
    leased = (await api.post("/bridge/scoring/lease", {"worker": "w", "limit": 1000})).json["leased"]
    outcomes = [
        {"task": one["task"], "attempt": one["attempt"], "state": state, **members, "run": a_run(state)}
        for one in leased
    ]
    reply = await api.post("/bridge/scoring/settle", {"worker": "w", "outcomes": outcomes})
    assert (reply.status, reply.json["kept"]) == (200, len(leased)), reply.body


def a_run(state: str) -> dict:
    return {
        "op_name": "valid_json",
        "started_at": 1_790_000_000_000_000,
        "ended_at": 1_790_000_000_500_000,
        "inputs": {},
        "output": {"passed": True} if state == "done" else None,
        "summary": {},
        "attributes": {},
    }


class TestAgain:
    async def test_what_waits_is_not_queued_twice(self, filled):
        for _ in range(2):
            await filled.post(PATH, a_request(1, 2))
        assert await counts(filled) == {"queued": 2}

    async def test_what_was_scored_is_not_scored_again(self, filled):
        await filled.post(PATH, a_request(1))
        await settle(filled, output={"passed": True})
        await filled.post(PATH, a_request(1, 2))

        assert await counts(filled) == {"done": 1, "queued": 1}

    async def test_unless_it_is_asked_for(self, filled):
        await filled.post(PATH, a_request(1))
        await settle(filled, output={"passed": True})
        await filled.post(PATH + "?again=true", a_request(1))

        assert await counts(filled) == {"queued": 1}

    async def test_what_failed_is_scored_again(self, filled):
        await filled.post(PATH, a_request(1))
        await settle(filled, "failed", error="no judge")
        assert await counts(filled) == {"failed": 1}

        await filled.post(PATH, a_request(1))
        assert await counts(filled) == {"queued": 1}

    async def test_another_version_of_a_scorer_scores_too(self, filled):
        for texts in (["yes"], ["no"]):
            ref = await publish(filled, val=FORM | {"settings": {"texts": texts}})
            await filled.post(PATH, a_request(1, refs=(ref,)))
            await settle(filled, output={"passed": True})
        assert await counts(filled) == {"done": 2}


class TestStatus:
    async def test_it_counts_by_state_and_scorer_and_tells_the_last_error(self, filled):
        await filled.post(PATH, a_request(1, refs=("polite",)))
        await settle(filled, "failed", error="no output")
        await filled.post(PATH, a_request(1, 2, refs=("valid_json",)))

        told = (await filled.get(f"{STATUS}?project_id={PROJECT}")).json
        assert {state: n for state, n in told["counts"].items() if n} == {"queued": 2, "failed": 1}
        by_name = {one["name"]: one for one in told["scorers"]}
        assert by_name.keys() == {"polite", "valid_json"}
        assert by_name["polite"]["counts"]["failed"] == 1
        assert by_name["polite"]["last_error"]["error"] == "no output"
        assert by_name["valid_json"]["last_error"] is None
        (error,) = told["errors"]
        assert (error["call_id"], error["error"]) == (call_id(1), "no output")
        assert len(told["jobs"]) == 2

    async def test_it_narrows_to_a_state_a_scorer_and_a_job(self, filled):
        reply = await filled.post(PATH, a_request(1, refs=("polite",)))
        ref = (await filled.get(f"{STATUS}?project_id={PROJECT}")).json["scorers"][0]["scorer_ref"]
        await filled.post(PATH, a_request(2, 3))

        assert await counts(filled, job_id=reply.headers["X-Scoring-Job-Id"]) == {"queued": 1}
        assert await counts(filled, scorer=ref) == {"queued": 1}
        assert await counts(filled, state="done") == {}
        assert await counts(filled, state="queued") == {"queued": 3}
        assert await counts(filled, project_id="no/body") == {}

    async def test_a_job_that_is_not_known_is_404(self, filled):
        reply = await filled.get(f"{STATUS}?project_id={PROJECT}&job_id=nobody")
        assert (reply.status, reply.json) == (404, {"reason": "job nobody is not known"})

    @pytest.mark.parametrize(
        ("query", "place"),
        [
            ("", ["query", "project_id"]),
            (f"project_id={PROJECT}&state=lost", ["query", "state"]),
            (f"project_id={PROJECT}&limit=many", ["query", "limit"]),
            (f"project_id={PROJECT}&limit=-1", ["query", "limit"]),
        ],
    )
    async def test_a_question_that_makes_no_sense_is_refused(self, filled, query, place):
        reply = await filled.get(f"{STATUS}?{query}")

        assert reply.status == 422
        assert [error["loc"] for error in reply.json["detail"]] == [place]


async def test_a_bridge_that_keeps_no_calls_says_so(serve):
    api = await serve()
    assert (await api.post(PATH, a_request(1))).status == 501
