"""The logs signal over gRPC, when it is on."""

from __future__ import annotations

import asyncio

import grpc
import pytest
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse

from otel_bridge.errors import InvalidRequest, Refused, RequestTooLarge, Unavailable
from otel_bridge.receiver.decode.logs import WITHOUT_SPAN
from tests.contract.receiver.bodies import PROTOBUF, as_protobuf
from tests.contract.receiver.client import LOGS, SERVICE, refused, trailers
from tests.contract.receiver.log_bodies import encode_logs, padded_logs, partial_success, texts
from tests.fixtures.captures import WITH_LOGS, log_exports, logged_spans
from tests.fixtures.otlp_logs import a_record

CHECK = "/grpc.health.v1.Health/Check"
HEALTH = HealthCheckRequest(service="opentelemetry.proto.collector.logs.v1.LogsService").SerializeToString()


@pytest.fixture
async def bridge(serve):
    return await serve(logs=True)


async def test_an_export_is_taken_and_answered_with_nothing(bridge):
    assert await bridge.call(encode_logs(PROTOBUF, a_record("a"), a_record("b")), LOGS) == b""
    assert texts(bridge.consume.logs) == ["a", "b"]
    assert bridge.log_records("accepted", "grpc") == 2
    assert bridge.requests("OK", "grpc") == 1


@pytest.mark.parametrize("coding", [grpc.Compression.Gzip, grpc.Compression.Deflate])
async def test_a_compressed_export_is_taken(bridge, coding):
    await bridge.call(padded_logs(PROTOBUF, 100_000), LOGS, compression=coding)
    assert len(bridge.consume.logs) == 1


@pytest.mark.parametrize("capture", WITH_LOGS)
async def test_recorded_log_records_of_real_instrumentations_are_taken(bridge, capture):
    for export in log_exports(capture):
        assert await bridge.call(export.body, LOGS, metadata=(("project_id", "ent/proj"),)) == b""
    assert bridge.consume.logs == logged_spans(capture)


async def test_partial_success_has_the_exact_count_and_the_reason(bridge):
    reply = await bridge.call(encode_logs(PROTOBUF, a_record(span_id=b""), a_record()), LOGS)
    assert partial_success(PROTOBUF, reply) == (1, WITHOUT_SPAN)
    assert bridge.log_records("rejected", "grpc") == 1


ERRORS = [
    (Unavailable("my error"), grpc.StatusCode.UNAVAILABLE),
    (Refused("my error"), grpc.StatusCode.INTERNAL),
    (InvalidRequest("my error"), grpc.StatusCode.INVALID_ARGUMENT),
    (RequestTooLarge("my error"), grpc.StatusCode.RESOURCE_EXHAUSTED),
]


@pytest.mark.parametrize(("error", "code"), ERRORS)
async def test_an_error_becomes_its_code_and_only_a_retryable_one_says_when(bridge, error, code):
    bridge.consume.fail_next(error)
    found = await refused(bridge.call(encode_logs(PROTOBUF), LOGS))
    assert (found.code(), found.details()) == (code, "my error")
    status = Status.FromString(trailers(found)["grpc-status-details-bin"])
    retryable = code is grpc.StatusCode.UNAVAILABLE
    assert ("google.rpc.retryinfo-bin" in trailers(found)) is retryable
    assert any(detail.Is(RetryInfo.DESCRIPTOR) for detail in status.details) is retryable


async def test_an_undecodable_body_is_invalid_argument(bridge):
    error = await refused(bridge.call(b"\xff\xff", LOGS))
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "ExportLogsServiceRequest" in error.details()


async def test_a_message_over_the_limit_is_resource_exhausted_without_retry_info(serve):
    bridge = await serve(logs=True, max_request_bytes=2000)
    await bridge.call(padded_logs(PROTOBUF, 2000), LOGS)
    error = await refused(bridge.call(padded_logs(PROTOBUF, 2001), LOGS))
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "google.rpc.retryinfo-bin" not in trailers(error)


async def test_over_the_byte_budget_a_call_is_asked_to_come_again(serve):
    bridge = await serve(logs=True, max_request_bytes=4000, in_flight_bytes=4000)
    bridge.consume.hold()
    first = asyncio.create_task(bridge.call(padded_logs(PROTOBUF, 3000), LOGS))
    await bridge.consume.arrived.wait()
    error = await refused(bridge.call(padded_logs(PROTOBUF, 2000), LOGS))
    assert error.code() is grpc.StatusCode.UNAVAILABLE
    assert "google.rpc.retryinfo-bin" in trailers(error)
    bridge.consume.let_go()
    assert await first == b""


async def test_a_bug_is_unavailable_and_counted(bridge):
    bridge.consume.fail_next(ZeroDivisionError("secret"))
    error = await refused(bridge.call(encode_logs(PROTOBUF), LOGS))
    assert error.code() is grpc.StatusCode.UNAVAILABLE
    assert "secret" not in error.details()
    assert (bridge.noted("unhandled_errors"), bridge.log_records("refused", "grpc")) == (1, 1)


async def test_a_foreign_origin_is_refused(bridge):
    call = bridge.call(encode_logs(PROTOBUF), LOGS, metadata=(("origin", "https://evil.example"),))
    assert (await refused(call)).code() is grpc.StatusCode.PERMISSION_DENIED


async def test_the_health_of_the_logs_service_is_serving_when_it_is_on(bridge):
    reply = await bridge.call(HEALTH, CHECK)
    assert HealthCheckResponse.FromString(reply).status == HealthCheckResponse.SERVING


async def test_the_health_of_the_logs_service_is_not_found_when_it_is_off(serve):
    bridge = await serve()
    assert (await refused(bridge.call(HEALTH, CHECK))).code() is grpc.StatusCode.NOT_FOUND


async def test_spans_are_taken_beside_log_records_and_metrics_are_not(bridge):
    await bridge.call(as_protobuf())
    assert len(bridge.consume.spans) == 1
    error = await refused(bridge.call(b"", SERVICE.format("metrics", "Metrics")))
    assert error.code() is grpc.StatusCode.UNIMPLEMENTED
    assert error.details() == "this endpoint takes traces and logs; set OTEL_METRICS_EXPORTER=none"
