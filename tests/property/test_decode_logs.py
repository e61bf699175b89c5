"""Any request of log records is taken apart by span and loses nothing; both encodings mean the same."""

from __future__ import annotations

from collections import defaultdict
from contextlib import suppress

import orjson
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from otel_bridge.errors import InvalidRequest
from otel_bridge.receiver.base import Encoding
from tests.fixtures.otlp_json import as_otlp_json
from tests.fixtures.otlp_logs import a_record, a_request, decoded, records, resource_logs, scope_logs

BODY = a_request(a_record({"a": [1, "x"]}, {"k": True}), resource={"service.name": "s"}).SerializeToString()

texts = st.text(st.characters(codec="utf-8"), max_size=8)
values = st.recursive(
    texts
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats()
    | st.binary(max_size=5)
    | st.none(),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(texts, children, max_size=3),
    max_leaves=5,
)
times = st.integers(0, 2**64 - 1)
log_records = st.builds(
    a_record,
    values,
    st.dictionaries(texts, values, max_size=3),
    trace_id=st.sampled_from([b"\1" * 16, b"\2" * 16, bytes(16), b"", b"short"]),
    span_id=st.sampled_from([b"\1" * 8, b"\2" * 8, bytes(8), b"", b"long" * 3]),
    time_unix_nano=times,
    observed_time_unix_nano=times,
    severity_number=st.integers(-1, 99),
    severity_text=texts,
    event_name=texts,
    flags=st.integers(0, 2**32 - 1),
    dropped_attributes_count=st.integers(0, 2**32 - 1),
)
scopes = st.builds(
    lambda sent, name: scope_logs(*sent, name=name),
    st.lists(log_records, max_size=4),
    st.sampled_from(["", "a", "b"]),
)
homes = st.sampled_from(
    [{}, {"wandb.entity": "e", "wandb.project": "p"}, {"wandb.entity": "e", "wandb.project": "a/b"}]
)
resources = st.builds(
    lambda parts, home: resource_logs(*parts, resource=home), st.lists(scopes, max_size=3), homes
)
requests = st.builds(
    lambda parts: ExportLogsServiceRequest(resource_logs=parts), st.lists(resources, max_size=3)
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | texts,
    lambda children: (
        st.lists(children, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["resourceLogs", "scopeLogs", "logRecords", "traceId", "severityNumber", "body", "attributes"]
            ),
            children,
            max_size=4,
        )
    ),
)


def attempt(body: bytes, encoding: Encoding) -> None:
    with suppress(InvalidRequest):
        decoded(body, encoding=encoding)


def belongs(record) -> bool:
    ids = (record.trace_id, record.span_id)
    return (len(ids[0]), len(ids[1])) == (16, 8) and any(ids[0]) and any(ids[1])


@given(requests)
def test_every_record_of_a_span_is_kept_in_order_and_every_other_one_is_counted(request):
    wanted, lost = defaultdict(list), 0
    for part in request.resource_logs:
        home = {pair.key: pair.value.string_value for pair in part.resource.attributes}
        project = "e/p" if home.get("wandb.project") == "p" else "ent/proj" if not home else None
        for record in (record for scope in part.scope_logs for record in scope.log_records):
            if project is None or not belongs(record):
                lost += 1
            else:
                key = (project, record.trace_id.hex(), record.span_id.hex())
                wanted[key].append(record.SerializeToString())
    found = decoded(request)
    kept = {
        (span.project_id, span.trace_id, span.id): [r.SerializeToString() for r in records(span.logs)]
        for span in found.spans
    }
    assert kept == dict(wanted)
    assert (found.accepted, found.rejected) == (sum(map(len, wanted.values())), lost)


@given(requests)
def test_both_encodings_of_a_request_give_the_same_changes(request):
    binary, text = decoded(request), decoded(as_otlp_json(request), encoding=Encoding.JSON)
    assert text == binary


@given(requests)
def test_what_was_kept_is_taken_apart_in_the_same_way_again(request):
    found = decoded(request)
    for span in found.spans:
        again = decoded(span.logs, default_project=span.project_id)
        assert again.spans == [span]


@given(st.binary(max_size=200))
def test_any_bytes_are_decoded_or_refused(body):
    for encoding in Encoding:
        attempt(body, encoding)


@given(st.integers(0, len(BODY) - 1), st.integers(0, 255))
def test_a_request_with_one_wrong_byte_is_decoded_or_refused(at, byte):
    attempt(BODY[:at] + bytes([byte]) + BODY[at + 1 :], Encoding.PROTOBUF)


@given(json_values)
def test_any_json_is_decoded_or_refused(value):
    attempt(orjson.dumps(value), Encoding.JSON)
    attempt(orjson.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": [value]}]}]}), Encoding.JSON)
