"""Log records through the doors of a real process, with `--logs on` and without."""

from __future__ import annotations

import re

import grpc
import pytest

from tests.e2e import client
from tests.e2e.process import running
from tests.fixtures.captures import WITH_LOGS, exports, log_exports, logged_spans
from tests.fixtures.otlp_logs import a_record, a_request, records

EXPORT = "/opentelemetry.proto.collector.logs.v1.LogsService/Export"
PROTOBUF = "application/x-protobuf"


@pytest.fixture(scope="module")
def bridge(tmp_path_factory):
    with running(tmp_path_factory.mktemp("logs") / "data", OTEL_BRIDGE_LOGS="on") as process:
        yield process


def metric(bridge, name: str) -> float:
    """The sum of a metric's samples."""
    text = client.call(f"{bridge.api}/metrics")[1].decode()
    return sum(float(value) for value in re.findall(rf"^{name}(?:{{[^}}]*}})? (\S+)$", text, re.MULTILINE))


def send(bridge, body: bytes, project: str, path: str = "/v1/logs", *, door: str = "http"):
    base = getattr(bridge, door)
    return client.call(f"{base}{path}", body, Content_Type=PROTOBUF, project_id=project)


def test_the_banner_names_both_paths(bridge):
    assert "(POST /v1/traces, /v1/logs)" in bridge.banner


@pytest.mark.parametrize("capture", WITH_LOGS)
def test_recorded_log_records_are_kept_over_http_and_come_again_over_grpc_unchanged(bridge, capture):
    names = ("otel_bridge_receiver_log_records_total", "otel_bridge_duplicate_logs_total")
    before = [metric(bridge, name) for name in names]
    for export in log_exports(capture):
        assert send(bridge, export.body, "e/p") == (200, b"")
        with grpc.insecure_channel(bridge.grpc) as channel:
            method = channel.unary_unary(EXPORT)
            assert method(export.body, metadata=(("project_id", "e/p"),), timeout=30) == b""
    count = sum(len(records(span.logs)) for span in logged_spans(capture))
    after = [metric(bridge, name) for name in names]
    assert [now - then for now, then in zip(after, before, strict=True)] == [
        2 * count,
        len(logged_spans(capture)),
    ]


def test_log_records_alone_make_no_call(bridge):
    assert send(bridge, a_request(a_record()).SerializeToString(), "logs/alone") == (200, b"")
    assert client.ids(bridge.api, "logs/alone") == []


@pytest.mark.parametrize("path", ["/v1/logs", "/otel/v1/logs", "/agents/otel/v1/logs/", "/traces/v1/logs"])
def test_the_api_port_takes_them_where_it_takes_spans(bridge, path):
    before = metric(bridge, "otel_bridge_receiver_log_records_total")
    body = a_request(a_record()).SerializeToString()
    assert send(bridge, body, "e/p", path, door="api") == (200, b"")
    assert metric(bridge, "otel_bridge_receiver_log_records_total") == before + 1


def test_without_the_option_logs_are_refused_and_the_answer_names_it(bridge_process):
    body = a_request(a_record()).SerializeToString()
    status, answer = send(bridge_process, body, "e/p")
    assert status == 404
    assert b"--logs on" in answer
    assert "(POST /v1/traces)" in bridge_process.banner


def lines(bridge, project: str) -> dict[str, dict]:
    """The calls of a project by id, without what depends on the order of arrival or the project's name."""
    found = client.post(bridge.api, "/calls/stream_query", {"project_id": project})
    return {line["id"]: {k: v for k, v in line.items() if k != "project_id"} for line in found}


def order(bridge, capture: str, project: str, *paths: str) -> dict[str, dict]:
    """Send a capture's spans and log records in this order; return the calls."""
    sent = {"/v1/traces": exports(capture), "/v1/logs": log_exports(capture)}
    for path in paths:
        for export in sent[path]:
            assert send(bridge, export.body, project, path) == (200, b"")
    return lines(bridge, project)


@pytest.mark.parametrize("capture", WITH_LOGS)
def test_log_records_may_come_before_or_after_their_spans(bridge, capture):
    after = order(bridge, capture, f"after/{capture}", "/v1/traces", "/v1/logs")
    before = order(bridge, capture, f"before/{capture}", "/v1/logs", "/v1/traces")
    assert before == after != {}


def test_messages_that_only_log_records_hold_are_in_the_calls(bridge):
    capture = "genai-openai-events"
    without = order(bridge, capture, "e/without", "/v1/traces")
    calls = order(bridge, capture, "e/with", "/v1/traces", "/v1/logs")
    ids = [span.id for span in logged_spans(capture)]
    assert not any(without[each]["inputs"] or without[each]["output"] for each in ids)
    assert all(calls[each]["inputs"] for each in ids)
    assert any(calls[each]["output"] for each in ids)
