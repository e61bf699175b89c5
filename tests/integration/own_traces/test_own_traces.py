"""A bridge that traces itself, into another OTLP receiver."""

from __future__ import annotations

import json
import threading
import time
from types import SimpleNamespace

import grpc
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from tests.e2e import client
from tests.e2e.process import running
from tests.faults.behaviours import status
from tests.faults.upstream import upstream as weave_server
from tests.integration.otlp.sink import listening

MINE = {
    "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9",
    "OTEL_EXPORTER_OTLP_HEADERS": "x-app=not-yours",
    "OTEL_RESOURCE_ATTRIBUTES": "service.name=app,team=app",
    "OTEL_TRACES_SAMPLER": "always_off",
    "OTEL_BSP_SCHEDULE_DELAY": "3600000",
}
"""What the application beside a bridge has in its environment: nothing of it is for the bridge."""
METHOD = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
PATIENCE = 60
"""Seconds within which anything that is waited for comes, on the busiest of machines."""


def traced_to(url: str, **batch) -> tuple[str, ...]:
    """The flags of a bridge whose own traces go to a URL."""
    otlp = {"endpoint": url, "headers": {"x-key": "s3cret"}, "timeout": "1s"}
    entry = {"batch": {"schedule_delay": 50, **batch, "exporter": {"otlp": otlp}}}
    return (
        f"--set=service.telemetry.traces.processors={json.dumps([entry])}",
        "--set=service.telemetry.resource={service.name: the-bridge}",
    )


@pytest.fixture(scope="module")
def traced(tmp_path_factory):
    """A bridge that sends calls on, where its own traces go, and what its upstream is."""
    with listening() as sink, weave_server() as upstream:
        flags = (*traced_to(sink.url), f"--upstream={upstream.url}")
        with running(tmp_path_factory.mktemp("traced") / "data", *flags, **MINE) as bridge:
            yield SimpleNamespace(bridge=bridge, sink=sink, upstream=upstream)


def attributes_of(message) -> dict:
    values = {pair.key: pair.value for pair in message.attributes}
    return {key: getattr(value, value.WhichOneof("value")) for key, value in values.items()}


def spans(sink, name: str) -> list:
    """The own spans of this name, the newest last."""
    return [span for request in sink.taken for span in request.spans if span.name == name]


def one_more(sink, name: str, work):
    """Do something; return the next own span of this name."""
    before = len(spans(sink, name))
    work()
    sink.wait(lambda: len(spans(sink, name)) > before)
    return spans(sink, name)[before]


def metric(bridge, name: str) -> float:
    text = client.call(f"{bridge.api}/metrics")[1].decode()
    return sum(float(line.split()[-1]) for line in text.splitlines() if line.startswith(name))


def test_a_request_is_a_trace_with_what_the_writer_did(traced):
    request = client.a_request(3)
    span = one_more(
        traced.sink, "receiver/otlp/TraceDataReceived", lambda: client.export(traced.bridge.http, request)
    )
    assert attributes_of(span) == {
        "transport": "http",
        "encoding": "protobuf",
        "bytes": request.ByteSize(),
        "accepted_spans": 3,
        "http.response.status_code": 200,
    }
    traced.sink.wait(lambda: len(children(traced.sink, span)) == 2)
    prepare, commit = sorted(children(traced.sink, span), key=lambda one: one.start_time_unix_nano)
    assert (prepare.name, commit.name) == ("writer/prepare", "writer/commit")
    assert prepare.end_time_unix_nano <= commit.start_time_unix_nano < commit.end_time_unix_nano
    assert attributes_of(commit) == {"requests": 1}


def children(sink, parent) -> list:
    found = [span for request in sink.taken for span in request.spans]
    return [span for span in found if span.parent_span_id == parent.span_id]


def test_a_request_over_grpc_is_one_too(traced):
    def send():
        with grpc.insecure_channel(traced.bridge.grpc) as channel:
            channel.unary_unary(METHOD)(client.a_request(2).SerializeToString(), timeout=PATIENCE)

    span = one_more(traced.sink, "receiver/otlp/TraceDataReceived", send)
    told = attributes_of(span)
    assert (told["transport"], told["accepted_spans"], told["rpc.grpc.status_code"]) == ("grpc", 2, "OK")


def test_a_refused_request_says_so(traced):
    url = f"{traced.bridge.http}/v1/traces"
    span = one_more(
        traced.sink,
        "receiver/otlp/TraceDataReceived",
        lambda: client.call(url, b"\xff\xff", Content_Type="application/x-protobuf"),
    )
    assert attributes_of(span)["http.response.status_code"] == 400
    assert span.status.code == span.status.STATUS_CODE_ERROR


def test_a_request_to_the_api_is_a_trace_and_a_probe_is_none(traced):
    client.call(f"{traced.bridge.api}/readyz")
    span = one_more(traced.sink, "POST /calls/stream_query", lambda: client.ids(traced.bridge.api))
    assert attributes_of(span) == {
        "http.request.method": "POST",
        "http.route": "/calls/stream_query",
        "http.response.status_code": 200,
    }
    assert spans(traced.sink, "GET /readyz") == []


def test_a_delivery_is_a_trace_with_its_attempts_as_events(traced):
    name = "exporter/weave/traces"

    traced.upstream.behave(status(503))
    request = client.a_request(1)
    span = one_more(traced.sink, name, lambda: client.export(traced.bridge.http, request))
    traced.sink.wait(lambda: any(len(each.events) > 1 for each in spans(traced.sink, name)))
    span = next(each for each in spans(traced.sink, name) if len(each.events) > 1)
    assert [event.name for event in span.events] == ["retry", "sent"]
    assert attributes_of(span.events[0])["http.response.status_code"] == 503
    assert attributes_of(span) == {"exporter": "weave", "project": client.PROJECT}


def test_a_run_of_a_scorer_is_a_trace(traced):
    sent = client.a_request(1)
    client.export(traced.bridge.http, sent)
    (call_id,) = client.span_ids(sent)
    asked = {"project_id": client.PROJECT, "call_ids": [call_id], "scorer_refs": ["valid_json"]}
    span = one_more(
        traced.sink,
        "scorer/valid_json.score",
        lambda: client.post(traced.bridge.api, "/calls/score", asked),
    )
    told = attributes_of(span)
    assert (told["call_id"], told["outcome"], told["attempt"]) == (call_id, "done", 1)
    assert "/valid_json:" in told["scorer"]


def test_nothing_of_the_environment_is_for_the_bridge(traced):
    client.export(traced.bridge.http, client.a_request(1))
    traced.sink.wait(lambda: traced.sink.taken)
    request = traced.sink.taken[0]
    assert request.path == "/v1/traces"
    assert request.headers["x-key"] == "s3cret"
    assert "x-app" not in request.headers
    resource = attributes_of(request.body.resource_spans[0].resource)
    assert resource["service.name"] == "the-bridge"
    assert "team" not in resource


def test_own_traces_that_come_back_are_rejected_and_what_came_with_them_is_kept(traced):
    client.export(traced.bridge.http, client.a_request(1))
    traced.sink.wait(lambda: traced.sink.taken)
    mixed = client.a_request(2)
    mixed.resource_spans.extend(traced.sink.taken[0].body.resource_spans)
    own = len(traced.sink.taken[0].spans)
    before = len(spans(traced.sink, "receiver/otlp/TraceDataReceived"))
    url = f"{traced.bridge.http}/v1/traces"
    code, answer = client.call(url, mixed.SerializeToString(), Content_Type="application/x-protobuf")
    partial = ExportTraceServiceResponse.FromString(answer).partial_success
    assert (code, partial.rejected_spans) == (200, own)
    assert "own traces" in partial.error_message
    assert set(client.span_ids(mixed)[:2]) <= set(client.ids(traced.bridge.api))
    assert metric(traced.bridge, "otel_bridge_own_spans_returned_total") == own
    after = one_more(traced.sink, "POST /calls/stream_query", lambda: client.ids(traced.bridge.api))
    assert after
    told = spans(traced.sink, "receiver/otlp/TraceDataReceived")[before:]
    assert [
        attributes_of(span)["bytes"] for span in told if attributes_of(span)["bytes"] == mixed.ByteSize()
    ] == []


@pytest.mark.long
def test_a_bridge_that_stops_sends_what_waits(tmp_path):
    with listening() as sink, running(tmp_path / "data", *traced_to(sink.url, schedule_delay="1h")) as bridge:
        client.export(bridge.http, client.a_request(1))
        assert sink.taken == []
        assert bridge.terminate() == 0
        assert len(spans(sink, "receiver/otlp/TraceDataReceived")) == 1
        assert "s3cret" not in bridge.log


@pytest.mark.long
def test_a_receiver_that_hangs_holds_no_bridge_up_and_costs_nobody_else_anything(tmp_path):
    with listening() as sink:
        released = threading.Event()
        sink.answer = lambda _request: released.wait(PATIENCE) and None
        with running(tmp_path / "data", *traced_to(sink.url), "--shutdown-timeout=2s") as bridge:
            request = client.a_request(5)
            assert client.export(bridge.http, request) == 200
            assert sorted(client.ids(bridge.api)) == sorted(client.span_ids(request))
            assert bridge.terminate() == 0
            released.set()


@pytest.mark.long
def test_a_bridge_traces_itself_into_another_bridge(tmp_path):
    with running(tmp_path / "other") as other, running(tmp_path / "data", *traced_to(other.http)) as bridge:
        client.export(bridge.http, client.a_request(1))
        deadline = time.monotonic() + PATIENCE
        wanted = {"receiver/otlp/TraceDataReceived", "writer/prepare", "writer/commit"}
        query = {"project_id": client.PROJECT, "columns": ["op_name"]}
        while {line["op_name"] for line in client.post(other.api, "/calls/stream_query", query)} != wanted:
            assert time.monotonic() < deadline
