import pytest

from otel_bridge.model.call import DeletedCalls
from otel_bridge.pipeline.flow import Flow
from otel_bridge.pipeline.plan import Component, Pipeline, Plan
from tests.fixtures.processing import a_call, a_request, a_span, attributes_of, spans_of

PROD = 'attributes["deployment.environment.name"] == "prod"'
RESEARCH = 'attributes["service.namespace"] == "research"'


def a_flow(*pipelines, processors=None, connectors=None) -> Flow:
    return Flow(
        Plan(
            tuple(Pipeline(*map(_tuple, each)) for each in pipelines),
            {name: Component(*one) for name, one in (processors or {}).items()},
            {name: Component(*one) for name, one in (connectors or {}).items()},
        )
    )


def _tuple(part):
    return tuple(part) if isinstance(part, list) else part


def out(flow, request, receiver="otlp"):
    """Return what each exporter gets, as the names of the spans, and what was dropped."""
    parts = flow.spans(receiver, request, lambda _each: "acme/prod")
    got: dict[str, list[str]] = {}
    for content, exporters in parts:
        for exporter in exporters:
            got.setdefault(exporter, []).extend(span.name for span in spans_of(content))
    return got, dict(parts.dropped)


def an_edit(key, value):
    return ("attributes", {"actions": [{"action": "upsert", "key": key, "value": value}]})


def test_without_processors_every_exporter_gets_the_very_request():
    request = a_request(a_span("a"))
    flow = a_flow(("traces", ["otlp"], [], ["store", "weave"]), ("traces/2", ["otlp"], [], ["weave/audit"]))
    ((content, exporters),) = flow.spans("otlp", request, lambda _each: None)
    assert content is request
    assert exporters == {"store", "weave", "weave/audit"}


def test_pipelines_that_change_spans_do_not_see_each_others_changes():
    flow = a_flow(
        ("traces/a", ["otlp"], ["a"], ["store"]),
        ("traces/b", ["otlp"], ["b"], ["weave"]),
        ("traces/c", ["otlp"], [], ["debug"]),
        processors={"a": an_edit("team", "a"), "b": an_edit("team", "b")},
    )
    parts = list(flow.spans("otlp", a_request(a_span()), lambda _each: None))
    found = {next(iter(exporters)): attributes_of(spans_of(content)[0]) for content, exporters in parts}
    assert found == {"store": {"team": "a"}, "weave": {"team": "b"}, "debug": {}}


def test_processors_work_in_their_order():
    flow = a_flow(
        ("traces", ["otlp"], ["first", "second"], ["store"]),
        processors={"second": an_edit("team", "b"), "first": an_edit("team", "a")},
    )
    ((content, _),) = flow.spans("otlp", a_request(a_span()), lambda _each: None)
    assert attributes_of(spans_of(content)[0]) == {"team": "b"}


def test_a_receiver_feeds_only_the_pipelines_that_name_it():
    flow = a_flow(("traces", ["otlp"], [], ["store"]), ("traces/api", ["weave_api"], [], ["weave"]))
    assert out(flow, a_request(a_span("a"))) == ({"store": ["a"]}, {})
    assert out(flow, a_request(a_span("a")), "weave_api") == ({"weave": ["a"]}, {})


def test_what_a_filter_drops_reaches_no_exporter_and_is_counted():
    flow = a_flow(
        ("traces", ["otlp"], ["filter/a"], ["store"]),
        processors={"filter/a": ("filter", {"traces": {"span": ['name == "a"']}})},
    )
    assert out(flow, a_request(a_span("a"), a_span("b"))) == ({"store": ["b"]}, {("filter/a", "filtered"): 1})
    assert out(flow, a_request(a_span("a"))) == ({}, {("filter/a", "filtered"): 1})


def the_fan_out() -> Flow:
    """Part 4.4 of `contract/pipeline-config.md`."""
    table = [
        {"context": "resource", "condition": PROD, "pipelines": ["traces/team_a", "traces/audit"]},
        {"context": "resource", "condition": RESEARCH, "pipelines": ["traces/research"]},
    ]
    return a_flow(
        ("traces/in", ["otlp"], [], ["routing"]),
        ("traces/team_a", ["routing"], [], ["weave/a"]),
        ("traces/audit", ["routing"], ["redaction/strict"], ["weave/audit"]),
        ("traces/research", ["routing"], [], ["weave/research"]),
        processors={"redaction/strict": ("redaction", {"allowed_keys": ["gen_ai.request.model"]})},
        connectors={"routing": ("routing", {"default_pipelines": ["traces/team_a"], "table": table})},
    )


def test_one_request_fans_out_by_the_resources_of_its_spans():
    request = a_request(a_span("prod", {"secret": 1}), resource={"deployment.environment.name": "prod"})
    for name, resource in [("research", {"service.namespace": "research"}), ("other", {})]:
        request.resource_spans.extend(a_request(a_span(name), resource=resource).resource_spans)
    parts = list(the_fan_out().spans("otlp", request, lambda _each: None))
    got: dict[str, list] = {}
    for content, exporters in parts:
        for exporter in exporters:
            got.setdefault(exporter, []).extend(
                (span.name, attributes_of(span)) for span in spans_of(content)
            )
    assert got == {
        "weave/a": [("prod", {"secret": 1}), ("other", {})],
        "weave/audit": [("prod", {})],
        "weave/research": [("research", {})],
    }


def test_a_forward_connector_leads_everything_on():
    flow = a_flow(
        ("traces/in", ["otlp"], ["a"], ["forward"]),
        ("traces/one", ["forward"], [], ["store"]),
        ("traces/two", ["forward"], ["b"], ["weave"]),
        processors={"a": an_edit("x", 1), "b": an_edit("y", 2)},
        connectors={"forward": ("forward", {})},
    )
    parts = list(flow.spans("otlp", a_request(a_span()), lambda _each: None))
    found = {next(iter(exporters)): attributes_of(spans_of(content)[0]) for content, exporters in parts}
    assert found == {"store": {"x": 1}, "weave": {"x": 1, "y": 2}}


def test_what_a_receiver_feeds_goes_through_connectors():
    flow = a_flow(
        ("traces/in", ["otlp"], [], ["store", "forward"]),
        ("traces/out", ["forward", "weave_api"], [], ["weave/a", "weave/b"]),
        connectors={"forward": ("forward", {})},
    )
    assert out(flow, a_request(a_span("a"))) == ({"store": ["a"], "weave/a": ["a"], "weave/b": ["a"]}, {})
    of_api = out(flow, a_request(a_span("a")), receiver="weave_api")
    assert of_api == ({"weave/a": ["a"], "weave/b": ["a"]}, {})


def test_what_no_row_takes_is_counted_where_there_is_no_default():
    flow = a_flow(
        ("traces/in", ["otlp"], [], ["routing"]),
        ("traces/chat", ["routing"], [], ["store"]),
        connectors={
            "routing": (
                "routing",
                {"table": [{"context": "span", "condition": 'name == "chat"', "pipelines": ["traces/chat"]}]},
            )
        },
    )
    request = a_request(a_span("chat"), a_span("x"), a_span("y"))
    assert out(flow, request) == ({"store": ["chat"]}, {("routing", "filtered"): 2})


def test_what_is_exported_before_a_connector_stays_as_it_was():
    flow = a_flow(
        ("traces/in", ["otlp"], [], ["store", "forward"]),
        ("traces/out", ["forward"], ["a"], ["weave"]),
        processors={"a": an_edit("x", 1)},
        connectors={"forward": ("forward", {})},
    )
    parts = list(flow.spans("otlp", a_request(a_span()), lambda _each: None))
    found = {next(iter(exporters)): attributes_of(spans_of(content)[0]) for content, exporters in parts}
    assert found == {"store": {}, "weave": {"x": 1}}


def test_calls_of_the_api_pass_pipelines_too():
    flow = a_flow(
        ("traces", ["weave_api"], ["filter"], ["store"]),
        ("traces/raw", ["weave_api"], [], ["weave"]),
        processors={"filter": ("filter", {"traces": {"span": ['name == "noise"']}})},
    )
    noise, chat = a_call(op_name="noise"), a_call(op_name="chat")
    gone = DeletedCalls(project_id="a/b", ids=("0" * 16,))
    parts = flow.changes("weave_api", [noise, chat, gone])
    assert {next(iter(exporters)): list(changes) for changes, exporters in parts} == {
        "store": [chat, gone],
        "weave": [noise, chat, gone],
    }
    assert dict(parts.dropped) == {("filter", "filtered"): 1}


@pytest.mark.parametrize(
    ("processor", "message"),
    [
        (("filter", {"traces": {"span": ["nane == nil"]}}), "did you mean name"),
        (("redaction", {"blocked_values": ["("]}), "no RE2 regular expression"),
        (("probabilistic_sampler", {"sampling_percentage": 101}), "less than or equal to 100"),
        (("attributes", {"action": []}), "Extra inputs are not permitted"),
    ],
)
def test_settings_that_make_no_sense_are_told(processor, message):
    with pytest.raises(ValueError, match=message):
        a_flow(("traces", ["otlp"], ["one"], ["store"]), processors={"one": processor})


def test_a_plan_that_changes_nothing_says_so():
    one = Pipeline("traces", ("otlp", "weave_api"), (), ("store",))
    assert Plan((one,)).changes_nothing
    assert not Plan(
        (Pipeline("traces", ("otlp",), ("a",), ("store",)),), {"a": Component("filter")}
    ).changes_nothing
    assert not Plan((one, Pipeline("traces/b", ("otlp",), (), ("weave",)))).changes_nothing


def test_each_processor_counts_what_it_saw_and_what_it_left():
    flow = a_flow(
        ("traces", ["otlp"], ["filter", "a"], ["store"]),
        processors={
            "filter": ("filter", {"traces": {"span": ['name == "b"']}}),
            "a": an_edit("team", "a"),
        },
    )
    parts = flow.spans("otlp", a_request(a_span("a"), a_span("b"), a_span("c")), lambda _each: None)
    assert dict(parts.passed) == {
        ("filter", "incoming"): 3,
        ("filter", "outgoing"): 2,
        ("a", "incoming"): 2,
        ("a", "outgoing"): 2,
    }
