"""Spans are passed on to an OTLP receiver: once each, whatever it answers and whoever is killed."""

from __future__ import annotations

import json

import pytest
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from tests.e2e import client
from tests.integration.otlp.bridge import PROJECT, running, start, stop, to
from tests.integration.otlp.metrics import delivered, eventually, metric
from tests.integration.otlp.sink import listening

SPLITTING = 20
SENT, TOLD = "otel_bridge_exporter_calls_total", "otel_bridge_dead_letter_calls"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Two receivers, and a bridge that passes on to both: `otlp_http` and `otlp_http/plain`."""
    folder = tmp_path_factory.mktemp("passing")
    with listening() as sink, listening() as plain:
        receivers = [
            to(sink.url, headers={"x-key": "s3cret"}),
            to("", traces_endpoint=f"{plain.url}/here", name="otlp_http/plain", compression="none"),
        ]
        with running(folder / "data", store=True, otlp_http=receivers) as bridge:
            yield bridge, sink, plain


@pytest.fixture
def bridge(place):
    return place[0]


@pytest.fixture
def sink(place):
    """The receiver behind `otlp_http`, as if nothing had come before."""
    delivered(place[0])
    place[1].forget()
    return place[1]


@pytest.fixture
def plain(place):
    """The receiver behind `otlp_http/plain`."""
    delivered(place[0])
    place[2].forget()
    return place[2]


def counted(bridge, outcome: str) -> float:
    """Return how many spans and calls became that, at `otlp_http`."""
    return metric(bridge, SENT, exporter="otlp_http", outcome=outcome)


def test_spans_arrive_as_they_were_sent_with_their_resource_and_scope(bridge, sink):
    request = client.a_request(30)
    assert client.export(bridge.http, request) == 200
    sink.wait_for(client.span_ids(request))
    (came,) = sink.taken
    assert came.path == "/v1/traces"
    assert came.body.resource_spans == request.resource_spans
    assert came.headers["content-type"] == "application/x-protobuf"
    assert came.headers["content-encoding"] == "gzip"
    assert came.headers["x-key"] == "s3cret"
    assert "project_id" not in came.headers  # the next one has a default of its own
    assert "s3cret" not in bridge.log + bridge.banner


def test_a_project_and_a_run_that_came_in_headers_go_on_in_headers(bridge, plain):
    requests = [client.a_request(1, trace_id=bytes(15) + b"\1") for _ in range(3)]
    for request, run in zip(requests, ("one", "two", "two"), strict=True):
        headers = {"Content-Type": "application/x-protobuf", "project_id": "team/b c", "wb_run_id": run}
        status, _ = client.call(f"{bridge.http}/v1/traces", request.SerializeToString(), **headers)
        assert status == 200
    plain.wait_for(name for request in requests for name in client.span_ids(request))
    assert {one.path for one in plain.taken} == {"/here"}
    assert {one.headers["project_id"] for one in plain.taken} == {"team/b%20c"}
    runs = {span.span_id.hex(): one.headers["wb_run_id"] for one in plain.taken for span in one.spans}
    assert [runs[client.span_ids(request)[0]] for request in requests] == ["one", "two", "two"]
    assert all("content-encoding" not in one.headers for one in plain.taken)


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_what_may_pass_is_sent_again_until_it_is_taken(bridge, sink, status):
    sink.next.extend([(status, {"Retry-After": "0"}, b"")] * 3)
    request = client.a_request(3)
    assert client.export(bridge.http, request) == 200
    sink.wait_for(client.span_ids(request))
    assert len(sink.asked) == 4
    assert set(sink.counts().values()) == {1}


def test_spans_that_are_rejected_are_told_and_not_sent_again(bridge, sink):
    said = ExportTraceServiceResponse()
    said.partial_success.rejected_spans = 2
    said.partial_success.error_message = "no room for these"
    sink.next.append((200, {}, said.SerializeToString()))
    sent, rejected = counted(bridge, "sent"), counted(bridge, "rejected")
    for request in (client.a_request(5), client.a_request(1)):
        assert client.export(bridge.http, request) == 200
        sink.wait_for(client.span_ids(request))
    eventually(lambda: counted(bridge, "sent") == sent + 4)
    assert counted(bridge, "rejected") == rejected + 2
    assert "no room for these" in bridge.log
    assert len(sink.asked) == 2


def test_a_span_that_is_refused_becomes_a_dead_letter_with_the_answer_and_the_others_arrive(bridge, sink):
    request = client.a_request(8)
    bad = client.span_ids(request)[5]
    refusal = Status(code=3, message="this one is odd").SerializeToString()
    sink.answer = lambda came: (400, {}, refusal) if bad in came.ids else None
    dead, told = counted(bridge, "dead_lettered"), metric(bridge, TOLD)
    assert client.export(bridge.http, request) == 200
    sink.wait_for(set(client.span_ids(request)) - {bad})
    eventually(lambda: metric(bridge, TOLD) == told + 1)
    assert counted(bridge, "dead_lettered") == dead + 1
    assert "this one is odd" in bridge.log
    assert set(sink.counts().values()) == {1}


def test_a_request_that_is_too_large_is_split(bridge, sink):
    sink.answer = lambda came: (413, {}, b"") if len(came.ids) > SPLITTING else None
    dead = metric(bridge, TOLD)
    request = client.a_request(100)
    assert client.export(bridge.http, request) == 200
    sink.wait_for(client.span_ids(request))
    assert metric(bridge, TOLD) == dead
    assert sorted(sink.counts()) == sorted(client.span_ids(request))
    assert set(sink.counts().values()) == {1}


def test_a_wrong_key_holds_the_spans_and_loses_none(bridge, sink):
    sink.next.extend([(401, {}, b"")] * 2)
    request = client.a_request(4)
    assert client.export(bridge.http, request) == 200
    sink.wait_for(client.span_ids(request))
    assert len(sink.asked) == 3


def test_calls_written_through_the_api_are_counted_for_they_have_no_otlp_form(bridge, sink):
    item = {"project_id": PROJECT, "id": "1" * 16, "trace_id": "1" * 32, "op_name": "chat",
            "started_at": "2026-01-02T03:04:05Z", "attributes": {}, "inputs": {}}  # fmt: skip
    body = json.dumps({"batch": [{"mode": "start", "req": {"start": item}}]}).encode()
    put = {"exporter": "otlp_http", "state": "put"}
    before, queued = counted(bridge, "unsupported"), metric(bridge, "otel_bridge_queue_calls_total", **put)
    status, _ = client.call(f"{bridge.api}/call/upsert_batch", body, Content_Type="application/json")
    assert status == 200
    assert counted(bridge, "unsupported") == before + 1
    request = client.a_request(1)
    assert client.export(bridge.http, request) == 200
    sink.wait_for(client.span_ids(request))
    eventually(lambda: metric(bridge, "otel_bridge_queue_calls_total", **put) == queued + 1)
    assert len(sink.taken) == 1


def test_a_receiver_that_does_not_know_gzip_gets_it_plain_from_then_on(bridge, sink):
    sink.answer = lambda came: (415, {}, b"") if "content-encoding" in came.headers else None
    for request in (client.a_request(4), client.a_request(2)):
        assert client.export(bridge.http, request) == 200
        sink.wait_for(client.span_ids(request))
    assert len(sink.asked) == 3


def test_what_waits_when_the_bridge_is_killed_is_sent_after_its_start(tmp_path):
    with listening() as gone:
        url = gone.url  # nobody listens there after this block
    request = client.a_request(50)
    bridge = start(tmp_path / "data", otlp_http=[to(url)])
    try:
        assert client.export(bridge.http, request) == 200
        bridge.kill_tree()
    finally:
        stop(bridge)
    with listening() as sink, running(tmp_path / "data", otlp_http=[to(sink.url)]):
        sink.wait_for(client.span_ids(request))
        assert set(sink.counts().values()) == {1}
