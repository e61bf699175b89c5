"""Remote scorers: what they are sent, by Weave's schema, and which answers count."""

from __future__ import annotations

from datetime import UTC, datetime

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_bridge.model.scoring import Task
from otel_bridge.scorer.base import ScorerFailed, Unusable
from otel_bridge.scorer.catalogue import registered, spec_of_object
from otel_bridge.scorer.remote import MAX_BODY_BYTES, headers_of, read, remote_of, request_of, settings_of
from otel_bridge.scorer.settings import ScoringSettings

REF = "weave:///me/proj/object/policy:d1"
NOW = datetime(2026, 6, 8, 12, 0, 2, tzinfo=UTC)
TASK = Task(
    project_id="me/proj", call_id="c1", scorer_ref=REF, trigger_ref="weave:///me/proj/object/watch:d2"
)
CALL = {
    "id": "c1",
    "project_id": "me/proj",
    "trace_id": "t1",
    "op_name": "reply",
    "inputs": {"message": "hi"},
    "output": {"reply": "ho"},
    "started_at": "2026-06-08T12:00:00Z",
    "ended_at": "2026-06-08T12:00:01Z",
    "summary": {"usage": {}},
    "attributes": {"secret": "not sent"},
}
PUBLISHED = {
    "_type": "RemoteScorer",
    "name": "policy",
    "column_map": None,
    "endpoint_url": "https://scoring.example.com/score",
    "config": {
        "threshold": 0.5,
        "of": {"_type": "Thing", "_ref": "weave:///me/proj/object/thing:d3", "x": 1},
    },
    "auth_config": {
        "_type": "StaticBearerAuthConfig",
        "mode": "static_bearer",
        "bearer_secret_name": "POLICY_TOKEN",
        "_class_name": "StaticBearerAuthConfig",
        "_bases": ["BaseModel"],
    },
    "_class_name": "RemoteScorer",
    "_bases": ["Scorer", "Object", "BaseModel"],
}


@pytest.fixture(scope="module")
def spec():
    return spec_of_object(REF, PUBLISHED, registered(ScoringSettings()))


def test_an_object_of_weave_is_a_remote_scorer_and_names_its_secret(spec):
    remote = remote_of(spec.settings)
    assert spec.kind == "remote"
    assert (remote.endpoint, remote.secret) == ("https://scoring.example.com/score", "POLICY_TOKEN")
    assert remote.config == {"threshold": 0.5, "of": "weave:///me/proj/object/thing:d3"}


def test_client_credentials_are_read():
    auth = {
        "mode": "oauth_client_credentials",
        "token_endpoint_url": "https://id.example.com/token",
        "client_id": "me",
        "client_secret_name": "S",
        "scope": None,
    }
    oauth = remote_of(settings_of({**PUBLISHED, "auth_config": auth})).oauth
    assert oauth is not None
    assert (oauth.token_url, oauth.client_id, oauth.secret) == ("https://id.example.com/token", "me", "S")


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"endpoint_url": None}, "endpoint"),
        ({"endpoint_url": 7}, "endpoint"),
        ({"config": [1]}, "config"),
        ({"auth_config": {"mode": "magic"}}, "a mode that is not known: magic"),
        ({"auth_config": "x"}, "a mode that is not known"),
        ({"auth_config": {"mode": "oauth_client_credentials"}}, "token_url"),
    ],
)
def test_an_object_that_makes_no_sense_says_why(change, named):
    with pytest.raises(Unusable) as unusable:
        settings_of({**PUBLISHED, **change})
    assert named in str(unusable.value)


def test_a_request_has_the_documented_members_and_nothing_else_of_the_call(spec):
    assert orjson.loads(request_of(spec, remote_of(spec.settings), CALL, TASK, NOW)) == {
        "schema_version": 1,
        "original_call": {
            "project_id": "me/proj",
            "call_id": "c1",
            "trace_id": "t1",
            "op_name": "reply",
            "inputs": {"message": "hi"},
            "output": {"reply": "ho"},
            "started_at": "2026-06-08T12:00:00Z",
            "ended_at": "2026-06-08T12:00:01Z",
        },
        "scoring_call_id": TASK.run_id,
        "scoring_trace_id": TASK.trace_id,
        "monitor": {"name": "watch", "version_digest": "d2"},
        "scorer": {
            "name": "policy",
            "ref": REF,
            "config": {"threshold": 0.5, "of": "weave:///me/proj/object/thing:d3"},
        },
        "triggered_at": "2026-06-08T12:00:02+00:00",
    }


def test_a_request_without_a_monitor_says_so(spec):
    task = Task(project_id="me/proj", call_id="c1", scorer_ref=REF)
    assert orjson.loads(request_of(spec, remote_of(spec.settings), CALL, task, NOW))["monitor"] is None


def test_a_call_that_is_too_large_is_not_sent(spec):
    with pytest.raises(ScorerFailed, match=f"a remote scorer takes {MAX_BODY_BYTES}"):
        request_of(spec, remote_of(spec.settings), {**CALL, "output": "x" * MAX_BODY_BYTES}, TASK, NOW)


def test_the_headers_are_the_same_however_often_a_task_is_carried_out():
    again = Task(project_id="me/proj", call_id="c1", scorer_ref=REF, job_id="another")
    wanted = Task(project_id="me/proj", call_id="c1", scorer_ref=REF, generation=1)
    assert headers_of(TASK) == headers_of(again)
    assert headers_of(TASK)["Idempotency-Key"] != headers_of(wanted)["Idempotency-Key"]
    assert headers_of(TASK)["X-Weave-Schema-Version"] == "1"


@pytest.mark.parametrize(
    "result",
    [
        {"value": 1.0, "reason": "short", "confidence": 0.9},
        {"value": "concise"},
        {"value": 0},
        {"value": 1, "reason": None, "confidence": None, "more": {"x": 1}},
        [{"value": "short"}, {"value": 0.32}],
        {"scores": [{"value": "short"}]},
    ],
)
def test_a_result_is_one_score_a_list_or_an_object_with_scores(result):
    assert orjson.loads(bytes(read(orjson.dumps({"schema_version": 1, "result": result, "x": 1})))) == result


def wrong(result):
    return orjson.dumps({"schema_version": 1, "result": result})


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (b"ok", "did not answer with JSON: 'ok'"),
        (b"[]", "did not answer with an object"),
        (b'{"result": {"value": 1}}', "schema_version of the answer must be 1"),
        (b'{"schema_version": 2, "result": {"value": 1}}', "schema_version of the answer must be 1"),
        (b'{"schema_version": true, "result": {"value": 1}}', "schema_version of the answer must be 1"),
        (b'{"schema_version": 1}', "has no result"),
        (wrong(None), "result of the answer must be an object with a value"),
        (wrong({}), "result.value must be a tag or a number from 0 to 1"),
        (wrong({"value": True}), "result.value must be"),
        (wrong({"value": 1.5}), "result.value must be"),
        (wrong({"value": ""}), "result.value is a tag of 1 to 36 characters, not 0"),
        (wrong({"value": "x" * 37}), "not 37"),
        (wrong({"value": 1, "reason": 7}), "result.reason must be a text"),
        (wrong({"value": 1, "confidence": 2}), "result.confidence must be a number from 0 to 1"),
        (wrong([]), "result of the answer must be a list with at least one score"),
        (wrong([{"value": 1}, 7]), "result[1] of the answer must be an object"),
        (wrong({"scores": {}}), "result.scores of the answer must be a list"),
        (wrong({"scores": [{"value": -1}]}), "result.scores[0].value must be"),
    ],
)
def test_an_answer_that_does_not_fit_the_schema_names_what_is_wrong(body, named):
    with pytest.raises(ScorerFailed) as failed:
        read(body)
    assert named in str(failed.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.floats(allow_nan=False) | st.text(max_size=40),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["schema_version", "result", "value", "scores", "reason"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@given(JSON.map(orjson.dumps) | st.binary(max_size=40))
def test_any_answer_is_read_or_refused_in_words(body):
    try:
        told = bytes(read(body))
    except ScorerFailed as error:
        told = orjson.dumps(str(error))
    assert orjson.loads(told)
