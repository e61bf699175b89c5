"""Any bytes into the receiver give an answer, never a traceback (`FuzzReceiverHandlers`)."""

from __future__ import annotations

import asyncio
import gzip
import zlib

import aiohttp
import structlog
from backports import zstd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span

from otel_bridge.errors import InvalidRequest, RequestTooLarge
from otel_bridge.http.coding import Coding, Inflation
from otel_bridge.http.inflate import open_inflater
from otel_bridge.receiver.base import Encoding
from otel_bridge.receiver.counting import count_items
from otel_bridge.receiver.http import open_http
from otel_bridge.receiver.intake import open_intake
from otel_bridge.receiver.settings import ReceiverSettings
from otel_bridge.receiver.signals import SIGNALS, TRACES
from otel_bridge.telemetry import Telemetry
from otel_bridge.testing import RecordingConsume
from tests.property.amounts import examples

TYPES = ("application/x-protobuf", "application/json")
PATHS = ("/v1/traces", "/v1/metrics", "/v1/logs")
COMPRESS = {"gzip": gzip.compress, "deflate": zlib.compress, "zstd": zstd.compress}

json_like = st.recursive(
    st.sampled_from(["null", "1", "-1", '"x"', "true", "1e400", '"\\ud800"']),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: f"[{','.join(items)}]"),
        st.dictionaries(
            st.sampled_from(
                [
                    "resourceSpans",
                    "scopeSpans",
                    "spans",
                    "traceId",
                    "kind",
                    "attributes",
                    "value",
                    "resourceLogs",
                    "scopeLogs",
                    "logRecords",
                    "spanId",
                    "body",
                    "severityNumber",
                ]
            ),
            inner,
            max_size=3,
        ).map(lambda pairs: "{" + ",".join(f'"{key}":{value}' for key, value in pairs.items()) + "}"),
    ),
    max_leaves=12,
).map(str.encode)
requests = st.tuples(
    st.one_of(st.binary(max_size=300), json_like),
    st.sampled_from(TYPES),
    st.sampled_from(PATHS),
    st.sampled_from([None, *COMPRESS, "snappy"]),
    st.booleans(),
)


async def _answers(sent: list[tuple], *, logs: bool) -> list[int]:
    """Send these and return the statuses; fail when anything but a plain event was logged."""
    settings_ = ReceiverSettings(unsupported_signals="discard", logs=logs)
    with structlog.testing.capture_logs() as events:
        async with (
            open_intake(RecordingConsume(), Telemetry(), settings_) as intake,
            open_http(intake, "127.0.0.1", 0, grpc_port=4317) as bound,
            aiohttp.ClientSession() as session,
        ):
            statuses = [await _status(session, f"http://{bound}", *each) for each in sent]
    assert not [event for event in events if "exc_info" in event]
    return statuses


async def _status(session, base, body, content_type, path, coding, compressed) -> int:
    data = COMPRESS[coding](body) if compressed and coding in COMPRESS else body
    headers = {"Content-Type": content_type} | ({"Content-Encoding": coding} if coding else {})
    async with session.post(base + path, data=data, headers=headers) as response:
        await response.read()
        return response.status


@settings(max_examples=examples(40), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(requests, min_size=1, max_size=12), st.booleans())
def test_any_bytes_in_any_coding_are_answered_200_or_400(sent, logs):
    assert set(asyncio.run(_answers(sent, logs=logs))) <= {200, 400}


@settings(max_examples=examples(200), deadline=None)
@given(st.binary(max_size=20_000), st.sampled_from(list(Coding)), st.data())
def test_inflating_is_the_inverse_of_compressing_however_the_bytes_are_cut(plain, coding, data):
    wire = COMPRESS[coding](plain)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(wire)), max_size=8)))
    pieces = [wire[a:b] for a, b in zip([0, *cuts], [*cuts, len(wire)], strict=True) if a < b]
    inflation = Inflation(pieces, coding)
    parts = []
    while not inflation.finished:
        parts.append(inflation.step(data.draw(st.integers(1, 5000))))
    assert b"".join(parts) == plain


@settings(max_examples=examples(200), deadline=None)
@given(st.binary(max_size=2000), st.sampled_from(list(Coding)))
def test_inflating_any_bytes_ends_with_data_or_a_refusal(wire, coding):
    async def inflate() -> None:
        async with open_inflater() as inflater:
            try:
                await inflater.inflate([wire], coding, max_bytes=10_000)
            except (InvalidRequest, RequestTooLarge):
                return

    asyncio.run(inflate())


@settings(max_examples=examples(200), deadline=None)
@given(st.lists(st.lists(st.integers(0, 5), max_size=4), max_size=4))
def test_counting_finds_every_span_of_a_request(shape):
    request = ExportTraceServiceRequest(
        resource_spans=[
            ResourceSpans(scope_spans=[ScopeSpans(spans=[Span(name="x" * 200)] * count) for count in scopes])
            for scopes in shape
        ]
    )
    assert count_items(request.SerializeToString(), Encoding.PROTOBUF, TRACES) == sum(map(sum, shape))


@settings(max_examples=examples(300), deadline=None)
@given(
    st.one_of(st.binary(max_size=300), json_like), st.sampled_from(list(Encoding)), st.sampled_from(SIGNALS)
)
def test_counting_any_bytes_ends_with_a_number_or_a_refusal(body, encoding, signal):
    try:
        assert count_items(body, encoding, signal) >= 0
    except InvalidRequest:
        return
