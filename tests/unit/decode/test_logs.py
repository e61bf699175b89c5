"""Log records find their spans, whole and in order; one that has none is rejected alone."""

from __future__ import annotations

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import LogsData

from otel_bridge.errors import InvalidRequest, RequestTooLarge
from otel_bridge.receiver.base import Encoding
from otel_bridge.receiver.decode import decode_logs
from otel_bridge.receiver.decode.envelopes import MAX_MESSAGES
from otel_bridge.receiver.decode.logs import WITHOUT_SPAN
from otel_bridge.receiver.decode.request import MAX_KEPT_REASONS
from otel_bridge.translate.wire import varint
from tests.fixtures.captures import WITH_LOGS, exports, log_exports, logged_spans, spans
from tests.fixtures.otlp_logs import (
    OTHER_SPAN_ID,
    a_record,
    a_request,
    decoded,
    records,
    resource_logs,
    scope_logs,
)
from tests.fixtures.otlp_spans import PROJECT, SPAN_ID, TRACE_ID

UNKNOWN = b"\xa2\x06\x03new"  # field 100, as a later OTLP may have it


def test_the_records_of_a_span_are_one_change_in_the_order_they_came():
    found = decoded(a_request(a_record("one"), a_record("x", span_id=OTHER_SPAN_ID), a_record("two")))
    assert [(span.project_id, span.trace_id, span.id) for span in found.spans] == [
        (PROJECT, TRACE_ID.hex(), SPAN_ID.hex()),
        (PROJECT, TRACE_ID.hex(), OTHER_SPAN_ID.hex()),
    ]
    assert [record.body.string_value for record in records(found.spans[0].logs)] == ["one", "two"]
    assert (found.accepted, found.rejected, found.reasons, found.warnings) == (3, 0, [], [])


def test_a_request_of_one_span_is_kept_as_it_came():
    request = a_request(a_record("one", {"a": [1, None]}), a_record({"role": "user"}), resource={"s": "t"})
    request.resource_logs[0].schema_url = "https://example.test/r"
    request.resource_logs[0].scope_logs[0].schema_url = "https://example.test/s"
    (span,) = decoded(request).spans
    assert LogsData.FromString(span.logs).resource_logs == request.resource_logs


def test_records_keep_the_resource_and_the_scope_each_came_with():
    request = ExportLogsServiceRequest(
        resource_logs=[
            resource_logs(scope_logs(a_record("1"), name="a"), scope_logs(a_record("2"), name="b")),
            resource_logs(scope_logs(a_record("3"), name="a"), resource={"service.name": "other"}),
        ]
    )
    (span,) = decoded(request).spans
    data = LogsData.FromString(span.logs)
    kept = [
        (len(part.resource.attributes), scope.scope.name, record.body.string_value)
        for part in data.resource_logs
        for scope in part.scope_logs
        for record in scope.log_records
    ]
    assert kept == [(0, "a", "1"), (0, "b", "2"), (1, "a", "3")]


def test_fields_of_a_later_otlp_are_kept_at_every_level():
    record = a_record().SerializeToString() + UNKNOWN
    scope = b"\x12" + varint(len(record)) + record + UNKNOWN
    resource = b"\x12" + varint(len(scope)) + scope + UNKNOWN
    (span,) = decoded(b"\x0a" + varint(len(resource)) + resource).spans
    assert span.logs.count(UNKNOWN) == 3
    assert records(span.logs)[0].body.string_value == "hello"


def test_the_same_ids_in_two_projects_are_two_spans():
    parts = [
        resource_logs(scope_logs(a_record()), resource={"wandb.entity": "e", "wandb.project": name})
        for name in ("p", "q")
    ]
    found = decoded(ExportLogsServiceRequest(resource_logs=parts))
    assert [span.project_id for span in found.spans] == ["e/p", "e/q"]


def test_the_header_names_the_project_where_the_resource_does_not():
    assert decoded(a_request(a_record()), project_id="acme/shop").spans[0].project_id == "acme/shop"


def test_records_without_a_project_are_rejected_with_the_three_ways_to_give_one():
    found = decoded(a_request(a_record(), a_record()), default_project=None)
    assert (found.spans, found.accepted, found.rejected) == ([], 0, 2)
    (reason,) = found.reasons
    assert reason.startswith("2 log records rejected: no project: ")
    for way in ("wandb.entity", "project_id: ENTITY/PROJECT", "--default-project"):
        assert way in reason


@pytest.mark.parametrize(
    "ids",
    [
        {"trace_id": b"", "span_id": b""},
        {"trace_id": bytes(16), "span_id": bytes(8)},
        {"trace_id": b""},
        {"span_id": b""},
        {"span_id": bytes(8)},
    ],
)
def test_records_that_belong_to_no_span_are_rejected_alone(ids):
    found = decoded(a_request(a_record("lost", **ids), a_record("kept"), a_record("lost", **ids)))
    assert (found.accepted, found.rejected, found.reasons) == (1, 2, [WITHOUT_SPAN])
    assert [record.body.string_value for record in records(found.spans[0].logs)] == ["kept"]


@pytest.mark.parametrize(
    ("ids", "fault"),
    [
        ({"trace_id": b"\1" * 15}, "trace_id has 15 bytes, not 16"),
        ({"span_id": b"\1" * 9}, "span_id has 9 bytes, not 8"),
        (
            {"trace_id": b"\1", "span_id": b"\1" * 7},
            "trace_id has 1 byte, not 16, span_id has 7 bytes, not 8",
        ),
    ],
)
def test_a_record_with_a_malformed_id_is_rejected_and_named_by_its_event(ids, fault):
    found = decoded(a_request(a_record(**ids), a_record()))
    assert (found.accepted, found.rejected) == (1, 1)
    assert found.reasons == [f'log record "gen_ai.user.message" rejected: {fault}']


def test_a_bad_project_header_is_refused():
    with pytest.raises(InvalidRequest, match="project_id must read"):
        decoded(a_request(a_record()), project_id="alone")


@pytest.mark.parametrize("body", [b"", b"\x0a\x00", b"\x0a\x02\x12\x00"])
def test_empty_requests_and_envelopes_hold_nothing(body):
    found = decoded(body)
    assert (found.spans, found.accepted, found.rejected) == ([], 0, 0)


@pytest.mark.parametrize(
    "body", [b"\xff\xff", b"\x0a\x05abc", a_request(a_record()).SerializeToString()[:-1]]
)
def test_bytes_that_are_no_request_are_refused_by_name(body):
    with pytest.raises(InvalidRequest, match="not a protobuf ExportLogsServiceRequest"):
        decoded(body)


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (b"\x0a\x00" * (MAX_MESSAGES + 1), Encoding.PROTOBUF),
        (b'{"resourceLogs":[' + b"{}," * MAX_MESSAGES + b"{}]}", Encoding.JSON),
        (
            b'{"resourceLogs":[{"scopeLogs":[{"logRecords":[' + b"{}," * MAX_MESSAGES + b"{}]}]}]}",
            Encoding.JSON,
        ),
    ],
    ids=["envelopes", "json envelopes", "json records"],
)
def test_too_many_messages_are_refused(body, encoding):
    with pytest.raises(RequestTooLarge, match="made of more than 500,000 messages"):
        decoded(body, encoding=encoding)


def test_a_large_resource_with_very_many_records_is_refused():
    many = [a_record(span_id=number.to_bytes(8, "big")) for number in range(1, 301)]
    with pytest.raises(RequestTooLarge, match="send fewer items a request"):
        decoded(a_request(*many, resource={"text": "x" * (1 << 20)}))


def test_of_many_bad_records_all_are_counted_and_some_are_named():
    bad = MAX_KEPT_REASONS + 5
    found = decoded(a_request(*[a_record(span_id=b"\1")] * bad))
    assert (found.rejected, len(found.reasons)) == (bad, MAX_KEPT_REASONS)


@pytest.mark.parametrize("capture", WITH_LOGS)
def test_recorded_log_records_belong_to_recorded_spans_and_are_kept_whole(capture):
    ids = {(span.trace_id, span.id) for span in spans(capture)}
    assert logged_spans(capture)
    assert {(span.trace_id, span.id) for span in logged_spans(capture)} <= ids
    for export in log_exports(capture):
        sent = records(ExportLogsServiceRequest.FromString(export.body).SerializeToString())
        found = decode_logs(export, default_project=PROJECT)
        kept = [record for span in found.spans for record in records(span.logs)]
        assert (found.accepted, found.rejected) == (len(sent), 0)
        assert sorted(r.SerializeToString() for r in kept) == sorted(r.SerializeToString() for r in sent)


def test_captures_without_logs_have_none():
    assert all(exports(capture) for capture in WITH_LOGS)
    assert log_exports("plain-web") == []
