"""Real spans and log records, small ones, and a translation that shows what it was given."""

from __future__ import annotations

import orjson
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, LogsData
from opentelemetry.proto.trace.v1.trace_pb2 import Span as Message

from otel_bridge.model.call import CompletedCall, EndedCall, LoggedSpan, StartedCall
from otel_bridge.model.span import Origin, Span
from otel_bridge.translate.record import pack
from tests.contract.store.records import PROJECT, T0, call_id, trace_id
from tests.fixtures.otlp_spans import any_value, pairs

START_NS = T0 * 1000


def a_real_span(
    number: int = 1,
    *,
    trace: int = 1,
    parent: int | None = None,
    start_ns: int = START_NS,
    open_: bool = False,
    **said,
) -> Span:
    """A span whose attributes are `said`."""
    message = Message(
        trace_id=bytes.fromhex(trace_id(trace)),
        span_id=bytes.fromhex(call_id(number)),
        parent_span_id=bytes.fromhex(call_id(parent)) if parent else b"",
        name=said.pop("name", "chat"),
        start_time_unix_nano=start_ns,
        end_time_unix_nano=0 if open_ else start_ns + 1_500_000_000,
        attributes=pairs(said),
    )
    return Span(
        origin=Origin(project_id=said.pop("project_id", PROJECT), received_ns=START_NS),
        message=message,
        attributes=said,
        id=call_id(number),
        trace_id=trace_id(trace),
        name=message.name,
        start_ns=start_ns,
        end_ns=message.end_time_unix_nano,
        parent_id=call_id(parent) if parent else None,
    )


def translation(version: int = 1):
    """A translation that shows attributes, logs and its version; some attributes are fields of the call."""

    def translate(span: Span) -> CompletedCall | StartedCall:
        said = span.attributes
        bodies = [record.body.string_value for record in span.logs]
        failed = next((body for body in bodies if body.startswith("failed")), said.get("exception"))
        start = StartedCall(
            project_id=span.origin.project_id,
            id=span.id,
            trace_id=span.trace_id,
            op_name=span.name,
            started_at=span.start_ns // 1000 + said.get(f"shift{version}", 0),
            attributes=orjson.dumps({"version": version, "said": said}),
            inputs=orjson.dumps(
                {"logs": bodies, **({"ref": said["ref"]} if version == 2 and "ref" in said else {})}
            ),
            parent_id=span.parent_id,
            display_name=said.get("display"),
            thread_id=said.get("thread") if version == 1 else None,
            wb_run_id=span.origin.wb_run_id,
            span=pack(span),
            span_start_ns=span.start_ns,
        )
        if not span.end_ns:
            return start
        end = EndedCall(
            project_id=span.origin.project_id,
            id=span.id,
            ended_at=span.end_ns // 1000,
            summary=orjson.dumps({"version": version}),
            output=orjson.dumps({"last": bodies[-1] if bodies else None}),
            exception=failed,
        )
        return CompletedCall(start, end)

    return translate


def a_sent_span(number: int = 1, *, version: int = 1, **members) -> CompletedCall | StartedCall:
    """A span as the receiver hands it over: translated, without logs."""
    return translation(version)(a_real_span(number, **members))


def a_record(body: str, at: int = 1, **fields) -> LogRecord:
    """A log record of time `at`."""
    return LogRecord(body=any_value(body), time_unix_nano=START_NS + at, **fields)


def logs_data(*records: LogRecord, scope: str = "tests") -> bytes:
    """An OTLP LogsData of these records under one resource and one scope."""
    data = LogsData()
    resource = data.resource_logs.add()
    resource.resource.attributes.extend(pairs({"service.name": "shop"}))
    under = resource.scope_logs.add()
    under.scope.name = scope
    under.log_records.extend(records)
    return data.SerializeToString()


def some_logs(number: int, *bodies: str | LogRecord, trace: int = 1, project_id: str = PROJECT) -> LoggedSpan:
    """Log records of a span; the time of a text is its place in the alphabet."""
    records = [a_record(b, ord(b[-1])) if isinstance(b, str) else b for b in bodies]
    return LoggedSpan(
        project_id=project_id, trace_id=trace_id(trace), id=call_id(number), logs=logs_data(*records)
    )
