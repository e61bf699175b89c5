"""What requests become in the queue: lanes, pieces, barriers; and that nothing changes on the way."""

from __future__ import annotations

import pytest

from otel_bridge.model.call import CompletedCall, DeletedCalls, EndedCall, StartedCall, UpdatedCall
from otel_bridge.queue import payload as p
from otel_bridge.queue.base import API_SHARD, SPAN_SHARDS, Record
from otel_bridge.receiver.base import Encoding
from otel_bridge.receiver.decode import decode
from otel_bridge.translate.calls import translate
from tests.fixtures.captures import CAPTURES, exports

PROJECT, OTHER = "acme/one", "acme/two"


def decoded(name):
    for export in exports(name):
        yield from decode(export, default_project=PROJECT).spans


def as_lent(record):
    return Record(
        seq=1,
        kind=record.kind,
        calls=record.calls,
        payload=record.payload,
        received_ns=record.received_ns,
        wb_run_id=record.wb_run_id,
    )


@pytest.mark.parametrize("name", CAPTURES)
def test_the_calls_of_spans_are_the_same_behind_the_queue(name):
    spans = list(decoded(name))
    records = p.span_records(spans)
    back = {
        (span.trace_id, span.id): translate(span)
        for record in records
        for span in p.read_spans(as_lent(record), record.project_id)
    }
    assert back == {(span.trace_id, span.id): translate(span) for span in spans}
    assert sum(record.calls for record in records) == len(spans)


def test_spans_of_a_trace_share_a_lane_and_keep_their_order():
    spans = [span for name in CAPTURES for span in decoded(name)]
    lanes = {}
    for record in p.span_records(spans):
        for span in p.read_spans(as_lent(record), record.project_id):
            lanes.setdefault(span.trace_id, []).append((record.shard, span.id))
    for trace_id, found in lanes.items():
        assert len({shard for shard, _ in found}) == 1
        assert 1 <= found[0][0] <= SPAN_SHARDS
        assert [one for _, one in found] == [span.id for span in spans if span.trace_id == trace_id]


def test_resource_and_scope_lie_once_in_a_record():
    spans = list(decoded("oi-openai"))
    (record, *_) = p.span_records(spans)
    assert record.payload.count(spans[0].origin.resource_wire) == 1


def test_a_record_is_cut_at_its_size_and_at_its_number_of_calls(monkeypatch):
    spans = list(decoded("oi-openai"))
    monkeypatch.setattr(p, "MAX_RECORD_CALLS", 1)
    assert [record.calls for record in p.span_records(spans)] == [1] * len(spans)
    monkeypatch.setattr(p, "MAX_RECORD_CALLS", 500)
    monkeypatch.setattr(p, "MAX_RECORD_BYTES", 1)
    assert [record.calls for record in p.span_records(spans)] == [1] * len(spans)


def a_start(number, project=PROJECT):
    return StartedCall(
        project_id=project, id=f"{number:016x}", trace_id=f"{number:032x}", op_name="op", started_at=number,
        attributes=b"{}", inputs=b'{"a":1}', otel_dump=b'{"b":2}',
    )  # fmt: skip


def an_end(number, project=PROJECT):
    return EndedCall(project_id=project, id=f"{number:016x}", ended_at=number + 1, summary=b"{}", output=b"3")


CHANGES = [
    a_start(1),
    an_end(1),
    CompletedCall(a_start(2), an_end(2)),
    UpdatedCall(project_id=PROJECT, id="x", display_name="named"),
    DeletedCalls(project_id=PROJECT, ids=("x", "y")),
]


def test_changes_come_back_as_they_were():
    assert p.read_changes(p.pack_changes(CHANGES)) == CHANGES


def test_changes_of_one_write_share_a_record_a_project_and_barriers_stand_alone():
    records = p.change_records([CHANGES[0], a_start(5, OTHER), *CHANGES[1:], a_start(9)], 7)
    assert [(r.project_id, r.calls, r.barrier) for r in records] == [
        (PROJECT, 3, False),
        (OTHER, 1, False),
        (PROJECT, 1, True),
        (PROJECT, 1, True),
        (PROJECT, 1, False),
    ]
    assert {(r.shard, r.received_ns, r.kind) for r in records} == {(API_SHARD, 7, "calls")}
    assert [p.is_barrier(record.payload) for record in records] == [record.barrier for record in records]


def test_many_changes_of_a_write_are_cut_into_records(monkeypatch):
    monkeypatch.setattr(p, "MAX_RECORD_CALLS", 2)
    records = p.change_records([a_start(number) for number in range(5)], 7)
    assert [record.calls for record in records] == [2, 2, 1]


def test_the_lane_of_a_stored_payload_is_that_of_its_trace():
    for record in p.span_records(list(decoded("oi-openai"))):
        assert p.shard_of_payload(record.payload) == record.shard


@pytest.mark.parametrize("read", [p.read_changes, p.is_barrier, p.shard_of_payload])
def test_what_is_no_payload_is_said(read):
    with pytest.raises(p.UnreadablePayload):
        read(b"\xff\xff\xff\xff")
    with pytest.raises(p.UnreadablePayload):
        p.read_spans(Record(seq=1, kind="spans", calls=1, payload=b"\xff\xff", received_ns=0), PROJECT)


def test_the_encodings_of_a_request_make_no_difference():
    assert {export.encoding for name in CAPTURES for export in exports(name)} == set(Encoding)
