"""Order does not matter, and the two stores are one: generated histories and queries."""

from __future__ import annotations

import tempfile
from itertools import chain
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from otel_bridge.model.call import CompletedCall, DeletedCalls, EndedCall, StartedCall, UpdatedCall
from otel_bridge.model.query import SORTABLE, CallsFilter, SortBy
from tests.contract.store.records import PROJECT, T0, Store, call_id, trace_id
from tests.property.amounts import examples

CALM = settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.too_slow])

numbers = st.integers(1, 4)
traces = st.sampled_from([trace_id(1), trace_id(2)])
texts = st.sampled_from(["a", "b:", "weave:///acme/shop/op/x:1", "é\x00", ""])
trees = st.sampled_from([b"{}", b'{"a":1}', b'{"r":["weave:///acme/shop/object/d:1"]}', b'{"otel_span":1}'])
summaries = st.sampled_from(
    [b"{}", b'{"weave":{"status":"x","own":1}}', b'{"status_counts":{"error":1}}', b'{"usage":{"m":{}}}']
)
outputs = st.sampled_from([None, b"null", b'"weave:///acme/shop/object/d:2"', b"[1]"])


@st.composite
def starts(draw, of=numbers) -> StartedCall:
    kind = draw(st.sampled_from(["plain", "otlp", "json"]))
    trace = draw(traces)
    start_ns = T0 * 1000 + draw(st.integers(0, 1))
    return StartedCall(
        project_id=draw(st.sampled_from([PROJECT, "acme/other"])),
        id=call_id(draw(of)),
        trace_id=trace,
        op_name=draw(texts),
        started_at=T0 + draw(st.integers(0, 2)),
        attributes=draw(trees),
        inputs=draw(trees),
        parent_id=draw(st.sampled_from([None, call_id(1), call_id(2)])),
        display_name=draw(st.none() | texts),
        thread_id=draw(st.none() | texts),
        wb_user_id=draw(st.none() | texts),
        wb_run_id=draw(st.sampled_from([None, "r", "acme/shop/r", "x/y/z"])),
        wb_run_step=draw(st.none() | st.integers(0, 2)),
        span=draw(st.sampled_from([b"one", b"two"])) if kind == "otlp" else None,
        span_start_ns=start_ns if kind == "otlp" else None,
        otel_dump=b'{"name":"x"}' if kind == "json" else None,
    )


@st.composite
def ends(draw, of=numbers) -> EndedCall:
    return EndedCall(
        project_id=draw(st.sampled_from([PROJECT, "acme/other"])),
        id=call_id(draw(of)),
        ended_at=T0 + draw(st.integers(-1, 3000)),
        summary=draw(summaries),
        output=draw(outputs),
        exception=draw(st.none() | texts),
        wb_run_step_end=draw(st.none() | st.integers(0, 2)),
    )


@st.composite
def completed(draw) -> CompletedCall:
    start, end = draw(starts()), draw(ends())
    fields = {name: getattr(end, name) for name in EndedCall.__struct_fields__}
    return CompletedCall(start, EndedCall(**{**fields, "project_id": start.project_id, "id": start.id}))


names = st.builds(UpdatedCall, project_id=st.just(PROJECT), id=numbers.map(call_id), display_name=texts)
deletions = st.builds(
    DeletedCalls, project_id=st.just(PROJECT), ids=st.lists(numbers.map(call_id), max_size=2).map(tuple)
)
changes = starts() | ends() | completed() | completed() | names | deletions
requests = st.lists(st.lists(changes, max_size=5), max_size=8)

filters = st.builds(
    CallsFilter,
    op_names=st.none()
    | st.lists(texts | st.just("weave:///acme/shop/op/x:*") | st.just("b:*"), max_size=2).map(tuple),
    input_refs=st.sampled_from(
        [None, (), ("weave:///acme/shop/object/d:1",), ("weave:///acme/shop/object/d:*",)]
    ),
    output_refs=st.sampled_from([None, ("weave:///acme/shop/object/d:*",)]),
    parent_ids=st.sampled_from([None, (call_id(1),), (call_id(1), call_id(2))]),
    trace_ids=st.sampled_from([None, (trace_id(1),), (trace_id(2), trace_id(3))]),
    call_ids=st.sampled_from([None, (call_id(1),), (call_id(2), call_id(3))]),
    thread_ids=st.none() | st.lists(texts, max_size=2).map(tuple),
    turn_ids=st.sampled_from([None, None, ()]),
    wb_user_ids=st.none() | st.lists(texts, max_size=2).map(tuple),
    wb_run_ids=st.sampled_from([None, ("r",), ("acme/shop/r", "x/y/z")]),
    trace_roots_only=st.sampled_from([None, False, True]),
)
sorts = st.none() | st.lists(
    st.builds(SortBy, st.sampled_from(sorted(SORTABLE)), st.sampled_from(["asc", "desc"])), max_size=3
).map(tuple)
columns = st.none() | st.lists(
    st.sampled_from(["inputs", "output", "summary", "attributes.x", "exception"])
).map(tuple)
queries = st.fixed_dictionaries(
    {
        "project_id": st.sampled_from([PROJECT, "acme/other", "no/body"]),
        "filter": filters,
        "sort_by": sorts,
        "limit": st.none() | st.integers(0, 4),
        "offset": st.integers(0, 3),
        "columns": columns,
    }
)


@CALM
@given(requests, st.lists(queries, min_size=1, max_size=6))
def test_both_stores_answer_alike_whatever_happened_before(history, asked):
    with tempfile.TemporaryDirectory() as folder:
        stores = [Store("memory", Path(folder)), Store("sqlite", Path(folder) / "calls.db")]
        for request in history:
            memory, sqlite = (store.write(*request) for store in stores)
            assert memory == sqlite
        for query in [{}, *asked]:
            memory, sqlite = (store.text(**query) for store in stores)
            assert memory == sqlite
            assert stores[0].count(**query) == stores[1].count(**query)
        for store in stores:
            store.close()


@st.composite
def histories_without_contradiction(draw):
    """Records of some spans and plain calls that agree with each other, in pieces: any number, any order."""
    pieces: list = []
    for number in draw(st.lists(st.integers(1, 6), unique=True, min_size=1)):
        start, end = draw(starts(of=st.just(number))), draw(ends(of=st.just(number)))
        fields = {name: getattr(end, name) for name in EndedCall.__struct_fields__}
        end = EndedCall(**{**fields, "project_id": start.project_id})
        part = StartedCall(
            project_id=start.project_id, id=start.id, trace_id=start.trace_id, op_name=start.op_name,
            started_at=start.started_at, attributes=start.attributes, inputs=start.inputs,
            thread_id=start.thread_id,
        )  # fmt: skip
        name = UpdatedCall(project_id=start.project_id, id=start.id, display_name=draw(texts))
        own = [start, end, part, CompletedCall(start, end), name]
        needed = [own[0], own[1]]
        pieces.append(needed + draw(st.lists(st.sampled_from(own), max_size=3)))
    return list(chain.from_iterable(pieces))


@CALM
@given(histories_without_contradiction(), st.data())
def test_records_that_agree_give_one_result_in_any_order_number_and_grouping(records, data):
    with tempfile.TemporaryDirectory() as folder:
        texts_seen = set()
        for turn in range(3):
            order = data.draw(st.permutations(records)) if turn else records
            cuts = sorted(data.draw(st.lists(st.integers(0, len(order)), max_size=4)))
            store = Store("sqlite", Path(folder) / f"{turn}.db")
            for begin, end in zip([0, *cuts], [*cuts, len(order)], strict=True):
                store.write(*order[begin:end])
            store.write(*data.draw(st.lists(st.sampled_from(records), max_size=3)))
            texts_seen.add(store.text() + store.text(project_id="acme/other"))
            store.close()
        assert len(texts_seen) == 1
