import pytest
from pydantic import ValidationError

from otel_bridge.condition.condition import BadCondition
from otel_bridge.connector.routing import Routing
from otel_bridge.connector.settings import RoutingSettings
from otel_bridge.model.call import DeletedCalls
from tests.fixtures.processing import a_call, a_request, a_span, attributes_of, spans_of

PROD = 'attributes["deployment.environment.name"] == "prod"'
CHAT = 'name == "chat"'


def a_router(*rows, default=("traces/rest",)) -> Routing:
    keys = ("context", "condition", "pipelines")
    table = [dict(zip(keys, row, strict=True)) for row in rows]
    return Routing("routing", RoutingSettings(table=table, default_pipelines=default))


def routed(router, request, project="acme/prod"):
    """Return the names of the spans in each part."""
    parts = router.spans(request, lambda _resource_spans: project)
    return {pipelines: [span.name for span in spans_of(part)] for pipelines, part in parts}


def two_resources():
    request = a_request(a_span("a"), a_span("chat"), resource={"deployment.environment.name": "prod"})
    request.resource_spans.extend(a_request(a_span("chat"), a_span("b")).resource_spans)
    return request


def test_a_resource_goes_with_all_its_spans_into_every_pipeline_of_its_row():
    router = a_router(("resource", PROD, ["traces/a", "traces/audit"]))
    assert routed(router, two_resources()) == {
        ("traces/a", "traces/audit"): ["a", "chat"],
        ("traces/rest",): ["chat", "b"],
    }


def test_single_spans_are_shared_with_their_resources():
    parts = dict(a_router(("span", CHAT, ["traces/chat"])).spans(two_resources(), lambda _each: None))
    chat = parts["traces/chat",]
    assert [span.name for span in spans_of(chat)] == ["chat", "chat"]
    assert [span.name for span in spans_of(parts["traces/rest",])] == ["a", "b"]
    assert attributes_of(chat.resource_spans[0].resource) == {"deployment.environment.name": "prod"}
    assert chat.resource_spans[0].scope_spans[0].scope.name == "a.library"


def test_the_first_row_that_is_met_decides():
    router = a_router(("span", CHAT, ["traces/chat"]), ("resource", PROD, ["traces/prod"]))
    assert routed(router, two_resources()) == {
        ("traces/prod",): ["a"],
        ("traces/chat",): ["chat", "chat"],
        ("traces/rest",): ["b"],
    }


def test_rows_that_lead_the_same_way_share_a_part():
    router = a_router(("span", CHAT, ["traces/x"]), ("span", 'name == "b"', ["traces/x"]))
    assert routed(router, two_resources()) == {("traces/rest",): ["a"], ("traces/x",): ["chat", "chat", "b"]}


def test_what_goes_one_way_is_not_copied():
    request = two_resources()
    ((pipelines, part),) = a_router(("span", "true", ["traces/all"])).spans(request, lambda _each: None)
    assert pipelines == ("traces/all",)
    assert part is request


def test_without_a_row_and_a_default_there_is_no_way():
    assert routed(a_router(("span", CHAT, ["traces/chat"]), default=()), a_request(a_span("a"))) == {
        (): ["a"]
    }


def test_a_scope_that_is_left_without_spans_is_no_part():
    request = a_request(a_span("a"))
    request.resource_spans[0].scope_spans.add().spans.append(a_span("chat"))
    parts = dict(a_router(("span", CHAT, ["traces/chat"])).spans(request, lambda _each: None))
    assert [len(part.resource_spans[0].scope_spans) for part in parts.values()] == [1, 1]


def test_conditions_may_ask_for_the_project():
    router = a_router(("resource", 'project == "acme/prod"', ["traces/acme"]))
    assert routed(router, a_request(a_span("a"))) == {("traces/acme",): ["a"]}


def test_calls_of_the_api_go_by_the_rows_for_spans():
    router = a_router(("resource", PROD, ["traces/prod"]), ("span", CHAT, ["traces/chat"]))
    chat, other = a_call(op_name="chat"), a_call(op_name="x")
    assert router.changes([chat, other, chat]) == [
        (("traces/chat",), [chat, chat]),
        (("traces/rest",), [other]),
    ]


def test_deletions_go_everywhere():
    router = a_router(("resource", PROD, ["traces/prod"]), ("span", CHAT, ["traces/chat"]))
    gone = DeletedCalls(project_id="a/b", ids=("0" * 16,))
    assert router.changes([gone]) == [(("traces/prod", "traces/chat", "traces/rest"), [gone])]


def test_a_condition_that_makes_no_sense_is_told():
    with pytest.raises(BadCondition, match="there is no name in the resource context"):
        a_router(("resource", CHAT, ["traces/chat"]))


def test_a_row_that_is_never_asked_is_told():
    with pytest.raises(ValidationError, match="is there twice"):
        a_router(("span", CHAT, ["a"]), ("span", CHAT, ["b"]))
