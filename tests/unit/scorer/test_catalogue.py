"""Which scorers there are, and why some cannot be used."""

from __future__ import annotations

import orjson
import pytest

from otel_bridge.scorer.base import Unusable
from otel_bridge.scorer.catalogue import object_form, registered, spec_of_object
from otel_bridge.scorer.settings import ScoringSettings

REF = "weave:///ada/demo/object/{}:d1"
SAID = {
    "limits": {"timeout": "7s", "attempts": 2},
    "scorers": {
        "polite": {"type": "contains", "texts": "please", "description": "asks nicely"},
        "shape": {"type": "json_schema", "schema": {"type": "object"}, "limits": {"concurrency": 9}},
        "mine": {
            "type": "python",
            "callable": "my.scorers:Mine",
            "arguments": {"level": 2},
            "column_map": {"question": "q"},
            "stands_in_for": ["ValidJSONScorer", "old_op"],
        },
    },
}


@pytest.fixture(scope="module")
def known():
    return registered(ScoringSettings.model_validate(SAID))


def test_kinds_that_need_no_settings_are_registered_under_their_own_names(known):
    built_in = {name for name in known if known[name].origin == "builtin"}
    assert built_in == {"valid_json", "length", "latency", "cost", "tokens", "pii"}


def test_a_scorer_takes_the_limits_it_names_and_the_general_ones_for_the_rest(known):
    assert known["shape"].bounds.concurrency == 9
    assert (known["shape"].bounds.timeout_seconds, known["shape"].bounds.attempts) == (7.0, 2)
    assert known["latency"].bounds.timeout_seconds == 7.0


def test_the_configuration_may_say_what_a_built_in_name_means():
    said = {"scorers": {"length": {"type": "length", "max": 10}}}
    assert registered(ScoringSettings.model_validate(said))["length"].settings == {"max": 10.0}


@pytest.mark.parametrize("name", ["polite", "shape", "mine", "valid_json"])
def test_the_published_form_of_a_registered_scorer_gives_the_same_scorer_again(known, name):
    published = orjson.loads(orjson.dumps(object_form(known[name])))
    spec = spec_of_object(REF.format(name), published, known)
    assert spec.ref == REF.format(name)
    assert (spec.kind, spec.settings, spec.origin, spec.bounds) == (
        known[name].kind, known[name].settings, known[name].origin, known[name].bounds,
    )  # fmt: skip


def test_words_about_a_scorer_make_it_no_other_one(known):
    published = object_form(known["mine"]) | {"description": "as it was described before"}
    assert spec_of_object(REF.format("mine"), published, known).origin == "config"


def test_whoever_publishes_may_describe_a_deterministic_scorer(known):
    val = {"_class_name": "OtelBridgeScorer", "kind": "regex", "settings": {"pattern": "^ok"}}
    spec = spec_of_object(REF.format("ok"), val, known)
    assert (spec.name, spec.kind, spec.settings) == ("ok", "regex", {"pattern": "^ok"})
    assert (spec.origin, spec.bounds) == ("object", known.defaults)


def test_a_registered_callable_stands_in_for_a_stored_scorer_by_class_by_id_and_for_an_op(known):
    val = {"_class_name": "ValidJSONScorer", "_bases": ["Scorer"], "column_map": {"a": "b"}}
    by_class = spec_of_object(REF.format("json-check"), val, known)
    assert (by_class.name, by_class.kind, by_class.settings) == (
        "json-check",
        "python",
        known["mine"].settings,
    )
    assert by_class.column_map == {"question": "q"}
    by_op = spec_of_object("weave:///ada/demo/op/old_op:d2", "ignored", known)
    assert (by_op.name, by_op.ref) == ("old_op", "weave:///ada/demo/op/old_op:d2")


@pytest.mark.parametrize(
    ("ref", "val", "why"),
    [
        pytest.param("weave:///ada/demo/call/1", {}, "no ref of a scorer", id="a-call"),
        pytest.param("polite", {}, "no ref of a scorer", id="a-name"),
        pytest.param(
            "weave:///ada/demo/op/judge:d", {}, "stands_in_for: [judge]", id="an-op-without-stand-in"
        ),
        pytest.param(
            REF.format("coded"),
            {"_class_name": "Coded", "_bases": ["Scorer", "Object", "BaseModel"]},
            "stands_in_for: [coded]",
            id="a-class-with-code",
        ),
        pytest.param(
            REF.format("data"),
            {"_class_name": "Dataset", "_bases": ["Object"]},
            "class Dataset",
            id="no-scorer",
        ),
        pytest.param(REF.format("list"), [1], "class list", id="no-object"),
        pytest.param(
            REF.format("mine"),
            {"_class_name": "OtelBridgeScorer", "kind": "python", "settings": {"callable": "os:abort"}},
            "has other settings here now",
            id="a-callable-that-is-another-here",
        ),
        pytest.param(
            REF.format("evil"),
            {"_class_name": "OtelBridgeScorer", "kind": "python", "settings": {"callable": "os:abort"}},
            "is not registered here",
            id="a-callable-that-nobody-registered",
        ),
        pytest.param(
            REF.format("bad"),
            {"_class_name": "OtelBridgeScorer", "kind": "contains", "settings": {"text": "x"}},
            "texts: a value is needed; text: there is no such key",
            id="wrong-keys",
        ),
        pytest.param(
            REF.format("bad"),
            {"_class_name": "OtelBridgeScorer", "kind": "telepathy", "settings": {}},
            "telepathy",
            id="an-unknown-kind",
        ),
        pytest.param(
            REF.format("bad"),
            {"_class_name": "OtelBridgeScorer", "kind": "length", "settings": {"limits": {"timeout": "1d"}}},
            "settings is no object with the keys of its kind",
            id="limits-in-an-object",
        ),
    ],
)
def test_what_cannot_be_used_says_why(known, ref, val, why):
    with pytest.raises(Unusable) as caught:
        spec_of_object(ref, val, known)
    assert why in str(caught.value)
