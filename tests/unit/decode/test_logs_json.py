"""OTLP/JSON of the logs signal: the same rules as for spans (`contract/otlp-receiver.md` §7)."""

from __future__ import annotations

import orjson
import pytest
from opentelemetry.proto.logs.v1.logs_pb2 import SeverityNumber

from otel_bridge.errors import InvalidRequest
from otel_bridge.receiver.base import Encoding
from tests.fixtures.captures import WITH_LOGS, log_exports
from tests.fixtures.otlp_json import IDS, as_otlp_json
from tests.fixtures.otlp_logs import a_record, a_request, decoded, records
from tests.fixtures.otlp_spans import SPAN_ID


def body_of(*log_records) -> bytes:
    return orjson.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": log_records}]}]})


def read(body: bytes):
    return decoded(body, encoding=Encoding.JSON)


def the_record(**members):
    (span,) = read(body_of(IDS | members)).spans
    (record,) = records(span.logs)
    return record


def refusal(**members) -> InvalidRequest:
    with pytest.raises(InvalidRequest) as caught:
        read(body_of(IDS | members))
    return caught.value


def test_every_member_of_a_record_is_read():
    record = the_record(
        timeUnixNano="1760000000123456999",
        observedTimeUnixNano=1760000000123457000,
        severityNumber=9,
        severityText="INFO",
        body={"kvlistValue": {"values": [{"key": "role", "value": {"stringValue": "user"}}]}},
        attributes=[{"key": "n", "value": {"intValue": "7"}}],
        droppedAttributesCount=2,
        flags=1,
        eventName="gen_ai.user.message",
    )
    assert record == a_record(
        {"role": "user"},
        {"n": 7},
        observed_time_unix_nano=1760000000123457000,
        severity_number=9,
        severity_text="INFO",
        dropped_attributes_count=2,
        flags=1,
    )


def test_ids_are_hexadecimal_of_any_case():
    (span,) = read(body_of({**IDS, "spanId": SPAN_ID.hex().upper()})).spans
    assert span.id == SPAN_ID.hex()


def test_an_id_that_is_not_hexadecimal_rejects_its_record_alone():
    found = read(body_of(IDS | {"spanId": "xyz", "eventName": "odd"}, IDS))
    assert (found.accepted, found.rejected) == (1, 1)
    assert found.reasons == ['log record "odd" rejected: span_id is not hexadecimal']


@pytest.mark.parametrize("name", SeverityNumber.keys())
def test_severity_names_are_read_as_their_numbers_with_a_warning(name):
    found = read(body_of(IDS | {"severityNumber": name}))
    (record,) = records(found.spans[0].logs)
    assert record.severity_number == SeverityNumber.Value(name)
    assert (len(found.warnings), found.counts) == (1, {"json_enum_names": 1})


def test_an_unknown_severity_number_is_kept_and_an_unknown_name_is_refused():
    assert the_record(severityNumber=77).severity_number == 77
    assert refusal(severityNumber="LOUD").field == "resourceLogs[0].scopeLogs[0].logRecords[0].severityNumber"


def test_unknown_members_and_nulls_are_ignored():
    assert the_record(body=None, later={"x": [1]}, eventName="e").event_name == "e"


@pytest.mark.parametrize(
    ("members", "path"),
    [
        ({"timeUnixNano": "soon"}, "timeUnixNano"),
        ({"observedTimeUnixNano": -1}, "observedTimeUnixNano"),
        ({"flags": 1 << 32}, "flags"),
        ({"body": "hello"}, "body"),
        ({"body": {"intValue": "x"}}, "body.intValue"),
        ({"attributes": {}}, "attributes"),
        ({"attributes": [{"key": 1}]}, "attributes[0].key"),
        ({"eventName": 1}, "eventName"),
        ({"traceId": 7}, "traceId"),
    ],
)
def test_a_malformed_member_is_refused_with_the_way_to_it(members, path):
    assert refusal(**members).field == f"resourceLogs[0].scopeLogs[0].logRecords[0].{path}"


def test_snake_case_keys_in_a_request_without_records_are_warned_of():
    found = read(b'{"resource_logs":[{"scope_logs":[]}]}')
    (warning,) = found.warnings
    assert "holds no log records" in warning
    assert '"resourceLogs", not "resource_logs"' in warning
    assert found.counts == {"json_snake_case": 1}


@pytest.mark.parametrize("body", [b"1234", b"[]", b'{"resourceLogs":{}}', b'{"resourceLogs":[1]}', b"{", b""])
def test_json_that_is_no_request_is_refused(body):
    with pytest.raises(InvalidRequest):
        read(body)


def test_both_encodings_of_a_request_give_the_same_changes():
    request = a_request(a_record("one", {"a": [1, 2.5, None]}), a_record(b"\0\1", severity_number=17))
    assert read(as_otlp_json(request)).spans == decoded(request).spans


@pytest.mark.parametrize("capture", WITH_LOGS)
def test_the_recorded_requests_mean_the_same_in_json(capture):
    for export in log_exports(capture):
        request = type(a_request()).FromString(export.body)
        assert read(as_otlp_json(request)).spans == decoded(export.body).spans
