"""OTLP/HTTP requests that are refused, and how (`contract/otlp-receiver.md` §2, §4)."""

from __future__ import annotations

import orjson
import pytest
from google.rpc.error_details_pb2 import BadRequest, RetryInfo
from google.rpc.status_pb2 import Status

from otel_bridge.errors import InvalidRequest, Refused, RequestTooLarge, Unavailable
from tests.contract.receiver.bodies import JSON, PROTOBUF, TYPES, encode
from tests.contract.receiver.client import connected, head

ERRORS = {
    "Permanent_NotGRPCError": (Refused("my error"), 500, 13),
    "Retryable_NotGRPCError": (Unavailable("my error"), 503, 14),
    "Permanent_GRPCError_InvalidArgument": (InvalidRequest("my error"), 400, 3),
    "Permanent_GRPCError_Internal": (Refused("my error"), 500, 13),
    "Retryable_GRPCError_Unavailable": (Unavailable("my error"), 503, 14),
    "TooLarge": (RequestTooLarge("my error"), 413, 8),
}


@pytest.mark.parametrize("content_type", TYPES)
@pytest.mark.parametrize(("error", "status", "code"), ERRORS.values(), ids=ERRORS)
async def test_json_http_and_proto_http_answer_an_error_as_a_status(
    bridge, content_type, error, status, code
):
    """TestJSONHTTP, TestProtoHTTP, Test_GetStatusFromError, Test_GetHTTPStatusCodeFromStatus, R-20, R-21."""
    bridge.consume.fail_next(error)
    reply = await bridge.send(encode(content_type), content_type)
    assert (reply.status, reply.type, reply.error) == (status, content_type, (code, "my error"))
    assert bridge.consume.spans == []


@pytest.mark.parametrize(
    "content_type", [None, "invalid", "application/protobuf", "application/grpc-web+proto"]
)
async def test_handle_invalid_requests_an_unknown_media_type_is_415(bridge, content_type):
    """TestHandleInvalidRequests."""
    reply = await bridge.send(b"1234", content_type)
    assert (reply.status, reply.type) == (415, "text/plain")
    assert reply.body == b"415 unsupported media type, supported: [application/json, application/x-protobuf]"


@pytest.mark.parametrize("method", ["GET", "PATCH", "PUT", "DELETE", "OPTIONS"])
async def test_handle_invalid_requests_another_method_is_405(bridge, method):
    """TestHandleInvalidRequests."""
    reply = await bridge.send(None, None, method=method)
    assert (reply.status, reply.type, reply.headers["Allow"]) == (405, "text/plain", "POST")
    assert reply.body == b"405 method not allowed, supported: [POST]"


@pytest.mark.parametrize("content_type", TYPES)
async def test_another_method_with_a_usable_type_gets_a_status(bridge, content_type):
    reply = await bridge.send(b"", content_type, method="PATCH")
    assert (reply.status, reply.error) == (405, (12, "405 method not allowed, supported: [POST]"))


async def test_handle_invalid_requests_json_that_is_no_request_is_400(bridge):
    """TestHandleInvalidRequests: body `1234`."""
    reply = await bridge.send(b"1234", JSON)
    assert (reply.status, reply.type, reply.error[0]) == (400, JSON, 3)


async def test_an_empty_json_body_is_400(bridge):
    reply = await bridge.send(b"", JSON)
    assert (reply.status, reply.error[0]) == (400, 3)


@pytest.mark.parametrize("content_type", TYPES)
async def test_bad_data_names_the_field_at_fault(bridge, content_type):
    reply = await bridge.send(b"\xff\xff\xff", content_type)
    assert reply.status == 400
    if content_type == JSON:
        (detail,) = orjson.loads(reply.body)["details"]
        assert detail["@type"] == "type.googleapis.com/google.rpc.BadRequest"
        assert detail["fieldViolations"][0]["field"]
    else:
        violations = BadRequest()
        assert Status.FromString(reply.body).details[0].Unpack(violations)
        assert violations.field_violations[0].field


@pytest.mark.parametrize("content_type", TYPES)
async def test_http_retry_after_is_one_second_and_never_zero(bridge, content_type):
    """TestHTTPRetryAfter."""
    bridge.consume.fail_next(Unavailable("no room"))
    reply = await bridge.send(encode(content_type), content_type)
    assert reply.headers["Retry-After"] == "1"
    if content_type == JSON:
        (detail,) = orjson.loads(reply.body)["details"]
        assert detail == {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "1s"}
    else:
        info = RetryInfo()
        assert Status.FromString(reply.body).details[0].Unpack(info)
        assert info.retry_delay.seconds == 1


@pytest.mark.parametrize("error", [InvalidRequest("bad"), Refused("no")])
async def test_http_retry_after_is_missing_where_retrying_is_useless(bridge, error):
    """TestHTTPRetryAfter."""
    bridge.consume.fail_next(error)
    assert "Retry-After" not in (await bridge.send(encode(PROTOBUF))).headers


async def test_otlp_receiver_http_traces_ingest_test(bridge):
    """TestOTLPReceiverHTTPTracesIngestTest: ok, transient, permanent, ok."""
    bridge.consume.fail_next(None, Unavailable("later"), Refused("never"), None)
    codes = [(await bridge.send(encode(PROTOBUF))).status for _ in range(4)]
    assert codes == [200, 503, 500, 200]
    assert bridge.spans("accepted") == 2
    assert (bridge.spans("refused"), bridge.spans("failed")) == (1, 1)


@pytest.mark.parametrize("content_type", TYPES)
async def test_r27_the_bare_endpoint_is_told_to_append_the_path(bridge, content_type):
    reply = await bridge.send(encode(content_type), content_type, path="/")
    assert (reply.status, reply.error[0]) == (404, 12)
    assert "append /v1/traces" in reply.error[1]


async def test_an_unknown_path_without_a_type_gets_text(bridge):
    reply = await bridge.send(None, None, path="/v2/traces", method="GET")
    assert (reply.status, reply.type) == (404, "text/plain")


async def test_a_malformed_project_header_is_refused_with_its_form(bridge):
    reply = await bridge.send(encode(PROTOBUF), headers={"project_id": "no-slash"})
    assert (reply.status, reply.error[0]) == (400, 3)
    assert "ENTITY/PROJECT" in reply.error[1]


async def test_a_long_reason_is_cut(bridge):
    bridge.consume.fail_next(InvalidRequest("x" * 100_000))
    assert len((await bridge.send(encode(PROTOBUF))).body) < 16 * 1024


async def test_refusals_are_logged_once_a_minute_for_each_client(bridge, logged):
    for _ in range(3):
        await bridge.send(b"\xff\xff", PROTOBUF)
    (event,) = [event for event in logged if event["event"] == "request_refused"]
    assert (event["code"], event["client"]) == (400, "127.0.0.1")
    assert bridge.requests(400) == 3


MALFORMED_HTTP = {
    "R-10 length and chunked": head(5, Transfer_Encoding="chunked") + b"0\r\n\r\n",
    "two lengths": head(5, content_length="6") + b"12345",
    "negative length": head(-1),
    "chunk size": head(None, Transfer_Encoding="chunked") + b"zz\r\n",
    "long header": head(0, X_Long="x" * 9000),
    "many headers": head(0, **{f"X_{n}": "1" for n in range(200)}),
    "garbage": bytes(range(1, 200)) + b"\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(100) + b"\r\n\r\n",
}


@pytest.mark.parametrize("data", MALFORMED_HTTP.values(), ids=MALFORMED_HTTP)
async def test_malformed_http_is_400_and_an_event_without_a_traceback(bridge, data, logged, caplog):
    async with connected(bridge.http_port) as raw:
        await raw.send(data)
        assert b" 400 " in (await raw.head()).splitlines()[0]
    assert caplog.records == []
    assert not any("exc_info" in event for event in logged)
    assert bridge.consume.exports == []
