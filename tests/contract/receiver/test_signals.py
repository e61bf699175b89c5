"""Metrics and logs that come by accident (R-23, `contract/otlp-receiver.md` §9)."""

from __future__ import annotations

import grpc
import orjson
import pytest
from google.protobuf import json_format
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2 as logs
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2 as metrics
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, ResourceLogs, ScopeLogs
from opentelemetry.proto.metrics.v1 import metrics_pb2 as m

from tests.contract.receiver.bodies import JSON, PROTOBUF, TYPES
from tests.contract.receiver.client import SERVICE, refused

NUMBER = m.NumberDataPoint(as_int=1)
METRICS = metrics.ExportMetricsServiceRequest(
    resource_metrics=[
        m.ResourceMetrics(
            scope_metrics=[
                m.ScopeMetrics(
                    metrics=[
                        m.Metric(name="gauge", gauge=m.Gauge(data_points=[NUMBER, NUMBER])),
                        m.Metric(name="sum", sum=m.Sum(data_points=[NUMBER])),
                        m.Metric(
                            name="histogram", histogram=m.Histogram(data_points=[m.HistogramDataPoint()])
                        ),
                        m.Metric(
                            name="exponential",
                            exponential_histogram=m.ExponentialHistogram(
                                data_points=[
                                    m.ExponentialHistogramDataPoint(),
                                    m.ExponentialHistogramDataPoint(),
                                ]
                            ),
                        ),
                        m.Metric(name="summary", summary=m.Summary(data_points=[m.SummaryDataPoint()])),
                        m.Metric(name="empty"),
                    ]
                )
            ]
        )
    ]
)
LOGS = logs.ExportLogsServiceRequest(
    resource_logs=[
        ResourceLogs(
            scope_logs=[ScopeLogs(log_records=[LogRecord(), LogRecord(severity_text="INFO")]), ScopeLogs()]
        ),
        ResourceLogs(scope_logs=[ScopeLogs(log_records=[LogRecord()])]),
    ]
)
SIGNALS = {
    "metrics": (METRICS, metrics.ExportMetricsServiceResponse, "rejected_data_points", 7),
    "logs": (LOGS, logs.ExportLogsServiceResponse, "rejected_log_records", 3),
}
HINT = "this endpoint takes traces only; set OTEL_METRICS_EXPORTER=none OTEL_LOGS_EXPORTER=none"
HINTS = {
    "metrics": HINT,
    "logs": f"{HINT}, or start the bridge with --logs on, which keeps the log records of spans",
}


def encoded(message, content_type):
    return (
        message.SerializeToString()
        if content_type == PROTOBUF
        else json_format.MessageToJson(message).encode()
    )


@pytest.mark.parametrize("content_type", TYPES)
@pytest.mark.parametrize("path", ["/v1/metrics", "/v1/logs/", "//v1/logs", "/otel/v1/metrics"])
async def test_r23_reject_answers_404_with_the_way_out(bridge, path, content_type):
    reply = await bridge.send(b"", content_type, path=path)
    hint = HINTS[path.strip("/").rpartition("/")[2]]
    assert (reply.status, reply.type, reply.error) == (404, content_type, (12, hint))


@pytest.mark.parametrize("signal", SIGNALS)
async def test_r23_reject_answers_unimplemented_with_the_way_out(bridge, signal):
    method = SERVICE.format(signal, signal.capitalize())
    error = await refused(bridge.call(SIGNALS[signal][0].SerializeToString(), method))
    assert (error.code(), error.details()) == (grpc.StatusCode.UNIMPLEMENTED, HINTS[signal])


@pytest.mark.parametrize("content_type", TYPES)
@pytest.mark.parametrize("signal", SIGNALS)
async def test_r23_discard_answers_with_true_counts(serve, signal, content_type):
    bridge = await serve(unsupported_signals="discard")
    message, response, field, count = SIGNALS[signal]
    reply = await bridge.send(encoded(message, content_type), content_type, path=f"/v1/{signal}")
    assert (reply.status, reply.type) == (200, content_type)
    if content_type == JSON:
        name = {"metrics": "rejectedDataPoints", "logs": "rejectedLogRecords"}[signal]
        assert orjson.loads(reply.body)["partialSuccess"] == {name: str(count), "errorMessage": HINTS[signal]}
    else:
        partial = response.FromString(reply.body).partial_success
        assert (getattr(partial, field), partial.error_message) == (count, HINTS[signal])


@pytest.mark.parametrize("signal", SIGNALS)
async def test_r23_discard_over_grpc_answers_with_true_counts(serve, signal):
    bridge = await serve(unsupported_signals="discard")
    message, response, field, count = SIGNALS[signal]
    reply = await bridge.call(message.SerializeToString(), SERVICE.format(signal, signal.capitalize()))
    assert getattr(response.FromString(reply).partial_success, field) == count


@pytest.mark.parametrize("content_type", TYPES)
async def test_discard_of_nothing_claims_nothing(serve, content_type):
    bridge = await serve(unsupported_signals="discard")
    empty = b"{}" if content_type == JSON else b""
    reply = await bridge.send(empty, content_type, path="/v1/logs")
    assert (reply.status, reply.body) == (200, empty)


MALFORMED = [
    (PROTOBUF, b"\xff\xff"),
    (PROTOBUF, b"\x0a\x05abc"),
    (PROTOBUF, b"\x0b"),
    (PROTOBUF, b"\x09abc"),
    (PROTOBUF, b"\x08" + b"\xff" * 11),
    (JSON, b"1234"),
    (JSON, b'{"resourceLogs": 1}'),
    (JSON, b'{"resourceLogs": [1]}'),
    (JSON, b"[" * 5000),
    (JSON, b'{"resourceLogs": ' + b"[" * 5000),
]


@pytest.mark.parametrize(("content_type", "body"), MALFORMED)
async def test_discard_of_malformed_bytes_is_400(serve, content_type, body):
    bridge = await serve(unsupported_signals="discard")
    assert (await bridge.send(body, content_type, path="/v1/logs")).status == 400


async def test_each_client_is_logged_once_an_hour_and_each_request_counted(bridge, logged):
    for _ in range(3):
        await bridge.send(b"", path="/v1/metrics")
    events = [event for event in logged if event["event"] == "unsupported_signal"]
    assert [(event["signal"], event["client"]) for event in events] == [("metrics", "127.0.0.1")]
    assert bridge.noted("unsupported_signals") == 3
