"""What the writer makes of a request of log records, and what it says once they are kept."""

from __future__ import annotations

import pytest

from otel_bridge.errors import InvalidRequest
from otel_bridge.ingest import frames
from otel_bridge.ingest.requests import prepare_logs
from otel_bridge.receiver.decode.logs import WITHOUT_SPAN
from otel_bridge.store.base import Applied
from tests.fixtures.otlp_json import as_otlp_json
from tests.fixtures.otlp_logs import a_record, a_request, decoded
from tests.fixtures.otlp_spans import PROJECT, RECEIVED_NS

SENT = a_request(a_record("1"), a_record("lost", span_id=b""), a_record("2"))


def prepared(body: bytes, encoding: str = "protobuf", project_id: str | None = None):
    request = frames.ExportLogs(7, encoding, RECEIVED_NS, project_id)
    return prepare_logs(request, body, default_project=PROJECT)


def reply(applied: Applied):
    ((head, _),) = frames.Cutter().feed(prepared(SENT.SerializeToString()).kept(applied))
    return frames.decode_message(head)


@pytest.mark.parametrize(
    ("encoding", "body"), [("protobuf", SENT.SerializeToString()), ("json", as_otlp_json(SENT))]
)
def test_log_records_become_one_change_for_each_span(encoding, body):
    found = prepared(body, encoding)
    assert found.changes == decoded(SENT).spans
    assert found.received_at == RECEIVED_NS // 1000


def test_the_project_of_the_header_is_theirs():
    (span,) = prepared(SENT.SerializeToString(), project_id="acme/shop").changes
    assert span.project_id == "acme/shop"


def test_the_reply_counts_records_not_spans_and_says_why_some_were_not_kept():
    found = reply(Applied(created=1))
    assert (found.id, found.accepted, found.rejected, found.message) == (7, 2, 1, WITHOUT_SPAN)


def test_records_that_came_again_are_counted_under_a_name_of_their_own():
    counts = reply(Applied(merged=2, unchanged=3)).counts
    assert (counts["duplicate_logs"], counts["merged_calls"]) == (3, 2)
    assert "duplicate_spans" not in counts


def test_a_body_that_is_no_request_is_refused():
    with pytest.raises(InvalidRequest):
        prepared(b"\xff\xff")
