"""Frames survive however the socket cuts the stream."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_bridge.ingest import frames
from otel_bridge.model.query import CallsFilter, CallsQuery, SortBy

QUERY = CallsQuery(
    project_id="a/b",
    filter=CallsFilter(op_names=("x:*",), trace_roots_only=True),
    sort_by=(SortBy("started_at", "desc"),),
    limit=3,
    columns=("id",),
)
REQUESTS = (
    frames.ExportSpans(1, "json", 1_790_000_000_000_000_000, "e/p", None),
    frames.ExportLogs(8, "protobuf", 1_790_000_000_000_000_000, None),
    frames.WriteCalls(2, "/call/start", 17, None),
    frames.Ping(3),
    frames.OpenStore(4, "somewhere"),
    frames.PlanQuery(5, QUERY, b"\x00\xff"),
    frames.RenderLines(6, QUERY, (1, 2, 1 << 40)),
    frames.CountCalls(7, QUERY),
)
MESSAGES = (
    frames.Exported(1, 3, 2, "two bad spans", {"duplicate_spans": 1}),
    frames.Answered(2, 422, {}),
    frames.Planned(3, (9, 8), None),
    frames.Rendered(4),
    frames.Counted(5, 6),
    frames.Done(6),
    frames.Failed(7, "invalid", "no", "batch[0]"),
    frames.CannotStart("in use", locked=True),
    frames.Ready(),
    frames.Noted({"expired_calls": 4}),
    frames.Logged("warning", "disk is full", {"bytes": 1}),
)


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda r: type(r).__name__)
def test_a_request_arrives_as_it_was_sent(request_):
    ((head, body),) = frames.Cutter().feed(frames.frame(request_, b"body"))
    assert frames.decode_request(head) == request_
    assert body == b"body"


@pytest.mark.parametrize("message", MESSAGES, ids=lambda m: type(m).__name__)
def test_a_message_arrives_as_it_was_sent(message):
    ((head, body),) = frames.Cutter().feed(frames.frame(message))
    assert frames.decode_message(head) == message
    assert body == b""


@given(st.lists(st.binary(max_size=50), max_size=8), st.lists(st.integers(1, 40), min_size=1, max_size=30))
def test_any_cutting_of_the_stream_gives_the_same_frames(bodies, cuts):
    stream = b"".join(frames.frame(frames.Ping(n), body) for n, body in enumerate(bodies))
    cutter, got, position, turn = frames.Cutter(), [], 0, 0
    while position < len(stream):
        step = cuts[turn % len(cuts)]
        got += [(frames.decode_request(h).id, b) for h, b in cutter.feed(stream[position : position + step])]
        position, turn = position + step, turn + 1
    assert got == list(enumerate(bodies))
