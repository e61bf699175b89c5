"""The real Python exporters (R-24): both protocols, every compression they offer."""

from __future__ import annotations

import asyncio

import grpc
import pytest
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExportResult

from otel_bridge.errors import Refused, Unavailable

GRPC_COMPRESSIONS = [grpc.Compression.NoCompression, grpc.Compression.Gzip, grpc.Compression.Deflate]


def exporter_of(bridge, protocol: str, compression):
    if protocol == "http":
        return HttpExporter(f"{bridge.url}/v1/traces", compression=compression, timeout=10)
    return GrpcExporter(f"127.0.0.1:{bridge.grpc_port}", insecure=True, compression=compression, timeout=10)


def trace_with(exporter) -> str:
    """Make one span and export it; return its id."""
    provider = TracerProvider(resource=Resource({"wandb.entity": "acme", "wandb.project": "shop"}))
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    with provider.get_tracer("tests").start_as_current_span("chat", attributes={"n": 1}) as span:
        pass
    provider.shutdown()
    return format(span.get_span_context().span_id, "016x")


@pytest.mark.parametrize(
    ("protocol", "compression"),
    [("http", each) for each in Compression] + [("grpc", each) for each in GRPC_COMPRESSIONS],
    ids=str,
)
async def test_r24_a_live_exporter_is_understood(bridge, protocol, compression):
    span_id = await asyncio.to_thread(trace_with, exporter_of(bridge, protocol, compression))
    (span,) = bridge.consume.spans
    assert (span.id, span.name, span.attributes) == (span_id, "chat", {"n": 1})
    assert span.origin.project_id == "acme/shop"


@pytest.mark.parametrize("protocol", ["http", "grpc"])
async def test_a_live_exporter_comes_again_after_a_retryable_answer(bridge, protocol):
    bridge.consume.fail_next(Unavailable("later"), None)
    compression = Compression.Gzip if protocol == "http" else grpc.Compression.Gzip
    await asyncio.to_thread(trace_with, exporter_of(bridge, protocol, compression))
    assert (len(bridge.consume.exports), len(bridge.consume.spans)) == (2, 1)


@pytest.mark.parametrize("protocol", ["http", "grpc"])
async def test_a_live_exporter_gives_up_after_a_final_answer(bridge, protocol):
    bridge.consume.fail_next(Refused("never"))
    compression = Compression.NoCompression if protocol == "http" else grpc.Compression.NoCompression
    exporter = exporter_of(bridge, protocol, compression)
    results = []
    export = exporter.export
    exporter.export = lambda spans: results.append(export(spans))
    await asyncio.to_thread(trace_with, exporter)
    assert (results, len(bridge.consume.exports)) == ([SpanExportResult.FAILURE], 1)
