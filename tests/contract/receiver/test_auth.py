"""Keys at the doors of the receivers (`contract/otlp-receiver.md` §10, §12)."""

from __future__ import annotations

import asyncio
from typing import ClassVar

import grpc
import pytest
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpExporter
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans

from otel_bridge.auth.credentials import Scheme
from tests.contract.receiver.bodies import (
    JSON,
    PROTOBUF,
    TYPES,
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
    a_span,
    as_protobuf,
    encode,
)
from tests.contract.receiver.client import connected, head, refused, trailers
from tests.contract.receiver.keys import BEARER, WAYS, basic, keyed
from tests.contract.receiver.test_exporters import trace_with


@pytest.fixture
async def bridge(serve):
    return await serve(door=keyed())


def metadata(headers: dict[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(headers.items())


@pytest.mark.parametrize("headers", WAYS.values(), ids=WAYS)
class TestServerAuth:
    """TestServerAuth, for each way a key may travel."""

    async def test_over_http(self, bridge, headers):
        assert (await bridge.send(as_protobuf(), headers=headers)).status == 200
        assert len(bridge.consume.spans) == 1

    async def test_over_grpc(self, bridge, headers):
        await bridge.call(as_protobuf(), metadata=metadata(headers))
        assert len(bridge.consume.spans) == 1

    async def test_by_a_live_exporter(self, bridge, headers):
        http = HttpExporter(f"{bridge.url}/v1/traces", headers=headers, timeout=10)
        at = f"127.0.0.1:{bridge.grpc_port}"
        over_grpc = GrpcExporter(at, insecure=True, headers=metadata(headers), timeout=10)
        for exporter in (http, over_grpc):
            await asyncio.to_thread(trace_with, exporter)
        assert [span.name for span in bridge.consume.spans] == ["chat", "chat"]


WRONG = {"no key": {}, "wrong": {"authorization": "Bearer wrong"}, "wrong user": basic("all-key", "ann")}


@pytest.mark.parametrize("headers", WRONG.values(), ids=WRONG)
class TestFailedServerAuth:
    """TestFailedServerAuth, TestFailedServerAuthWithErrorHandler."""

    @pytest.mark.parametrize("content_type", TYPES)
    async def test_over_http_it_is_401_in_the_encoding_of_the_request(self, bridge, headers, content_type):
        reply = await bridge.send(encode(content_type), content_type, headers=headers)
        assert (reply.status, reply.type, reply.error[0]) == (401, content_type, 16)
        assert reply.headers["WWW-Authenticate"] == 'Bearer realm="otel-bridge"'
        assert bridge.consume.exports == []

    async def test_over_grpc_it_is_unauthenticated(self, bridge, headers):
        error = await refused(bridge.call(as_protobuf(), metadata=metadata(headers)))
        assert error.code() is grpc.StatusCode.UNAUTHENTICATED
        assert "google.rpc.retryinfo-bin" not in trailers(error)
        assert bridge.consume.exports == []


async def test_a_basic_door_asks_for_basic(serve):
    bridge = await serve(door=keyed(Scheme.BASIC))
    reply = await bridge.send(as_protobuf(), headers=BEARER)
    assert (reply.status, reply.headers["WWW-Authenticate"]) == (
        401,
        'Basic realm="otel-bridge", charset="UTF-8"',
    )
    assert (await bridge.send(as_protobuf(), headers=basic("all-key"))).status == 200


async def test_a_key_without_the_right_is_forbidden(bridge):
    headers = {"authorization": "Bearer read-key"}
    reply = await bridge.send(as_protobuf(), headers=headers)
    assert (reply.status, reply.error[0]) == (403, 7)
    assert "`ingest`" in reply.error[1]
    error = await refused(bridge.call(as_protobuf(), metadata=metadata(headers)))
    assert error.code() is grpc.StatusCode.PERMISSION_DENIED


async def test_a_key_that_makes_too_many_requests_is_told_to_come_again(bridge):
    headers = {"authorization": "Bearer once-key"}
    assert (await bridge.send(as_protobuf(), headers=headers)).status == 200
    reply = await bridge.send(as_protobuf(), headers=headers)
    assert (reply.status, reply.headers["Retry-After"], reply.error[0]) == (429, "1", 8)
    error = await refused(bridge.call(as_protobuf(), metadata=metadata(headers)))
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "google.rpc.retryinfo-bin" in trailers(error)


async def test_who_asks_comes_before_size_coding_and_method(bridge):
    headers = {"Content-Encoding": "nonsense"}
    assert (await bridge.send(b"{", JSON, headers=headers)).status == 401
    assert (await bridge.send(None, JSON, method="GET")).status == 401
    assert (await bridge.send(b"", None)).status == 401
    assert (await bridge.send(as_protobuf(), path="/v1/metrics")).status == 401


async def test_r09_expect_with_bad_auth_is_answered_401_and_no_100(bridge):
    async with connected(bridge.http_port) as raw:
        await raw.send(head(10, Expect="100-continue"))
        answer = await raw.rest()
    assert answer.startswith(b"HTTP/1.1 401 ")
    assert b"100 Continue" not in answer


async def test_expect_with_a_key_costs_one_request_of_its_rate(bridge):
    body = as_protobuf()
    async with connected(bridge.http_port) as raw:
        await raw.send(head(len(body), Expect="100-continue", Authorization="Bearer once-key"))
        assert b"100 Continue" in await raw.head()
        await raw.send(body)
        assert (await raw.head()).startswith(b"HTTP/1.1 200 ")


async def test_a_foreign_host_is_taken_from_who_has_a_key(bridge):
    headers = BEARER | {"Host": "collector.example", "Origin": "https://app.example"}
    assert (await bridge.send(as_protobuf(), headers=headers)).status == 200


def of_projects(*projects: str) -> bytes:
    """A request with one span for each project; "" names none."""
    parts = []
    for number, project in enumerate(projects, 1):
        entity, _, name = project.partition("/")
        pairs = (("wandb.entity", entity), ("wandb.project", name)) if project else ()
        attributes = [KeyValue(key=key, value=AnyValue(string_value=value)) for key, value in pairs]
        scope = ScopeSpans(spans=[a_span(number)])
        parts.append(ResourceSpans(resource=Resource(attributes=attributes), scope_spans=[scope]))
    return ExportTraceServiceRequest(resource_spans=parts).SerializeToString()


class TestProjects:
    HEADERS: ClassVar = {"authorization": "Bearer acme-key"}

    async def test_spans_of_other_projects_are_rejected_by_name_and_cost_the_rest_nothing(self, bridge):
        body = of_projects("acme/app", "other/app", "other/app", "acme2/app", "")
        reply = await bridge.send(body, PROTOBUF, headers=self.HEADERS)
        partial = ExportTraceServiceResponse.FromString(reply.body).partial_success
        assert (reply.status, partial.rejected_spans) == (200, 3)
        for project in ("other/app", "acme2/app"):
            assert f'the key may not write to the project "{project}"' in partial.error_message
        kept = [span.origin.project_id for span in bridge.consume.spans]
        assert kept == ["acme/app", "local/default"]

    async def test_the_header_names_a_project_like_the_resource_does(self, bridge):
        headers = self.HEADERS | {"project_id": "other/app"}
        answer = await bridge.call(of_projects("", "acme/app"), metadata=metadata(headers))
        partial = ExportTraceServiceResponse.FromString(answer).partial_success
        assert (partial.rejected_spans, '"other/app"' in partial.error_message) == (1, True)
        assert [span.origin.project_id for span in bridge.consume.spans] == ["acme/app"]

    async def test_a_key_for_all_projects_writes_to_any(self, bridge):
        await bridge.send(of_projects("acme/app", "other/app"), PROTOBUF, headers=BEARER)
        assert len(bridge.consume.spans) == 2
