"""What was answered with 200 is there, once, whatever happens around it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

import pytest
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpExporter
from opentelemetry.sdk.trace.export import SpanExportResult

from tests.e2e import client
from tests.e2e.kill_rounds import rounds
from tests.e2e.process import running
from tests.e2e.sdk import finished_spans


def test_a_span_sent_is_a_call_read_back(bridge_process):
    request = client.a_request(1, text="what is a span?")
    assert client.export(bridge_process.http, request) == 200
    (call,) = client.post(
        bridge_process.api,
        "/calls/stream_query",
        {"project_id": client.PROJECT, "filter": {"call_ids": client.span_ids(request)}},
    )
    assert call["op_name"] == "span 0"
    assert call["inputs"] == {"input.value": "what is a span?"}
    assert call["attributes"]["otel_span"]["resource"]["attributes"] == {"service": {"name": "e2e"}}
    assert call["summary"]["weave"]["status"] == "success"


def test_one_request_may_carry_several_projects(bridge_process):
    request = client.a_request(1)
    for entity, project in (("team", "one"), ("team", "two")):
        part = client.a_request(2).resource_spans[0]
        for key, value in (("wandb.entity", entity), ("wandb.project", project)):
            part.resource.attributes.add(key=key).value.string_value = value
        request.resource_spans.append(part)
    assert client.export(bridge_process.http, request) == 200
    assert len(client.ids(bridge_process.api, "team/one")) == 2
    assert len(client.ids(bridge_process.api, "team/two")) == 2


def test_spans_are_taken_on_the_api_port_too(bridge_process):
    for path in ("/otel/v1/traces", "/agents/otel/v1/traces", "/traces/otel/v1/traces", "/v1/traces"):
        request = client.a_request(1)
        status, _ = client.call(
            bridge_process.api + path, request.SerializeToString(), Content_Type="application/x-protobuf"
        )
        assert status == 200, path
        assert client.span_ids(request)[0] in client.ids(bridge_process.api)


def test_r15_the_same_request_twice_at_once_is_one_call_each(fresh_bridge):
    request = client.a_request(50)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: client.export(fresh_bridge.http, request), range(8)))
    assert answers == [200] * 8
    assert sorted(client.ids(fresh_bridge.api)) == sorted(client.span_ids(request))


def test_r16_a_retry_after_a_dropped_response_is_one_call(fresh_bridge):
    request = client.a_request(20)
    body = request.SerializeToString()
    where = urlsplit(fresh_bridge.http)
    with socket.create_connection((where.hostname, where.port)) as connection:
        head = f"POST /v1/traces HTTP/1.1\r\nHost: {where.netloc}\r\nContent-Type: application/x-protobuf\r\n"
        connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    assert client.export(fresh_bridge.http, request) == 200
    assert sorted(client.ids(fresh_bridge.api)) == sorted(client.span_ids(request))


def test_r18_sigterm_under_load_of_live_exporters_loses_no_acknowledged_span(tmp_path):
    acknowledged: list[str] = []
    enough = threading.Event()

    def export_until_it_fails(make):
        exporter = make()
        while True:
            spans = finished_spans(20)
            if exporter.export(spans) is not SpanExportResult.SUCCESS:
                break
            acknowledged.extend(format(s.context.span_id, "016x") for s in spans)
            if len(acknowledged) > 1_000:
                enough.set()
        exporter.shutdown()

    with running(tmp_path / "data") as bridge:
        makers = [lambda: HttpExporter(endpoint=f"{bridge.http}/v1/traces", timeout=2)] * 2
        makers += [lambda: GrpcExporter(endpoint=bridge.grpc, insecure=True, timeout=2)] * 2
        threads = [threading.Thread(target=export_until_it_fails, args=(make,)) for make in makers]
        for thread in threads:
            thread.start()
        assert enough.wait(60)
        assert bridge.terminate() == 0
        for thread in threads:
            thread.join()
    with running(tmp_path / "data") as bridge:
        stored = client.ids(bridge.api)
    assert len(stored) == len(set(stored))
    assert set(acknowledged) <= set(stored)


def test_sigterm_waits_for_nobody_who_says_nothing(tmp_path):
    with running(tmp_path / "data") as bridge:
        assert client.export(bridge.http, client.a_request(3)) == 200
        host, _, port = bridge.grpc.rpartition(":")
        where = urlsplit(bridge.http)
        head = f"POST /v1/traces HTTP/1.1\r\nHost: {where.netloc}\r\nContent-Type: application/x-protobuf\r\n"
        with (
            socket.create_connection((host, int(port))),
            socket.create_connection((where.hostname, where.port)) as half,
        ):
            half.sendall(f"{head}Content-Length: 1000\r\n\r\nhalf".encode())
            assert client.export(bridge.http, client.a_request(3)) == 200
            assert bridge.terminate() == 0
        assert "requests_cut_off" not in bridge.log


@pytest.mark.parametrize(
    ("header", "status"), [(b"project_id: caf\xe9/x", b"200"), (b"Content-Encoding: \xe9", b"400")]
)
def test_header_bytes_that_are_not_utf_8_are_no_bug_of_ours(bridge_process, header, status):
    where = urlsplit(bridge_process.http)
    body = client.a_request(1).SerializeToString()
    lines = [b"POST /v1/traces HTTP/1.1", b"Host: " + where.netloc.encode(), header]
    lines += [
        b"Content-Type: application/x-protobuf",
        b"Content-Length: %d" % len(body),
        b"Connection: close",
    ]
    with socket.create_connection((where.hostname, where.port)) as connection:
        connection.sendall(b"\r\n".join(lines) + b"\r\n\r\n" + body)
        assert connection.makefile("rb").readline().split()[1] == status


def test_sigkill_at_random_under_load_loses_nothing_acknowledged_and_doubles_nothing(tmp_path):
    tally = rounds(5, tmp_path, seed=int.from_bytes(os.urandom(2)))
    assert tally["rounds"] == 5
    assert tally["acknowledged"] > 150, tally


@pytest.mark.long
def test_sigkill_two_hundred_times(tmp_path):
    assert rounds(200, tmp_path, seed=int.from_bytes(os.urandom(2)))["rounds"] == 200


def test_a_killed_writer_comes_back_without_a_restart_of_the_service(fresh_bridge):
    assert client.export(fresh_bridge.http, client.a_request(5)) == 200
    fresh_bridge.child("ingest.writer").kill()
    request = client.a_request(5)
    for _ in range(100):
        status = client.export(fresh_bridge.http, request)
        if status == 200:
            break
        assert status == 503
    assert status == 200
    assert len(client.ids(fresh_bridge.api)) == 10


def test_a_killed_reader_comes_back_without_a_restart_of_the_service(fresh_bridge):
    assert client.export(fresh_bridge.http, client.a_request(5)) == 200
    fresh_bridge.child("ingest.reader").kill()
    query = json.dumps({"project_id": client.PROJECT}).encode()
    for _ in range(200):
        with suppress(OSError, HTTPException):
            status, body = client.call(f"{fresh_bridge.api}/calls/query_stats", query)
            if status == 200:
                break
    assert json.loads(body)["count"] == 5


def test_children_end_when_the_service_is_killed(tmp_path):
    with running(tmp_path / "data") as bridge:
        children = bridge.children
        assert len(children) == 2
        bridge.kill()
        for child in children:
            child.wait(10)


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 24 MiB; needs the right to mount."""
    where = tmp_path / "disk"
    where.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(where)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("mounting a tmpfs is not allowed here")
    yield where
    subprocess.run(["umount", "-l", str(where)], check=True)


def test_r17_a_full_disk_answers_503_and_recovers_by_itself(small_disk):
    ballast = small_disk / "ballast"
    with running(small_disk / "data") as bridge:
        kept = client.a_request(20)
        assert client.export(bridge.http, kept) == 200
        with ballast.open("wb") as file, suppress(OSError):
            while True:
                file.write(os.urandom(65_536))
                file.flush()
        refused = client.a_request(200, text=os.urandom(4_000).hex())
        answers = {client.export(bridge.http, refused) for _ in range(20)}
        assert 503 in answers
        assert client.call(f"{bridge.api}/livez")[0] == 200
        assert set(client.span_ids(kept)) <= set(client.ids(bridge.api))
        ballast.unlink()
        for _ in range(50):
            if (status := client.export(bridge.http, refused)) == 200:
                break
        assert status == 200
        stored = client.ids(bridge.api)
    assert len(stored) == len(set(stored))
    assert {*client.span_ids(kept), *client.span_ids(refused)} <= set(stored)


def test_a_slow_reader_sees_its_own_moment_and_holds_no_journal(fresh_bridge):
    for _ in range(10):
        assert client.export(fresh_bridge.http, client.a_request(500, text="x" * 2_000)) == 200
    where = urlsplit(fresh_bridge.api)
    connection = HTTPConnection(where.hostname, where.port, timeout=60)
    connection.request("POST", "/calls/stream_query", json.dumps({"project_id": client.PROJECT}))
    answer = connection.getresponse()
    lines = [answer.readline()]
    for _ in range(20):
        assert client.export(fresh_bridge.http, client.a_request(500, text="y" * 2_000)) == 200
        lines.append(answer.readline())
    journal = fresh_bridge.data_dir / "calls.db-wal"
    assert journal.stat().st_size <= 256 << 20
    lines += list(answer)
    connection.close()
    assert len({json.loads(line)["id"] for line in lines}) == len(lines) == 5_000
