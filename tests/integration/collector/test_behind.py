"""An OpenTelemetry Collector behind a bridge, as the receiver of `otlp_http`: every span arrives once."""

from __future__ import annotations

import pytest

from tests.e2e import client
from tests.integration.collector.running import free_port, pipelines, receiver, running
from tests.integration.otlp import bridge as passing
from tests.integration.otlp.metrics import delivered, eventually, metric
from tests.integration.otlp.sink import listening


def config_for(port: int, sink) -> dict:
    """A Collector that answers when the sink has: nothing waits in it."""
    settings = {
        "endpoint": sink.url,
        "sending_queue": {"enabled": False},
        "retry_on_failure": {"enabled": False},
    }
    return pipelines({"otlphttp/sink": (receiver(port), settings)})


@pytest.fixture(scope="module")
def place(program, tmp_path_factory):
    """A bridge, the Collector that it passes on to, and what is behind that."""
    folder = tmp_path_factory.mktemp("behind")
    port = free_port()
    with (
        listening() as sink,
        running(program, folder, config_for(port, sink), [port]),
        passing.running(folder / "data", otlp_http=[passing.to(f"http://127.0.0.1:{port}")]) as bridge,
    ):
        yield bridge, sink


@pytest.fixture
def sink(place):
    delivered(place[0])
    place[1].forget()
    return place[1]


@pytest.fixture
def bridge(place):
    return place[0]


def test_every_span_arrives_once_as_it_was_sent(bridge, sink):
    requests = [client.a_request(200) for _ in range(5)]
    for request in requests:
        assert client.export(bridge.http, request) == 200
    wanted = {span for request in requests for span in client.span_ids(request)}
    sink.wait_for(wanted)
    assert sink.counts() == dict.fromkeys(wanted, 1)
    sent = {s.span_id: s for r in requests for s in r.resource_spans[0].scope_spans[0].spans}
    for span in sent.values():
        span.status.SetInParent()  # a Collector gives every span one
    assert {span.span_id: span for request in sink.taken for span in request.spans} == sent


def test_what_the_collector_cannot_pass_on_for_now_is_sent_again(bridge, sink):
    sink.next.extend([(503, {"Retry-After": "0"}, b"")] * 3)
    request = client.a_request(20)
    assert client.export(bridge.http, request) == 200
    sink.wait_for(client.span_ids(request))
    assert len(sink.asked) == 4
    assert set(sink.counts().values()) == {1}


def test_what_is_refused_behind_the_collector_is_a_dead_letter_and_the_others_arrive(bridge, sink):
    request = client.a_request(16)
    bad = client.span_ids(request)[7]
    sink.answer = lambda came: (400, {}, b"") if bad in came.ids else None
    dead = metric(bridge, "otel_bridge_dead_letter_calls")
    assert client.export(bridge.http, request) == 200
    wanted = set(client.span_ids(request)) - {bad}
    sink.wait_for(wanted)
    eventually(lambda: metric(bridge, "otel_bridge_dead_letter_calls") == dead + 1)
    assert sink.counts() == dict.fromkeys(wanted, 1)


@pytest.mark.long
def test_a_collector_that_is_restarted_and_a_bridge_that_is_killed_lose_nothing(program, tmp_path):
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with listening() as sink:
        config = config_for(port, sink)
        bridge = passing.start(tmp_path / "data", otlp_http=[passing.to(url)])
        try:
            first, second, third = (client.a_request(100) for _ in range(3))
            with running(program, tmp_path, config, [port]) as collector:
                assert client.export(bridge.http, first) == 200
                sink.wait_for(client.span_ids(first))
                delivered(bridge)
                collector.stop()
            assert client.export(bridge.http, second) == 200
            bridge.kill_tree()
            passing.stop(bridge)
            bridge = passing.start(tmp_path / "data", otlp_http=[passing.to(url)])
            assert client.export(bridge.http, third) == 200
            with running(program, tmp_path, config, [port]):
                wanted = {span for request in (first, second, third) for span in client.span_ids(request)}
                sink.wait_for(wanted)
                assert sink.counts() == dict.fromkeys(wanted, 1)
                delivered(bridge)
        finally:
            passing.stop(bridge)
