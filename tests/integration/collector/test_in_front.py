"""An OpenTelemetry Collector in front of a bridge: every span arrives once, whatever it speaks."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

import pytest

from tests.e2e import client, process
from tests.integration.collector.running import RETRY, free_port, pipelines, receiver, running
from tests.integration.otlp import bridge as passing
from tests.integration.otlp.metrics import delivered, eventually, metric
from tests.integration.otlp.sink import listening

EXAMPLE = Path(__file__).parents[3] / "examples" / "collector" / "collector.yaml"
EXPORTERS = ["otlp/gzip", "otlp/none", "otlphttp/gzip", "otlphttp/zstd", "otlphttp/none"]
"""`otlp` speaks gRPC. grpcio knows no zstd: see below."""


def exporter(name: str, bridge, **more) -> dict:
    """The settings of an exporter that leads to a bridge."""
    kind, _, coding = name.partition("/")
    where = {"endpoint": bridge.http} if kind == "otlphttp" else {"endpoint": bridge.grpc}
    tls = {} if kind == "otlphttp" else {"tls": {"insecure": True}}
    return {**where, **tls, "compression": coding, "retry_on_failure": RETRY, **more}


@pytest.fixture(scope="module")
def place(program, tmp_path_factory):
    """A bridge with a store, a Collector before it, and the door of each of its exporters."""
    folder = tmp_path_factory.mktemp("in-front")
    ports = {name: free_port() for name in EXPORTERS}
    with process.running(folder / "data") as bridge:
        config = pipelines({name: (receiver(ports[name]), exporter(name, bridge)) for name in EXPORTERS})
        with running(program, folder, config, list(ports.values())) as collector:
            yield bridge, collector, {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}


@pytest.mark.parametrize("name", EXPORTERS)
def test_every_span_that_a_collector_passes_on_is_kept_once(place, name):
    bridge, _, doors = place
    requests = [client.a_request(200) for _ in range(3)]
    again = metric(bridge, "otel_bridge_duplicate_spans_total")
    for request in requests:
        assert client.export(doors[name], request) == 200
    wanted = {span for request in requests for span in client.span_ids(request)}
    eventually(lambda: wanted <= set(client.ids(bridge.api)))
    assert metric(bridge, "otel_bridge_duplicate_spans_total") == again


@pytest.mark.parametrize("name", ["otlp/gzip", "otlphttp/gzip"])
def test_spans_that_the_bridge_rejects_are_not_sent_again_and_the_others_are_kept(place, name):
    bridge, collector, doors = place
    request = client.a_request(3)
    good = client.span_ids(request)[1:]
    request.resource_spans[0].scope_spans[0].spans[0].span_id = bytes(8)
    told = {"transport": name.partition("/")[0].replace("otlphttp", "http").replace("otlp", "grpc")}
    rejected = metric(bridge, "otel_bridge_receiver_spans_total", **told, outcome="rejected")
    assert client.export(doors[name], request) == 200
    eventually(lambda: set(good) <= set(client.ids(bridge.api)))
    last = client.a_request(1)  # what is sent after it comes after what would be sent again
    assert client.export(doors[name], last) == 200
    eventually(lambda: set(client.span_ids(last)) <= set(client.ids(bridge.api)))
    assert metric(bridge, "otel_bridge_receiver_spans_total", **told, outcome="rejected") == rejected + 1
    assert "artial success" in collector.log


def test_the_example_is_valid_and_brings_spans_to_the_bridge(place, program, tmp_path):
    bridge, *_ = place
    checked = subprocess.run(
        [program, "validate", "--config", EXAMPLE], capture_output=True, text=True, timeout=120, check=False
    )
    assert checked.returncode == 0, checked.stderr
    port = free_port()
    sets = [f"--set=receivers.otlp.protocols.{name}.endpoint=127.0.0.1:{number}"
            for name, number in (("http", port), ("grpc", free_port()))]  # fmt: skip
    with running(program, tmp_path, EXAMPLE, [port], *sets, BRIDGE=bridge.http):
        request = client.a_request(600)
        assert client.export(f"http://127.0.0.1:{port}", request) == 200
        eventually(lambda: set(client.span_ids(request)) <= set(client.ids(bridge.api)))


def test_a_collector_comes_again_while_the_bridge_is_full_and_no_span_is_lost(program, tmp_path):
    """The queue takes some; the rest is told 503 and UNAVAILABLE until what waits has left."""
    later, ports = free_port(), {"otlp/gzip": free_port(), "otlphttp/gzip": free_port()}
    url = f"http://127.0.0.1:{later}"
    with passing.running(tmp_path / "data", otlp_http=[passing.to(url)], queue_size=20_000) as bridge:
        wiring = {name: (receiver(port), exporter(name, bridge)) for name, port in ports.items()}
        with running(program, tmp_path, pipelines(wiring), list(ports.values())) as collector:
            requests = [client.a_request(100, text=text_of(number)) for number in range(12)]
            for number, request in enumerate(requests):
                door = list(ports.values())[number % 2]
                assert client.export(f"http://127.0.0.1:{door}", request) == 200
            eventually(lambda: metric(bridge, "otel_bridge_receiver_requests_total", code="503") > 0)
            eventually(lambda: metric(bridge, "otel_bridge_receiver_requests_total", code="UNAVAILABLE") > 0)
            wanted = {span for request in requests for span in client.span_ids(request)}
            assert "Exporting failed. Will retry" in collector.log
            with listening(later) as sink:
                sink.wait_for(wanted)
                assert sink.counts() == dict.fromkeys(wanted, 1)
                delivered(bridge)


def text_of(number: int) -> str:
    """A text that compresses little."""
    chance = random.Random(number)
    return "".join(chance.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=2000))


def test_zstd_over_grpc_is_refused_at_once_and_the_header_is_named(program, place, tmp_path):
    """grpcio takes gzip and deflate only: whoever configures zstd is told so with the first request."""
    port = free_port()
    at_once = {"sending_queue": {"enabled": False}, "retry_on_failure": {"enabled": False}}
    wiring = {"otlp/zstd": (receiver(port), exporter("otlp/zstd", place[0]) | at_once)}
    with running(program, tmp_path, pipelines(wiring), [port]):
        body = client.a_request(1).SerializeToString()
        url = f"http://127.0.0.1:{port}/v1/traces"
        status, answer = client.call(url, body, Content_Type="application/x-protobuf")
    assert status == 500
    assert b"grpc-encoding" in answer


@pytest.mark.long
def test_a_collector_that_outlives_the_bridge_brings_everything(program, tmp_path):
    port = free_port()
    with process.running(tmp_path / "data") as bridge:
        settings = exporter("otlphttp/gzip", bridge)
        config = pipelines({"otlphttp/gzip": (receiver(port), settings)})
        door = int(bridge.http.rpartition(":")[2])
        with running(program, tmp_path, config, [port]):
            sent: set[str] = set()
            for number in range(20):
                if number == 10:
                    bridge.kill_tree()
                request = client.a_request(50)
                assert client.export(f"http://127.0.0.1:{port}", request) == 200
                sent |= set(client.span_ids(request))
            again = process.start(tmp_path / "data", f"--otlp-http=127.0.0.1:{door}")
            try:
                eventually(lambda: sent <= set(client.ids(again.api)))
            finally:
                passing.stop(again)
