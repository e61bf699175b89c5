"""The test span: marked, without content, of a trace that any sampler keeps which keeps anything."""

from __future__ import annotations

import os
import time
from base64 import b64encode
from typing import TYPE_CHECKING, Any, Final

import grpc
from msgspec import Struct
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from otel_bridge import __version__
from otel_bridge.auth.own_key import advice
from otel_bridge.translate.senders import DOCTOR

if TYPE_CHECKING:
    from collections.abc import Mapping

    from otel_bridge.commands.doctor.running import Client

NAME: Final = "otel-bridge doctor"
MARK: Final = "otel_bridge.doctor"
"""An attribute of every test span, for conditions that are to know it."""
RANDOMNESS: Final = b"\xff" * 7
"""The end of its trace id: the most random of all (W3C Trace Context 2), so it is sampled last."""
PROTOBUF: Final = "application/x-protobuf"
EXPORT: Final = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
TIMEOUT_SECONDS: Final = 20.0


class TestSpan(Struct, frozen=True):
    """A test span, ready to be sent."""

    id: str
    trace_id: str
    request: Any

    @property
    def body(self) -> bytes:
        """The export request as protobuf."""
        body: bytes = self.request.SerializeToString()
        return body

    @property
    def encoded(self) -> str:
        """The same as base64."""
        return b64encode(self.body).decode()


def make(attributes: Mapping[str, str], resource: Mapping[str, str], *, random: bool = False) -> TestSpan:
    """Make a test span with these attributes beside its own; `random`: any trace id, as hashes decide."""
    trace_id = os.urandom(16) if random else os.urandom(9) + RANDOMNESS
    span_id = os.urandom(8)
    now = time.time_ns()
    request = ExportTraceServiceRequest()
    spans = request.resource_spans.add()
    spans.resource.attributes.extend(_pairs({"service.name": DOCTOR, **resource}))
    scope = spans.scope_spans.add()
    scope.scope.name, scope.scope.version = DOCTOR, __version__
    span = scope.spans.add(
        trace_id=trace_id,
        span_id=span_id,
        name=NAME,
        kind=1,
        start_time_unix_nano=now - 1_000_000,
        end_time_unix_nano=now,
    )
    span.attributes.append(KeyValue(key=MARK, value=AnyValue(bool_value=True)))
    span.attributes.extend(_pairs(attributes))
    return TestSpan(span_id.hex(), trace_id.hex(), request)


def _pairs(values: Mapping[str, str]) -> list[KeyValue]:
    return [KeyValue(key=key, value=AnyValue(string_value=value)) for key, value in values.items()]


class Taken(Struct, frozen=True):
    """What a receiver answered. `reached` False: nothing did, `why` says so."""

    reached: bool
    ok: bool
    why: str = ""
    rejected: int = 0


def send_http(client: Client, url: str, span: TestSpan, headers: Mapping[str, str]) -> Taken:
    """Send it over OTLP/HTTP."""
    answer = client.send("POST", f"{url}/v1/traces", span.body, {"Content-Type": PROTOBUF, **headers})
    if not answer.status:
        return Taken(reached=False, ok=False, why=answer.words)
    if answer.status != 200:  # noqa: PLR2004 - success, and nothing else (OTLP/HTTP)
        words = f"{_status(answer.body)}{advice(answer.status)}"
        return Taken(reached=True, ok=False, why=f"answered {answer.status}: {words}")
    return _partial(answer.body)


def send_grpc(client: Client, address: str, span: TestSpan, headers: Mapping[str, str]) -> Taken:
    """Send it over OTLP/gRPC; `address` is HOST:PORT."""
    metadata = [(name.lower(), value) for name, value in {**client.headers, **headers}.items()]
    with _channel(address, client.grpc) as channel:
        export = channel.unary_unary(EXPORT)
        try:
            return _partial(export(span.body, timeout=TIMEOUT_SECONDS, metadata=metadata))
        except grpc.RpcError as error:
            code, why = error.code(), error.details() or ""
            reached = code is not grpc.StatusCode.UNAVAILABLE or "onnect" not in why
            return Taken(reached=reached, ok=False, why=f"answered {code.name}: {why}" if reached else why)


def _channel(address: str, credentials: grpc.ChannelCredentials | None) -> grpc.Channel:
    options = [("grpc.enable_http_proxy", 0)]
    if credentials is None:
        return grpc.insecure_channel(address, options=options)
    return grpc.secure_channel(address, credentials, options=options)


def _partial(body: bytes) -> Taken:
    partial = ExportTraceServiceResponse.FromString(body).partial_success
    return Taken(
        reached=True,
        ok=not partial.rejected_spans,
        why=partial.error_message,
        rejected=partial.rejected_spans,
    )


def _status(body: bytes) -> str:
    """Return the words of a `google.rpc.Status`, or of whatever it is."""
    from google.protobuf.message import DecodeError  # noqa: PLC0415 - for what went wrong
    from google.rpc.status_pb2 import Status  # noqa: PLC0415 - the same

    try:
        return str(Status.FromString(body).message) or "no reason"
    except DecodeError:
        return body[:200].decode(errors="replace")
