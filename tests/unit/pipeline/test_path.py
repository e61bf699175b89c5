"""The way of a span is told as the flow leads it, step by step."""

from __future__ import annotations

import pytest

from otel_bridge.pipeline.flow import Flow
from otel_bridge.pipeline.path import path
from otel_bridge.pipeline.plan import Component, Pipeline, Plan
from tests.fixtures.processing import a_request, a_span

DROP = ("filter", {"traces": {"span": ['name == "a"']}})
NOTHING = ("probabilistic_sampler", {"sampling_percentage": 0})
PROD = 'attributes["deployment.environment.name"] == "prod"'


def an_edit(key, value):
    return ("attributes", {"actions": [{"action": "upsert", "key": key, "value": value}]})


def a_plan(*pipelines, processors=None, connectors=None) -> Plan:
    return Plan(
        tuple(Pipeline(name, *map(tuple, lists)) for name, *lists in pipelines),
        {name: Component(*one) for name, one in (processors or {}).items()},
        {name: Component(*one) for name, one in (connectors or {}).items()},
    )


def steps(plan, request=None, receiver="otlp"):
    found = path(plan, receiver, request or a_request(a_span("a")), lambda _each: "acme/prod")
    return [(one.pipeline, one.component, one.fate) for one in found]


def test_each_processor_is_told_by_what_it_does():
    plan = a_plan(
        ("traces", ["otlp"], ["edit", "same"], ["store"]),
        processors={"edit": an_edit("team", "x"), "same": an_edit("team", "x")},
    )
    assert steps(plan) == [
        ("traces", "edit", "changed"),
        ("traces", "same", "passed"),
        ("traces", "store", "given"),
    ]


def test_a_change_names_keys_and_no_values():
    plan = a_plan(("traces", ["otlp"], ["edit"], ["store"]), processors={"edit": an_edit("team", "secret")})
    (edit, _) = path(plan, "otlp", a_request(a_span("a")), lambda _each: None)
    assert edit.detail == "adds team"


@pytest.mark.parametrize(
    ("one", "fate"), [(DROP, "filtered"), (NOTHING, "sampled_out")], ids=["filter", "sampler"]
)
def test_the_way_ends_where_the_span_is_taken_out(one, fate):
    plan = a_plan(
        ("traces", ["otlp"], ["first", "later"], ["store"]),
        processors={"first": one, "later": an_edit("team", "x")},
    )
    assert steps(plan) == [("traces", "first", fate)]


def test_routing_leads_on_or_takes_out():
    plan = a_plan(
        ("traces/in", ["otlp"], [], ["routing"]),
        ("traces/prod", ["routing"], [], ["weave"]),
        connectors={
            "routing": (
                "routing",
                {"table": [{"context": "resource", "condition": PROD, "pipelines": ["traces/prod"]}]},
            )
        },
    )
    assert steps(plan) == [("traces/in", "routing", "filtered")]
    request = a_request(a_span("a"))
    request.resource_spans[0].resource.attributes.add(
        key="deployment.environment.name"
    ).value.string_value = "prod"
    assert steps(plan, request) == [("traces/in", "routing", "routed"), ("traces/prod", "weave", "given")]


def test_pipelines_do_not_see_each_others_changes():
    plan = a_plan(
        ("traces/a", ["otlp"], ["edit"], ["store"]),
        ("traces/b", ["otlp"], ["edit"], ["weave"]),
        processors={"edit": an_edit("team", "x")},
    )
    assert [fate for _, _, fate in steps(plan)] == ["changed", "given", "changed", "given"]


def test_another_receiver_has_another_way():
    plan = a_plan(("traces", ["otlp"], [], ["store"]))
    assert steps(plan, receiver="weave_api") == []


@pytest.mark.parametrize("name", ["a", "b"])
def test_it_gives_to_the_exporters_that_the_flow_gives_to(name):
    plan = a_plan(
        ("traces/a", ["otlp"], ["drop"], ["store", "forward"]),
        ("traces/b", ["forward"], [], ["weave"]),
        ("traces/c", ["otlp"], [], ["weave/c"]),
        processors={"drop": DROP},
        connectors={"forward": ("forward", {})},
    )
    flowing = Flow(plan).spans("otlp", a_request(a_span(name)), lambda _each: None)
    given = {component for _, component, fate in steps(plan, a_request(a_span(name))) if fate == "given"}
    assert given == {exporter for _, exporters in flowing for exporter in exporters}
