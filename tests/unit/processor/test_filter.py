import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from pydantic import ValidationError

from otel_bridge.model.call import DeletedCalls, EndedCall, UpdatedCall
from otel_bridge.processor.filter import Filter
from otel_bridge.processor.run import process_changes
from otel_bridge.processor.settings import FilterSettings
from tests.fixtures.processing import a_call, a_request, a_span, call_after, processed, put


def a_filter(**traces) -> Filter:
    return Filter("filter/health", FilterSettings(traces=traces))


def test_spans_that_meet_any_condition_are_dropped_and_counted():
    request = a_request(
        a_span("GET /healthz"),
        a_span("chat", number=2),
        a_span("poll", {"noise": True}, number=3),
        a_span("chat", number=4),
    )
    spans, dropped = processed(
        request, a_filter(span=['IsMatch(name, "healthz$")', 'attributes["noise"] == true'])
    )
    assert [int.from_bytes(span.span_id) for span in spans] == [2, 4]
    assert dropped == {("filter/health", "filtered"): 2}


def test_a_resource_that_meets_a_condition_goes_with_all_its_spans():
    request = a_request(a_span(), a_span(number=2), resource={"service.name": "noise"})
    other = a_request(a_span("kept"), resource={"service.name": "shop"})
    request.resource_spans.extend(other.resource_spans)
    spans, dropped = processed(request, a_filter(resource=['attributes["service.name"] == "noise"']))
    assert [span.name for span in spans] == ["kept"]
    assert dropped == {("filter/health", "filtered"): 2}


def test_events_that_meet_a_condition_are_taken_out_of_their_span():
    span = a_span("chat")
    for name, secret in [("gen_ai.content.prompt", True), ("exception", False)]:
        put(span.events.add(name=name).attributes, {"secret": secret})
    conditions = ['name == "gen_ai.content.prompt" and attributes["secret"] == true and span.name == "chat"']
    (left,), dropped = processed(a_request(span), a_filter(spanevent=conditions))
    assert [event.name for event in left.events] == ["exception"]
    assert not dropped


@pytest.mark.parametrize(
    ("condition", "members"),
    [
        ("duration_ms >= 1000", {"start_time_unix_nano": 1, "end_time_unix_nano": 1_000_000_001}),
        ("kind == SPAN_KIND_SERVER", {"kind": Span.SPAN_KIND_SERVER}),
        ("status.code == STATUS_CODE_ERROR", {"status": {"code": 2}}),
        ('status.message == "bad"', {"status": {"message": "bad"}}),
        ('parent_span_id != ""', {"parent_span_id": b"12345678"}),
        ('trace_state == "a=b"', {"trace_state": "a=b"}),
        ('project == "acme/prod" and scope.name == "a.library" and scope.attributes["k"] == 1', {}),
        ('trace_id == "0123456789abcdef0123456789abcdef" and span_id == "0000000000000001"', {}),
    ],
)
def test_conditions_see_the_fields_of_a_span(condition, members):
    one = a_filter(span=[condition])
    assert processed(a_request(a_span(**members), scope={"k": 1}), one)[0] == []


@pytest.mark.parametrize(
    "condition",
    [
        'name == "chat"',
        'inputs["question"] == "why"',
        'output["answer"]["text"] == "so"',
        'attributes["weave.kind"] == "llm"',
        'status.code == STATUS_CODE_ERROR and status.message == "bad"',
        "duration_ms == 1.0",
        'project == "acme/prod" and parent_span_id == ""',
    ],
)
def test_conditions_see_the_fields_of_a_call_of_the_api(condition):
    call = a_call(
        {"weave": {"kind": "llm"}}, {"question": "why"}, {"answer": {"text": "so"}}, exception="bad"
    )
    assert call_after(call, a_filter(span=[condition])) is None
    assert call_after(call, a_filter(span=[f"not ({condition})"])) == call


def test_renames_and_deletions_are_never_filtered():
    gone = DeletedCalls(project_id="acme/prod", ids=("0" * 16,))
    renamed = UpdatedCall(project_id="acme/prod", id="0" * 16, display_name="a name")
    kept, dropped = process_changes([gone, renamed], [a_filter(span=["true"])])
    assert (kept, dict(dropped)) == ([gone, renamed], {})


def test_the_end_of_a_call_is_judged_by_what_travels_with_it():
    end = EndedCall(project_id="acme/prod", id="0" * 16, ended_at=1, summary=b"{}", output=b'{"a":1}')
    assert call_after(end, a_filter(span=['name == "chat"'])) == end
    assert call_after(end, a_filter(span=['output["a"] == 1'])) is None


def test_a_filter_without_conditions_is_told():
    with pytest.raises(ValidationError, match="there is no condition"):
        FilterSettings(traces={})
