"""`POST /calls/score` and `GET /calls/score/status` (`contract/weave-api.md` §4)."""

from __future__ import annotations

import pytest

from otel_bridge.errors import Unavailable
from tests.contract.api.bodies import PROJECT, call_id, start_item
from tests.contract.api.scores import (
    FORM,
    PATH,
    STATUS,
    a_request,
    counts,
    publish,
    serve_scoring,
    settle,
    tasks,
)


@pytest.fixture
async def api(serve):
    """With the calls 1, 2 and 3."""
    return await serve_scoring(serve)


class TestAccepted:
    @pytest.mark.parametrize("mount", ["", "/traces"])
    async def test_every_scorer_is_queued_for_every_call(self, api, mount):
        reply = await api.post(mount + PATH, a_request(1, 3, refs=("valid_json", "polite")))

        assert (reply.status, reply.json) == (200, {})
        assert await tasks(api) == {(n, name) for n in (1, 3) for name in ("valid_json", "polite")}

    async def test_the_answer_names_the_job(self, api):
        first = await api.post(PATH, a_request(1))
        second = await api.post(PATH, a_request(2, 3))

        jobs = [reply.headers["X-Scoring-Job-Id"] for reply in (first, second)]
        assert [await counts(api, job_id=job) for job in jobs] == [{"queued": 1}, {"queued": 2}]

    async def test_a_job_is_kept_before_the_answer(self, api):
        api.desk.ledger.broken = True
        reply = await api.post(PATH, a_request(1))

        assert (reply.status, reply.json) == (503, {"reason": "the disk is full"})
        assert reply.headers["Retry-After"] == "1"

    async def test_calls_and_scorers_that_come_twice_count_once(self, api):
        ref = await publish(api)
        latest = ref.rpartition(":")[0] + ":latest"
        await api.post(PATH, a_request(1, 1, refs=(ref, ref, latest)))

        assert await counts(api) == {"queued": 1}

    async def test_nothing_to_score_is_no_mistake(self, api):
        for body in (a_request(), a_request(1, refs=())):
            reply = await api.post(PATH, body)
            assert (reply.status, reply.json) == (200, {})
        assert await counts(api) == {}

    async def test_a_call_that_still_runs_may_be_scored(self, api):
        await api.upsert(start_item(9))

        assert (await api.post(PATH, a_request(9))).status == 200

    async def test_who_asked_is_kept(self, api):
        await api.post(PATH, a_request(1, wb_user_id="ann"))

        reply = await api.post("/bridge/scoring/lease", {"worker": "w"})
        assert reply.json["leased"][0]["task"]["wb_user_id"] == "ann"

    async def test_ten_thousand_calls_are_one_request(self, api):
        body = a_request(*range(1, 10_001), refs=("valid_json",))
        whole = {"batch": [start_item(n) for n in range(1, 10_001)]}
        assert (await api.post("/call/upsert_batch", whole)).status == 200

        assert (await api.post(PATH, body)).status == 200
        assert await counts(api) == {"queued": 10_000}


class TestScorers:
    async def test_a_published_scorer_goes_by_its_ref(self, api):
        ref = await publish(api)
        await api.post(PATH, a_request(1, refs=(ref,)))

        reply = await api.post("/bridge/scoring/lease", {"worker": "w"})
        assert [one["task"]["scorer_ref"] for one in reply.json["leased"]] == [ref]

    @pytest.mark.parametrize("version", ["latest", "v0"])
    async def test_a_version_by_another_name_becomes_its_digest(self, api, version):
        ref = await publish(api)
        await api.post(PATH, a_request(1, refs=(ref.rpartition(":")[0] + f":{version}",)))

        reply = await api.post("/bridge/scoring/lease", {"worker": "w"})
        assert [one["task"]["scorer_ref"] for one in reply.json["leased"]] == [ref]

    async def test_a_scorer_of_another_project_may_be_used(self, api):
        ref = await publish(api, project_id="other/project")

        assert (await api.post(PATH, a_request(1, refs=(ref,)))).status == 200

    async def test_a_registered_scorer_is_published_to_the_project_first(self, api):
        await api.post(PATH, a_request(1, refs=("polite",)))

        reply = await api.post("/bridge/scoring/lease", {"worker": "w"})
        (ref,) = [one["task"]["scorer_ref"] for one in reply.json["leased"]]
        val = (await api.post("/refs/read_batch", {"refs": [ref]})).json["vals"][0]
        assert ref.startswith(f"weave:///{PROJECT}/object/polite:")
        assert (val["kind"], val["settings"], val["description"]) == (
            "contains",
            {"texts": ["please"]},
            "Says please.",
        )

    async def test_nothing_is_published_by_a_request_that_is_refused(self, api):
        await api.post(PATH, a_request(99, refs=("polite",)))

        assert (await api.post("/objs/query", {"project_id": PROJECT})).json == {"objs": []}


class TestAgain:
    async def test_what_waits_is_not_queued_twice(self, api):
        for _ in range(2):
            await api.post(PATH, a_request(1, 2))
        assert await counts(api) == {"queued": 2}

    async def test_what_was_scored_is_not_scored_again(self, api):
        await api.post(PATH, a_request(1))
        await settle(api, output={"passed": True})
        await api.post(PATH, a_request(1, 2))

        assert await counts(api) == {"done": 1, "queued": 1}

    async def test_unless_it_is_asked_for(self, api):
        await api.post(PATH, a_request(1))
        await settle(api, output={"passed": True})
        await api.post(PATH + "?again=true", a_request(1))

        assert await counts(api) == {"queued": 1}

    async def test_what_failed_is_scored_again(self, api):
        await api.post(PATH, a_request(1))
        await settle(api, "failed", error="no judge")
        assert await counts(api) == {"failed": 1}

        await api.post(PATH, a_request(1))
        assert await counts(api) == {"queued": 1}

    async def test_another_version_of_a_scorer_scores_too(self, api):
        for texts in (["yes"], ["no"]):
            ref = await publish(api, val=FORM | {"settings": {"texts": texts}})
            await api.post(PATH, a_request(1, refs=(ref,)))
            await settle(api, output={"passed": True})
        assert await counts(api) == {"done": 2}


class TestStatus:
    async def test_it_counts_by_state_and_scorer_and_tells_the_last_error(self, api):
        await api.post(PATH, a_request(1, refs=("polite",)))
        await settle(api, "failed", error="no output")
        await api.post(PATH, a_request(1, 2, refs=("valid_json",)))

        told = (await api.get(f"{STATUS}?project_id={PROJECT}")).json
        assert {state: n for state, n in told["counts"].items() if n} == {"queued": 2, "failed": 1}
        by_name = {one["name"]: one for one in told["scorers"]}
        assert by_name.keys() == {"polite", "valid_json"}
        assert by_name["polite"]["counts"]["failed"] == 1
        assert by_name["polite"]["last_error"]["error"] == "no output"
        assert by_name["valid_json"]["last_error"] is None
        (error,) = told["errors"]
        assert (error["call_id"], error["error"]) == (call_id(1), "no output")
        assert len(told["jobs"]) == 2

    async def test_it_narrows_to_a_state_a_scorer_and_a_job(self, api):
        reply = await api.post(PATH, a_request(1, refs=("polite",)))
        ref = (await api.get(f"{STATUS}?project_id={PROJECT}")).json["scorers"][0]["scorer_ref"]
        await api.post(PATH, a_request(2, 3))

        assert await counts(api, job_id=reply.headers["X-Scoring-Job-Id"]) == {"queued": 1}
        assert await counts(api, scorer=ref) == {"queued": 1}
        assert await counts(api, state="done") == {}
        assert await counts(api, state="queued") == {"queued": 3}
        assert await counts(api, project_id="no/body") == {}

    async def test_a_job_that_is_not_known_is_404(self, api):
        reply = await api.get(f"{STATUS}?project_id={PROJECT}&job_id=nobody")
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
    async def test_a_question_that_makes_no_sense_is_refused(self, api, query, place):
        reply = await api.get(f"{STATUS}?{query}")

        assert reply.status == 422
        assert [error["loc"] for error in reply.json["detail"]] == [place]


class Producer:
    """Takes what is put, or cannot."""

    def __init__(self) -> None:
        self.put_so_far = []
        self.away = False

    async def put(self, messages) -> None:
        if self.away:
            raise Unavailable("no broker answers")
        self.put_so_far += messages


class TestThroughAProducer:
    @pytest.fixture
    def producer(self, api):
        api.desk._producer = Producer()
        return api.desk._producer

    async def test_jobs_travel_as_messages_of_a_hundred_calls_with_all_their_scorers(self, api, producer):
        await api.keep_calls(*range(1, 251))
        reply = await api.post(PATH, a_request(*range(1, 251), refs=("valid_json", "polite")))

        assert reply.status == 200
        assert [len(one.call_ids) for one in producer.put_so_far] == [100, 100, 50]
        assert {len(one.scorer_refs) for one in producer.put_so_far} == {2}
        assert {one.job_id for one in producer.put_so_far} == {reply.headers["X-Scoring-Job-Id"]}
        assert await counts(api) == {"queued": 500}

    async def test_a_message_that_is_not_kept_is_a_503_and_is_sent_when_asked_again(self, api, producer):
        producer.away = True
        reply = await api.post(PATH, a_request(1))
        assert (reply.status, reply.json) == (503, {"reason": "no broker answers"})

        producer.away = False
        assert (await api.post(PATH, a_request(1))).status == 200
        assert [one.call_ids for one in producer.put_so_far] == [(call_id(1),)]
        assert await counts(api) == {"queued": 1}

    async def test_what_was_scored_sends_nothing(self, api, producer):
        await api.post(PATH, a_request(1))
        await settle(api, output={"passed": True})
        producer.put_so_far.clear()
        await api.post(PATH, a_request(1))

        assert producer.put_so_far == []
