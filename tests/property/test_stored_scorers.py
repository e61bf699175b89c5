"""Whatever somebody publishes as a scorer can be asked for: it is one, or it is said why it is none."""

from __future__ import annotations

from pathlib import Path

import orjson
from hypothesis import given
from hypothesis import strategies as st

from otel_bridge.model.scoring import Task
from otel_bridge.scorer.base import ScorerFailed, Unusable
from otel_bridge.scorer.catalogue import CLASS, registered, spec_of_object
from otel_bridge.scorer.judge.asking import body_of, messages_of
from otel_bridge.scorer.judge.judge import judge_of
from otel_bridge.scorer.judge.values import recorded, values_of
from otel_bridge.scorer.places import Places
from otel_bridge.scorer.remote import headers_of
from otel_bridge.scorer.settings import ScoringSettings

REF = "weave:///me/proj/object/any:d1"
JUDGES = Path(__file__).parents[1] / "fixtures" / "weave" / "judges.json"
REMOTE = {
    "_type": "RemoteScorer",
    "_class_name": "RemoteScorer",
    "_bases": ["Scorer", "Object", "BaseModel"],
    "name": "remote",
    "endpoint_url": "https://scoring.example.com/score",
    "config": {"threshold": 0.5},
    "auth_config": {"mode": "static_bearer", "bearer_secret_name": "TOKEN"},
}
OURS = {
    "_type": CLASS,
    "_class_name": CLASS,
    "name": "ours",
    "kind": "llm_judge",
    "column_map": {"ask": "question"},
    "settings": {"model": "gpt-4o", "prompt": "{ask} {output}", "params": {"seed": 1}},
}
PUBLISHED = [*orjson.loads(JUDGES.read_bytes()).values(), REMOTE, OURS]
SETTINGS = ScoringSettings.model_validate({
    "remote_hosts": ["scoring.example.com", "llm.example.com"],
    "secrets": {
        "TOKEN": {"value": "token-1", "hosts": "scoring.example.com"},
        "MINE_KEY": {"value": "token-2", "hosts": "llm.example.com"},
    },
})  # fmt: skip
KNOWN = registered(SETTINGS)
PLACES = Places(SETTINGS, {"OPENAI_API_KEY": "token-3"})
TASK = Task(project_id="me/proj", call_id="c1", scorer_ref=REF)

TEXTS = st.text(max_size=8) | st.sampled_from([
    "{output}", "{a", "{inputs[0]}", "weave:///me/proj/object/x:y", "https://[", "http://h:x", "json_schema",
    "text", "MessagesPrompt", "StringPrompt", "oauth_client_credentials", "remote", "llm_judge", "regex",
    "Host: x", "\r\n",
])  # fmt: skip
NAMES = st.sampled_from(["_type", "_ref", "role", "content", "type", "url"]) | TEXTS
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(1 << 63), 1 << 63) | st.floats(allow_nan=False) | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["_type", "_ref", "role", "content", "type", "url"]) | TEXTS, inner, max_size=3
        )
    ),
    max_leaves=8,
)


def places_in(value, path=()):
    """Every place of a tree."""
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, one in inner:
        yield from places_in(one, (*path, name))


def changed(value, path, new):
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = changed(value[path[0]], path[1:], new)
    return copy


@st.composite
def objects(draw):
    """Published objects, with a few places that hold something else."""
    val = draw(st.sampled_from(PUBLISHED))
    for _ in range(draw(st.integers(0, 3))):
        val = changed(val, draw(st.sampled_from(list(places_in(val)))), draw(JSON))
    return val


@given(objects(), st.dictionaries(TEXTS, JSON, max_size=3) | JSON, JSON)
def test_any_object_is_a_scorer_that_can_be_asked_or_it_is_said_why_not(val, inputs, output):
    call = {"id": "c1", "project_id": "me/proj", "inputs": inputs, "output": output}
    try:
        spec = spec_of_object(REF, val, KNOWN)
        PLACES.check(spec)
        if spec.kind == "llm_judge":
            judge = judge_of(spec.settings)
            values = values_of(call, spec.column_map)
            orjson.loads(bytes(recorded(call, values, judge.placeholders)))
            said = body_of(judge, PLACES.of_judge(judge).model, messages_of(judge, values))
            orjson.loads(said)
        else:
            said = repr(headers_of(TASK))
    except (Unusable, ScorerFailed) as error:
        said = str(error)
    assert said
