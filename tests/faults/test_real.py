"""Real programs on both sides: the same calls arrive through a sidecar as directly, restarts lose nothing."""

from __future__ import annotations

import socket
import threading
from contextlib import ExitStack

import grpc
import pytest
from opentelemetry.exporter.otlp.proto.grpc import trace_exporter as grpc_exporter
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpExporter
from opentelemetry.sdk.trace.export import SpanExportResult

from tests.e2e import client
from tests.e2e.process import running
from tests.e2e.sdk import finished_spans
from tests.e2e.waiting import until
from tests.faults.metrics import samples
from tests.faults.sidecar import config, sidecar
from tests.fixtures.captures import CAPTURES, exports

PROJECT = client.PROJECT
MEDIA = {"protobuf": "application/x-protobuf", "json": "application/json"}


def every_capture() -> list[tuple[bytes, str]]:
    """The recorded requests of all dialects."""
    return [(one.body, MEDIA[one.encoding.value]) for name in CAPTURES for one in exports(name)]


def calls_of(bridge) -> dict[str, dict]:
    return {
        call["id"]: call for call in client.post(bridge.api, "/calls/stream_query", {"project_id": PROJECT})
    }


def test_calls_through_a_sidecar_are_the_calls_that_were_sent_directly(tmp_path):
    with ExitStack() as opened:
        direct = opened.enter_context(running(tmp_path / "direct"))
        server = opened.enter_context(running(tmp_path / "server"))
        bridge = opened.enter_context(
            sidecar(tmp_path / "sidecar", server.api, WANDB_ENTITY="local", WANDB_PROJECT="default")
        )
        for body, media in every_capture():
            for target in (direct, bridge):
                status, answer = client.call(f"{target.http}/v1/traces", body, Content_Type=media)
                assert status == 200, answer
        wanted = calls_of(direct)
        waiting = 'otel_bridge_queue_waiting_calls{exporter="weave"}'
        until(lambda: samples(bridge)[waiting] == 0)
        found = calls_of(server)
    assert found.keys() == wanted.keys()
    assert len(found) > 100
    for call_id, call in wanted.items():
        assert found[call_id] == call


def test_spans_that_share_an_id_are_both_sent(weave, tmp_path):
    first, second = client.a_request(1), client.a_request(1)
    second.resource_spans[0].scope_spans[0].spans[0].span_id = (
        first.resource_spans[0].scope_spans[0].spans[0].span_id
    )
    with sidecar(tmp_path / "data", weave.url) as bridge:
        assert [client.export(bridge.http, one) for one in (first, second)] == [200, 200]
        waiting = 'otel_bridge_queue_waiting_calls{exporter="weave"}'
        until(lambda: samples(bridge)[waiting] == 0)
    assert weave.times[client.span_ids(first)[0]] == 2


def free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [each.getsockname()[1] for each in sockets]


class Sender(threading.Thread):
    """Exports spans with one stock exporter until it is told to stop."""

    def __init__(self, exporter, stop: threading.Event):
        super().__init__()
        self.exporter, self._stop_asked = exporter, stop
        self.sent: set[str] = set()
        self.failed = 0
        self.progress = threading.Semaphore(0)

    def run(self) -> None:
        while not self._stop_asked.is_set():
            spans = finished_spans(20)
            if self.exporter.export(spans) is SpanExportResult.SUCCESS:
                self.sent |= {format(span.context.span_id, "016x") for span in spans}
                self.progress.release()
            else:
                self.failed += 1
        self.exporter.shutdown()

    def goes_on(self, exports: int) -> None:
        for _ in range(exports):
            assert self.progress.acquire(timeout=60)


@pytest.mark.parametrize("end", ["SIGTERM", pytest.param("SIGKILL", marks=pytest.mark.long)])
def test_stock_exporters_lose_nothing_across_a_restart_under_load(weave, tmp_path, end):
    http, grpc_port = free_ports(2)
    file = config(tmp_path / "bridge.json", weave.url)
    flags = (file, f"--otlp-http=127.0.0.1:{http}", f"--otlp-grpc=127.0.0.1:{grpc_port}")
    stop = threading.Event()
    url, address = f"http://127.0.0.1:{http}/v1/traces", f"127.0.0.1:{grpc_port}"
    senders = [
        Sender(HttpExporter(endpoint=url, timeout=60, compression=Compression.Gzip), stop),
        Sender(HttpExporter(endpoint=url, timeout=60, compression=Compression.NoCompression), stop),
        Sender(grpc_exporter.OTLPSpanExporter(
            endpoint=address, insecure=True, timeout=60, compression=grpc.Compression.Gzip), stop),
        Sender(grpc_exporter.OTLPSpanExporter(endpoint=address, insecure=True, timeout=60), stop),
    ]  # fmt: skip
    with sidecar(tmp_path / "data", weave.url, *flags) as bridge:
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.goes_on(5)
        if end == "SIGTERM":
            assert bridge.terminate() == 0
        else:
            bridge.kill_tree()
    with sidecar(tmp_path / "data", weave.url, *flags):
        for sender in senders:
            sender.goes_on(5)
        stop.set()
        for sender in senders:
            sender.join(60)
        sent = set().union(*(sender.sent for sender in senders))
        weave.wait(lambda: sent <= weave.whole())
    assert [sender.failed for sender in senders] == [0, 0, 0, 0]
