"""What is stored of a span, read back, translates to the same call."""

from __future__ import annotations

import orjson
import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, LogsData

from otel_bridge.translate.calls import translate
from otel_bridge.translate.record import pack
from otel_bridge.translate.stored import UnreadableRecord, logs_json, read_logs, read_span, split_logs
from tests.fixtures.captures import CAPTURES, RECEIVED_NS, ROOT, spans
from tests.fixtures.otlp_spans import SPAN_ID, TRACE_ID, a_span, any_value, pairs

UNKNOWN = b"\xca\x3e\x03new"


def read_back(span, logs=None):
    origin = span.origin
    return read_span(
        pack(span),
        logs,
        project_id=origin.project_id,
        wb_run_id=origin.wb_run_id,
        received_ns=origin.received_ns,
    )


@pytest.mark.parametrize("capture", CAPTURES)
def test_every_recorded_span_is_read_back_and_gives_its_call(capture):
    for span in spans(capture):
        assert translate(read_back(span)) == translate(span)


def test_times_and_runs_that_the_span_does_not_hold_are_given():
    span = a_span(start_time_unix_nano=0, end_time_unix_nano=0, wb_run_id="ent/proj/run")
    call = translate(read_back(span))
    assert (call, call.started_at, call.wb_run_id) == (
        translate(span), span.origin.received_ns // 1000, "ent/proj/run",
    )  # fmt: skip


@pytest.mark.parametrize("parent", [b"", bytes(8), b"short", SPAN_ID])
def test_a_parent_that_was_no_parent_is_none_again(parent):
    span = a_span(parent_span_id=parent)
    assert (read_back(span).parent_id, span.parent_id) == (None, None)


@pytest.mark.parametrize(
    "record",
    [b"", b"\x0a", b"no record at all", b"\xff" * 40, pack(a_span())[:-3], b"\x0a\x04\x12\x02\x12\x00"],
)
def test_what_is_no_span_is_unreadable(record):
    with pytest.raises(UnreadableRecord):
        read_span(record, None, project_id="e/p", wb_run_id=None, received_ns=RECEIVED_NS)


def recorded_logs(capture: str) -> LogsData:
    """The log records that were recorded beside a capture, as a LogsData."""
    raw = (ROOT / capture / "logs-001.pb").read_bytes()
    return LogsData(resource_logs=ExportLogsServiceRequest.FromString(raw).resource_logs)


def test_recorded_logs_change_the_calls_of_their_spans_and_no_others():
    capture = "otel-openai-v2-default"  # without contents: only tool calls and finish reasons say anything
    logs = recorded_logs(capture)
    with_logs = {r.span_id.hex() for rl in logs.resource_logs for sl in rl.scope_logs for r in sl.log_records}
    changed = set()
    for span in spans(capture):
        own = LogsData()
        own.CopyFrom(logs)
        for scope in (scope for resource in own.resource_logs for scope in resource.scope_logs):
            kept = [record for record in scope.log_records if record.span_id.hex() == span.id]
            del scope.log_records[:]
            scope.log_records.extend(kept)
        if translate(read_back(span, own.SerializeToString())) != translate(span):
            changed.add(span.id)
    assert changed
    assert changed <= with_logs


class TestRecords:
    def data(self, *records: LogRecord) -> LogsData:
        data = LogsData()
        for number, record in enumerate(records):
            resource = data.resource_logs.add(schema_url=f"r{number}")
            resource.resource.attributes.extend(pairs({"service.name": "shop"}))
            scope = resource.scope_logs.add(schema_url=f"s{number}")
            scope.scope.name = "lib"
            scope.log_records.append(record)
        return data

    def test_one_message_for_each_record_joined_says_the_same(self):
        data = self.data(LogRecord(time_unix_nano=1), LogRecord(time_unix_nano=2))
        parts = split_logs(data.SerializeToString())
        assert len(parts) == 2
        assert LogsData.FromString(b"".join(parts)) == data

    def test_records_of_one_scope_are_told_apart_too(self):
        data = self.data(LogRecord(time_unix_nano=1))
        data.resource_logs[0].scope_logs[0].log_records.add(time_unix_nano=2)
        parts = [LogsData.FromString(part) for part in split_logs(data.SerializeToString())]
        assert [part.resource_logs[0].scope_logs[0].scope.name for part in parts] == ["lib", "lib"]
        assert split_logs(b"".join(part.SerializeToString() for part in parts)) == split_logs(
            data.SerializeToString()
        )

    def test_fields_nobody_knows_stay(self):
        data = self.data(LogRecord(time_unix_nano=1))
        data.resource_logs[0].MergeFromString(UNKNOWN)
        data.resource_logs[0].scope_logs[0].MergeFromString(UNKNOWN)
        (part,) = split_logs(data.SerializeToString())
        assert part.count(UNKNOWN) == 2

    def test_they_come_in_the_order_of_their_times_observed_where_there_is_no_other(self):
        records = [
            LogRecord(time_unix_nano=3),
            LogRecord(observed_time_unix_nano=1),
            LogRecord(time_unix_nano=2),
        ]
        found = read_logs(self.data(*records).SerializeToString())
        assert [r.time_unix_nano or r.observed_time_unix_nano for r in found] == [1, 2, 3]

    def test_those_of_one_time_stay_in_the_order_they_came(self):
        records = [LogRecord(time_unix_nano=1, body=any_value(text)) for text in "cab"]
        found = read_logs(self.data(*records).SerializeToString())
        assert [record.body.string_value for record in found] == ["c", "a", "b"]

    def test_what_is_no_logs_data_is_unreadable(self):
        with pytest.raises(UnreadableRecord):
            split_logs(b"\xff")

    @pytest.mark.parametrize(
        ("body", "shown"),
        [
            (None, None),
            ("", ""),
            ('{"a":1}', '{"a":1}'),
            ({"content": [1, 0.5, float("nan"), b"\xff"]}, {"content": [1, 0.5, "nan", "/w=="]}),
            (0, 0),
            (False, False),
        ],
    )
    def test_any_body_is_shown_as_json(self, body, shown):
        record = LogRecord(body=any_value(body), trace_id=TRACE_ID, span_id=SPAN_ID)
        (found,) = orjson.loads(logs_json([record]))
        assert found["body"] == shown
        assert found["time_unix_nano"] == "0"
