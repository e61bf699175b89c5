"""Judges ask a real server: what is sent, what comes back, and the ways in which it may go wrong."""

from __future__ import annotations

import asyncio
import socket

import orjson
import pytest

from otel_bridge.model.scoring import Task
from otel_bridge.scorer.base import ScorerBusy, ScorerFailed
from otel_bridge.scoring.judging import MAX_ANSWER_BYTES, REQUEST_ID, score
from otel_bridge.scoring.outgoing import open_outgoing
from tests.contract.scoring.conftest import CALL, KEY, LINE, TASK, settings, spec_of

SCHEMA = {"type": "object", "properties": {"kind": {"type": "boolean"}, "why": {"type": "string"}}}


def judging(model, name="fake-1", **more):
    judge = {"type": "llm_judge", "model": f"fake/{name}", "prompt": "{question} {output}", **more}
    return settings({"mine": judge}, providers={"fake": {"base_url": model.url, "api_key": KEY}})


def bounded(seconds):
    return {"limits": {"timeout": seconds}}


async def test_a_judge_asks_about_a_call_and_gives_what_the_model_says(model, asking):
    scoring = judging(model, response_format="json_object", params={"temperature": 0})
    verdict = await asking(score, scoring, spec_of(scoring))
    assert orjson.loads(bytes(verdict.output)) == {"pass": True, "score": 1.0, "reason": "it says 'please'"}
    assert model.requests == [
        {
            "model": "fake-1",
            "messages": [{"role": "user", "content": "Where is it? Please look again."}],
            "temperature": 0,
            "response_format": {"type": "json_object"},
        }
    ]
    assert model.headers[0]["Authorization"] == f"Bearer {KEY}"
    assert model.headers[0][REQUEST_ID] == TASK.run_id


async def test_its_run_tells_the_tokens_the_model_and_what_the_prompt_was_given(model, asking):
    scoring = judging(model, response_format="json_object")
    verdict = await asking(score, scoring, spec_of(scoring))
    assert verdict.usage == {
        "fake-1": {"input_tokens": 6, "output_tokens": 8, "total_tokens": 14, "requests": 1}
    }
    assert orjson.loads(bytes(verdict.inputs)) == {"question": "Where is it?", "output": "Please look again."}
    assert verdict.notes == {"model": "fake/fake-1"}


async def test_a_large_value_is_told_by_the_ref_of_the_call(model, asking):
    scoring = judging(model)
    line = orjson.dumps({**CALL, "output": "thank you " * 10_000})
    verdict = await asking(score, scoring, spec_of(scoring), line=line)
    assert orjson.loads(bytes(verdict.inputs))["output"] == "weave:///me/proj/call/c1"
    assert len(model.requests[0]["messages"][0]["content"]) > 100_000


async def test_a_column_map_fills_names_that_no_input_has(model, asking):
    names = {"ask": "question", "said": "output", "op": "op_name", "question": "output"}
    scoring = judging(model, prompt="{ask} {said} {op} {question} {inputs}", column_map=names)
    await asking(score, scoring, spec_of(scoring))
    told = model.requests[0]["messages"][0]["content"]
    assert told == 'Where is it? Please look again. reply Where is it? {"question":"Where is it?"}'


async def test_a_schema_is_filled_in(model, asking):
    scoring = judging(model, response_schema=SCHEMA)
    verdict = await asking(score, scoring, spec_of(scoring))
    assert orjson.loads(bytes(verdict.output)) == {"kind": True, "why": "it says 'please'"}


async def test_a_verdict_that_does_not_fit_its_schema_has_failed(model, asking):
    scoring = judging(model, response_schema={**SCHEMA, "required": ["kind", "score"]})
    with pytest.raises(ScorerFailed, match='does not fit the schema: "score" is a required') as failed:
        await asking(score, scoring, spec_of(scoring))
    assert failed.value.usage["fake-1"]["input_tokens"] == 6


async def test_a_server_without_schemas_is_told_in_words_and_asked_so_from_then_on(model):
    scoring = judging(model, "fake-no-schema", response_schema=SCHEMA)
    async with open_outgoing(scoring, {}) as outgoing:
        for _ in range(2):
            verdict = await score(spec_of(scoring), LINE, TASK, outgoing)
            assert orjson.loads(bytes(verdict.output))["pass"] is True
    formats = [body["response_format"]["type"] for body in model.requests]
    assert formats == ["json_schema", "json_object", "json_object"]


async def test_a_model_that_wants_another_name_for_the_bound_of_tokens_gets_it(model):
    scoring = judging(model, "fake-reasoning", params={"max_tokens": 50})
    async with open_outgoing(scoring, {}) as outgoing:
        for _ in range(2):
            await score(spec_of(scoring), LINE, TASK, outgoing)
    asked = [sorted(body.keys() & {"max_tokens", "max_completion_tokens"}) for body in model.requests]
    assert asked == [["max_tokens"], ["max_completion_tokens"], ["max_completion_tokens"]]


async def test_a_placeholder_that_finds_nothing_asks_nobody(model, asking):
    scoring = judging(model, prompt="{answer}")
    with pytest.raises(ScorerFailed, match=r"asks for \{answer\}, and the call has inputs, question"):
        await asking(score, scoring, spec_of(scoring))
    assert model.requests == []


class TestFaults:
    @pytest.mark.parametrize(
        ("name", "named"),
        [
            ("fake-404", "answered 404: The model fake-404 does not exist"),
            ("fake-no-json", "the answer of the model is no JSON: 'Well, it depends.'"),
            ("fake-garbled", "did not answer with JSON"),
            ("fake-huge", f"the answer is larger than {MAX_ANSWER_BYTES} bytes"),
            ("fake-redirect", "answered 307, and redirects are not followed"),
        ],
    )
    async def test_what_would_be_no_better_next_time_has_failed(self, model, asking, name, named):
        scoring = judging(model, name, response_format="json_object")
        with pytest.raises(ScorerFailed) as failed:
            await asking(score, scoring, spec_of(scoring))
        assert named in str(failed.value)
        assert len(model.requests) == 1
        assert orjson.loads(bytes(failed.value.inputs))["question"] == "Where is it?"

    @pytest.mark.parametrize(
        ("name", "named", "after"),
        [
            ("fake-429", "answered 429: Rate limit reached", 2.0),
            ("fake-500", "answered 500: The server had an error", None),
            ("fake-cut", "cannot be asked", None),
        ],
    )
    async def test_what_may_pass_is_tried_again_when_the_server_says(self, model, asking, name, named, after):
        scoring = judging(model, name)
        with pytest.raises(ScorerBusy) as busy:
            await asking(score, scoring, spec_of(scoring))
        assert named in str(busy.value)
        assert busy.value.retry_after == after

    async def test_a_server_that_hangs_is_left_when_the_time_is_over(self, model, asking):
        scoring = judging(model, "fake-hang", **bounded("300ms"))
        with pytest.raises(ScorerBusy, match=r"no answer within 0\.3 s"):
            await asking(score, scoring, spec_of(scoring))

    async def test_a_server_that_is_not_there_is_busy(self, model, asking):
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        model.url = f"http://127.0.0.1:{port}/v1"
        scoring = judging(model)
        with pytest.raises(ScorerBusy, match="the model server cannot be asked"):
            await asking(score, scoring, spec_of(scoring))

    async def test_tokens_of_a_bad_answer_are_told(self, model, asking):
        scoring = judging(model, "fake-no-json", response_format="json_object")
        with pytest.raises(ScorerFailed) as failed:
            await asking(score, scoring, spec_of(scoring))
        assert failed.value.usage["fake-no-json"]["input_tokens"] == 6

    async def test_one_that_was_busy_once_answers_the_next_time(self, model, asking):
        scoring = judging(model, "fake-429-once")
        with pytest.raises(ScorerBusy) as busy:
            await asking(score, scoring, spec_of(scoring))
        assert busy.value.retry_after == pytest.approx(0.1)
        assert bytes((await asking(score, scoring, spec_of(scoring))).output) == b"\"kind: it says 'please'\""

    async def test_a_server_that_dribbles_is_left_too(self, asking):
        async def dribble(_reader, writer):
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
            await writer.drain()
            await released.wait()
            writer.close()

        released = asyncio.Event()
        server = await asyncio.start_server(dribble, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        judge = {"type": "llm_judge", "model": "m", "prompt": "{output}", **bounded("300ms")}
        scoring = settings({"mine": judge})
        try:
            with pytest.raises(ScorerBusy, match=r"no answer within 0\.3 s"):
                await asking(
                    score, scoring, spec_of(scoring), environ={"OPENAI_BASE_URL": f"http://127.0.0.1:{port}"}
                )
        finally:
            released.set()
            server.close()
            await server.wait_closed()


class TestKeys:
    async def test_a_key_that_a_server_repeats_is_told_to_nobody(self, model, asking):
        scoring = judging(model)
        model.key = "another"
        with pytest.raises(ScorerFailed) as failed:
            await asking(score, scoring, spec_of(scoring))
        assert str(failed.value) == "the model server answered 401: Incorrect API key provided: ***"

    async def test_a_verdict_holds_no_key_either(self, answering, asking):
        body = orjson.dumps({"choices": [{"message": {"content": f"you sent {KEY}"}}]})
        url, _ = await answering(body=body, content_type="application/json")
        scoring = settings({"mine": {"type": "llm_judge", "model": "m", "prompt": "{output}"}})
        environ = {"OPENAI_BASE_URL": url, "OPENAI_API_KEY": KEY}
        verdict = await asking(score, scoring, spec_of(scoring), environ=environ)
        assert bytes(verdict.output) == b'"you sent ***"'

    async def test_each_provider_gets_its_own_key_and_no_other(self, model, answering, asking):
        url, requests = await answering(body=b'{"choices": [{"message": {"content": "fine"}}]}')
        scoring = settings(
            {"mine": {"type": "llm_judge", "model": "other/m", "prompt": "{output}"}},
            providers={"fake": {"base_url": model.url, "api_key": KEY}, "other": {"base_url": url}},
        )
        await asking(score, scoring, spec_of(scoring), environ={"OPENAI_API_KEY": KEY})
        ((path, headers, _),) = requests
        assert path == "/score/chat/completions"
        assert "Authorization" not in headers

    async def test_a_host_that_a_stored_object_names_is_not_asked_unless_it_is_allowed(self, model, asking):
        scoring = judging(model)
        host = {"base_url": model.url, "secret": "TOKEN"}
        stored = spec_of(scoring)
        stored.settings["host"] = host
        with pytest.raises(ScorerFailed, match=r"is not in scoring\.remote_hosts"):
            await asking(score, scoring, stored)
        assert model.requests == []

    async def test_an_allowed_one_gets_the_secret_that_is_for_it(self, model, asking):
        at = model.url.split("/")[2]
        secrets = {"TOKEN": {"value": KEY, "hosts": [at]}}
        judge = {"type": "llm_judge", "model": "mine", "prompt": "{output}"}
        scoring = settings({"mine": judge}, secrets=secrets, remote_hosts=[at])
        stored = spec_of(scoring)
        stored.settings["host"] = {"base_url": model.url, "secret": "TOKEN", "headers": {"X-Team": "a"}}
        await asking(score, scoring, stored)
        assert model.headers[0]["Authorization"] == f"Bearer {KEY}"
        assert model.headers[0]["X-Team"] == "a"


def test_a_task_that_is_carried_out_again_is_the_same_request():
    again = Task(project_id=TASK.project_id, call_id=TASK.call_id, scorer_ref=TASK.scorer_ref, job_id="j")
    assert again.run_id == TASK.run_id
