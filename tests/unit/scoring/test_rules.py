"""Which calls a monitor scores."""

from __future__ import annotations

import pytest

from otel_bridge.scorer.settings import MonitorSettings
from otel_bridge.scoring.rules import BadMonitor, Rule, configured_rule, object_of, op_names, stored_rule

PROJECT = "acme/app"
REF = f"weave:///{PROJECT}/object/watch:d1"
SCORER = f"weave:///{PROJECT}/object/json:d2"


def published(**members):
    """What the SDK publishes for a monitor, in short."""
    classes = {"_type": "Monitor", "_class_name": "Monitor", "_bases": ["Object", "BaseModel"]}
    said = {"name": "watch", "sampling_rate": 1, "scorers": [SCORER], "op_names": [], "query": None}
    return classes | said | {"active": True} | members


def test_an_active_monitor_is_a_rule_and_one_that_is_not_active_is_none():
    rule = stored_rule("watch", REF, published())
    assert rule == Rule(name="watch", ref=REF, op_names=(), query=None, sampling_rate=1.0, scorers=(SCORER,))
    assert stored_rule("watch", REF, published(active=False)) is None
    assert stored_rule("watch", REF, "no object") is None


def test_the_classes_in_a_published_query_are_no_part_of_it():
    query = {
        "_type": "Query",
        "$expr": {"_type": "EqOperation", "$eq": [{"_type": "GetFieldOperator", "$getField": "op_name"}]},
    }
    rule = stored_rule("watch", REF, published(query=query))
    assert rule is not None
    assert rule.query == {"$expr": {"$eq": [{"$getField": "op_name"}]}}


def test_op_names_mean_spans_and_versions_of_the_sdks_ops():
    assert op_names(["answer"], PROJECT) == ("answer", f"weave:///{PROJECT}/op/answer:*")
    assert op_names([f"weave:///{PROJECT}/op/answer:*"], PROJECT) == (
        f"weave:///{PROJECT}/op/answer:*",
        "answer",
    )
    one_version = f"weave:///{PROJECT}/op/answer:abc"
    assert op_names([one_version], PROJECT) == (one_version,)


@pytest.mark.parametrize(
    ("members", "told"),
    [
        ({"sampling_rate": 2}, "sampling_rate"),
        ({"sampling_rate": True}, "sampling_rate"),
        ({"query": "x"}, "query"),
        ({"op_names": [1]}, "op_names"),
        ({"scorers": "x"}, "scorers"),
        ({"scorer_debounce_config": {"aggregation_field": "thread_id", "timeout_seconds": 9}}, "debounce"),
    ],
)
def test_a_monitor_that_makes_no_sense_says_what_is_wrong(members, told):
    with pytest.raises(BadMonitor, match=told):
        stored_rule("watch", REF, published(**members))


def test_a_monitor_that_wants_no_traces_of_its_runs_is_a_rule_as_any_other():
    assert stored_rule("watch", REF, published(is_traced=False)) == stored_rule("watch", REF, published())


def sampled(rate: float) -> set[str]:
    rule = stored_rule("watch", REF, published(sampling_rate=rate))
    assert rule is not None
    return {call for call in map(str, range(2000)) if rule.samples(call)}


def test_a_sample_is_as_large_as_its_rate_and_always_the_same_calls():
    assert sampled(0) == set()
    assert len(sampled(1)) == 2000
    assert 400 < len(sampled(0.25)) < 600
    assert sampled(0.25) == sampled(0.25)
    assert sampled(0.25) < sampled(0.5)


def test_a_monitor_of_the_configuration_is_published_so_that_results_can_name_it():
    settings = MonitorSettings(op_names=("answer",), sampling_rate=0.5, scorers=("valid_json",))
    rule = configured_rule("watch", REF, settings, PROJECT, (SCORER,))
    assert (rule.ref, rule.sampling_rate, rule.scorers) == (REF, 0.5, (SCORER,))
    val = object_of("watch", settings, (SCORER,))
    assert val["_class_name"] == "OtelBridgeMonitor"
    assert (val["op_names"], val["scorers"]) == (["answer"], [SCORER])
    assert stored_rule("watch", REF, val) is None, "it is applied once, not as a stored one too"
