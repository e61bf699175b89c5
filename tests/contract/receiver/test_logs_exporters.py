"""The real Python log exporters: both protocols, every compression they offer."""

from __future__ import annotations

import asyncio

import grpc
import pytest
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter as HttpExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider

from otel_bridge.errors import Unavailable
from tests.contract.receiver.log_bodies import texts
from tests.fixtures.otlp_logs import records

GRPC_COMPRESSIONS = [grpc.Compression.NoCompression, grpc.Compression.Gzip, grpc.Compression.Deflate]


@pytest.fixture
async def bridge(serve):
    return await serve(logs=True)


def exporter_of(bridge, protocol: str, compression):
    if protocol == "http":
        return HttpExporter(f"{bridge.url}/v1/logs", compression=compression, timeout=10)
    return GrpcExporter(f"127.0.0.1:{bridge.grpc_port}", insecure=True, compression=compression, timeout=10)


def log_in_a_span(exporter, *bodies: str) -> tuple[str, str]:
    """Log inside one span and export; return the ids of trace and span."""
    provider = LoggerProvider(resource=Resource({"wandb.entity": "acme", "wandb.project": "shop"}))
    provider.add_log_record_processor(SimpleLogRecordProcessor(exporter))
    with TracerProvider().get_tracer("tests").start_as_current_span("chat") as span:
        for body in bodies:
            event = LogRecord(
                body=body, severity_number=SeverityNumber.INFO, event_name="e", attributes={"n": 1}
            )
            provider.get_logger("tests").emit(event)
    provider.shutdown()
    context = span.get_span_context()
    return format(context.trace_id, "032x"), format(context.span_id, "016x")


@pytest.mark.parametrize(
    ("protocol", "compression"),
    [("http", each) for each in Compression] + [("grpc", each) for each in GRPC_COMPRESSIONS],
    ids=str,
)
async def test_a_live_log_exporter_is_understood(bridge, protocol, compression):
    exporter = exporter_of(bridge, protocol, compression)
    ids = await asyncio.to_thread(log_in_a_span, exporter, "hello")
    (span,) = bridge.consume.logs
    assert ((span.trace_id, span.id), span.project_id) == (ids, "acme/shop")
    (record,) = records(span.logs)
    assert (record.body.string_value, record.event_name, record.severity_number) == ("hello", "e", 9)


@pytest.mark.parametrize("protocol", ["http", "grpc"])
async def test_a_live_log_exporter_comes_again_after_a_retryable_answer(bridge, protocol):
    bridge.consume.fail_next(Unavailable("later"), None)
    compression = Compression.Gzip if protocol == "http" else grpc.Compression.Gzip
    await asyncio.to_thread(log_in_a_span, exporter_of(bridge, protocol, compression), "again")
    assert (len(bridge.consume.exports), texts(bridge.consume.logs)) == (2, ["again"])
