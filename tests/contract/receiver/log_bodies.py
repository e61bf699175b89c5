"""OTLP requests of the logs signal to send, and what their answers say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse

from tests.contract.receiver.bodies import JSON
from tests.fixtures.otlp_json import as_otlp_json
from tests.fixtures.otlp_logs import a_record, a_request, records

if TYPE_CHECKING:
    from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord

    from otel_bridge.model.call import LoggedSpan


def encode_logs(content_type: str, *sent: LogRecord) -> bytes:
    """A request of these records, or of one."""
    request = a_request(*(sent or (a_record(),)))
    return as_otlp_json(request) if content_type == JSON else request.SerializeToString()


def padded_logs(content_type: str, size: int) -> bytes:
    """A valid request of exactly this many bytes: one record with a long body."""
    length, body = size, b""
    while len(body) != size:
        length -= len(body) - size if body else len(encode_logs(content_type, a_record("")))
        body = encode_logs(content_type, a_record("x" * length))
    return body


def texts(logs: list[LoggedSpan]) -> list[str]:
    """The text of every record."""
    return [record.body.string_value for span in logs for record in records(span.logs)]


def partial_success(content_type: str, body: bytes) -> tuple[int, str]:
    """Return rejected records and message of an answer."""
    if content_type == JSON:
        partial = orjson.loads(body).get("partialSuccess", {})
        return int(partial.get("rejectedLogRecords", "0")), partial.get("errorMessage", "")
    partial = ExportLogsServiceResponse.FromString(body).partial_success
    return partial.rejected_log_records, partial.error_message
