"""OTLP/gRPC (`contract/otlp-receiver.md` §6)."""

from __future__ import annotations

import asyncio
import gzip

import grpc
import pytest
from google.rpc.error_details_pb2 import BadRequest, RetryInfo
from google.rpc.status_pb2 import Status
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse

from otel_bridge.errors import InvalidRequest, Refused, RequestTooLarge, Unavailable
from otel_bridge.receiver.grpc import _client
from otel_bridge.receiver.settings import Keepalive
from tests.contract.receiver.bodies import PROTOBUF, a_span, as_protobuf, padded, partial_success
from tests.contract.receiver.client import LONGEST_WAIT, TRACES, refused, trailers

LIMIT = 64 << 20
CHECK = "/grpc.health.v1.Health/Check"


async def test_an_export_is_taken_and_answered_with_nothing(bridge):
    assert await bridge.call(as_protobuf(a_span(5))) == b""
    assert [span.name for span in bridge.consume.spans] == ["span 5"]
    assert bridge.spans("accepted", "grpc") == 1
    assert bridge.requests("OK", "grpc") == 1


@pytest.mark.parametrize("coding", [grpc.Compression.Gzip, grpc.Compression.Deflate])
async def test_a_compressed_export_is_taken(bridge, coding):
    await bridge.call(padded(PROTOBUF, 100_000), compression=coding)
    assert len(bridge.consume.spans) == 1


async def test_an_empty_request_is_a_success(bridge):
    assert await bridge.call(b"") == b""


async def test_partial_success_has_the_exact_count_and_a_reason(bridge):
    reply = await bridge.call(as_protobuf(a_span(1), a_span(2, trace_id=b"short"), a_span(3, span_id=b"")))
    rejected, message = partial_success(PROTOBUF, reply)
    assert rejected == 2
    assert "trace_id" in message
    assert (bridge.spans("accepted", "grpc"), bridge.spans("rejected", "grpc")) == (1, 2)


async def test_metadata_names_project_and_run(bridge):
    await bridge.call(as_protobuf(), metadata=(("project_id", "acme%2Fshop"), ("wb_run_id", "run-1")))
    (span,) = bridge.consume.spans
    assert (span.origin.project_id, span.origin.wb_run_id) == ("acme/shop", "run-1")
    assert bridge.noted("percent_encoded_headers") == 1


async def test_an_undecodable_body_is_invalid_argument_and_names_the_field(bridge):
    error = await refused(bridge.call(b"\xff\xff\xff"))
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    status = Status.FromString(trailers(error)["grpc-status-details-bin"])
    detail = BadRequest()
    assert (status.code, status.message) == (3, error.details())
    assert status.details[0].Unpack(detail)
    assert "DecodeError" not in error.details()


ERRORS = {
    "transient": (Unavailable("my error"), grpc.StatusCode.UNAVAILABLE),
    "permanent": (Refused("my error"), grpc.StatusCode.INTERNAL),
    "invalid": (InvalidRequest("my error"), grpc.StatusCode.INVALID_ARGUMENT),
    "too large": (RequestTooLarge("my error"), grpc.StatusCode.RESOURCE_EXHAUSTED),
}


@pytest.mark.parametrize(("error", "code"), ERRORS.values(), ids=ERRORS)
async def test_an_error_becomes_its_code(bridge, error, code):
    """Test_GetStatusFromError."""
    bridge.consume.fail_next(error)
    found = await refused(bridge.call(as_protobuf()))
    assert (found.code(), found.details()) == (code, "my error")


async def test_otlp_receiver_grpc_traces_ingest_test(bridge):
    """TestOTLPReceiverGRPCTracesIngestTest: ok, transient, permanent, ok."""
    bridge.consume.fail_next(None, Unavailable("later"), Refused("never"), None)
    await bridge.call(as_protobuf())
    assert (await refused(bridge.call(as_protobuf()))).code() is grpc.StatusCode.UNAVAILABLE
    assert (await refused(bridge.call(as_protobuf()))).code() is grpc.StatusCode.INTERNAL
    await bridge.call(as_protobuf())
    assert bridge.spans("accepted", "grpc") == 2
    assert (bridge.spans("refused", "grpc"), bridge.spans("failed", "grpc")) == (1, 1)


async def test_r19_a_retryable_error_carries_both_retry_trailers(bridge):
    bridge.consume.fail_next(Unavailable("no room"))
    found = trailers(await refused(bridge.call(as_protobuf())))
    assert RetryInfo.FromString(found["google.rpc.retryinfo-bin"]).retry_delay.seconds == 1
    status, info = Status.FromString(found["grpc-status-details-bin"]), RetryInfo()
    assert status.details[0].Unpack(info)
    assert info.retry_delay.seconds == 1


@pytest.mark.parametrize("error", [Refused("no"), InvalidRequest("bad"), RequestTooLarge("big")])
async def test_r19_other_errors_carry_none(bridge, error):
    bridge.consume.fail_next(error)
    found = trailers(await refused(bridge.call(as_protobuf())))
    assert "google.rpc.retryinfo-bin" not in found
    assert not any(
        d.Is(RetryInfo.DESCRIPTOR) for d in Status.FromString(found["grpc-status-details-bin"]).details
    )


@pytest.mark.parametrize("over", [-1, 0])
async def test_r29_the_default_limit_is_64_mebibytes(bridge, over):
    await bridge.call(padded(PROTOBUF, LIMIT + over))
    assert [len(export.body) for export in bridge.consume.exports] == [LIMIT + over]


@pytest.mark.parametrize("coding", [None, grpc.Compression.Gzip])
async def test_r29_one_byte_more_is_resource_exhausted_without_retry_info(bridge, coding):
    """TestGRPCMaxRecvSize."""
    error = await refused(bridge.call(padded(PROTOBUF, LIMIT + 1), compression=coding))
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "google.rpc.retryinfo-bin" not in trailers(error)
    assert bridge.consume.exports == []


async def test_grpc_has_a_limit_of_its_own(serve):
    bridge = await serve(max_request_bytes=2000, max_grpc_bytes=3000)
    await bridge.call(padded(PROTOBUF, 3000))
    error = await refused(bridge.call(padded(PROTOBUF, 3001)))
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert (await bridge.send(padded(PROTOBUF, 2001))).status == 413


async def test_grpc_max_recv_size_takes_fifty_thousand_spans(bridge):
    """TestGRPCMaxRecvSize: what 4 MiB refused."""
    body = as_protobuf(*map(a_span, range(1, 50_001)))
    assert len(body) > 2 << 20
    await bridge.call(body)
    assert len(bridge.consume.spans) == 50_000


async def test_over_the_byte_budget_a_call_is_asked_to_come_again(serve):
    bridge = await serve(max_request_bytes=4000, in_flight_bytes=4000)
    bridge.consume.hold()
    first = asyncio.create_task(bridge.call(padded(PROTOBUF, 3000)))
    await bridge.consume.arrived.wait()
    error = await refused(bridge.call(padded(PROTOBUF, 2000)))
    assert error.code() is grpc.StatusCode.UNAVAILABLE
    assert "google.rpc.retryinfo-bin" in trailers(error)
    bridge.consume.let_go()
    await first
    assert bridge.intake.budget.used_bytes == 0


async def test_a_client_that_gives_up_does_not_undo_the_work(bridge):
    bridge.consume.hold()
    error = await refused(bridge.call(as_protobuf(a_span(7)), timeout=0.5))
    assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    bridge.consume.let_go()
    async with asyncio.timeout(LONGEST_WAIT):
        await bridge.intake.gate.empty()
    assert [span.name for span in bridge.consume.spans] == ["span 7"]


async def test_work_that_takes_too_long_is_unavailable_and_goes_on(serve):
    bridge = await serve(keep_seconds=0.1)
    bridge.consume.hold()
    assert (await refused(bridge.call(as_protobuf()))).code() is grpc.StatusCode.UNAVAILABLE
    bridge.consume.let_go()
    async with asyncio.timeout(LONGEST_WAIT):
        await bridge.intake.gate.empty()
    assert len(bridge.consume.spans) == 1


async def test_r25_a_bug_is_unavailable_and_counted(bridge):
    bridge.consume.fail_next(ZeroDivisionError("secret"))
    error = await refused(bridge.call(as_protobuf()))
    assert error.code() is grpc.StatusCode.UNAVAILABLE
    assert "secret" not in error.details()
    assert (bridge.noted("unhandled_errors"), bridge.spans("refused", "grpc")) == (1, 1)


async def test_a_bug_of_the_grpc_layer_is_unavailable_too(bridge, monkeypatch):
    monkeypatch.setattr("otel_bridge.receiver.grpc.encode_success", lambda *_: 1 / 0)
    error = await refused(bridge.call(as_protobuf()))
    assert (error.code(), bridge.noted("unhandled_errors")) == (grpc.StatusCode.UNAVAILABLE, 1)


@pytest.mark.parametrize(
    ("peer", "client"), [("ipv4:127.0.0.1:5000", "127.0.0.1"), ("ipv6:%5B::1%5D:5000", "::1"), ("unix:", "")]
)
def test_a_peer_is_cut_down_to_its_address(peer, client):
    assert _client(peer) == client


async def test_too_much_metadata_is_resource_exhausted(bridge):
    error = await refused(bridge.call(as_protobuf(), metadata=(("x-long", "x" * 17_000),)))
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_an_unknown_method_is_unimplemented(bridge):
    error = await refused(bridge.call(b"", TRACES.replace("Export", "Import")))
    assert error.code() is grpc.StatusCode.UNIMPLEMENTED


@pytest.mark.parametrize("service", ["", "opentelemetry.proto.collector.trace.v1.TraceService"])
async def test_health_is_serving(bridge, service):
    reply = await bridge.call(HealthCheckRequest(service=service).SerializeToString(), CHECK)
    assert HealthCheckResponse.FromString(reply).status == HealthCheckResponse.SERVING


async def test_a_connection_that_is_old_enough_ends_and_another_takes_its_place(serve):
    bridge = await serve(keepalive=Keepalive(max_connection_age=0.2, max_connection_age_grace=5.0))
    async with (
        asyncio.timeout(LONGEST_WAIT),
        grpc.aio.insecure_channel(f"127.0.0.1:{bridge.grpc_port}") as channel,
    ):
        await channel.unary_unary(TRACES)(as_protobuf())
        while channel.get_state() is grpc.ChannelConnectivity.READY:
            await channel.wait_for_state_change(grpc.ChannelConnectivity.READY)
        await channel.unary_unary(TRACES)(as_protobuf())


async def test_a_gzip_header_over_other_bytes_is_an_error_and_no_crash(bridge):
    """The library inflates by itself; what it cannot read never reaches us."""
    await bridge.call(as_protobuf())
    error = await refused(bridge.call(gzip.compress(as_protobuf())))
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
