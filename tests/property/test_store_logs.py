"""Spans and log records in any order, number and grouping: one call, the same in both stores."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from otel_bridge.model.call import DeletedCalls
from otel_bridge.store.merge import derived_id
from tests.contract.store.records import PROJECT, Store, a_name, an_end, call_id
from tests.contract.store.spans import a_sent_span, some_logs, translation
from tests.property.amounts import examples

CALM = settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.too_slow])

numbers = st.integers(1, 3)
bodies = st.lists(st.sampled_from(["a", "b", "c", "failed d"]), min_size=1, max_size=3, unique=True)
logs = st.builds(
    lambda number, trace, texts: some_logs(number, *texts, trace=trace), numbers, st.integers(1, 2), bodies
)
whole_spans = st.builds(lambda number, thread: a_sent_span(number, thread=f"t{thread}"), numbers, st.just(1))
open_spans = st.builds(lambda number: a_sent_span(number, open_=True, thread="t1"), numbers)


def text_of(store: Store) -> bytes:
    return store.text()


def written(folder: str, name: str, kind: str, requests) -> bytes:
    store = Store(kind, Path(folder) / name, translate=translation())
    for request in requests:
        store.write(*request)
    text = text_of(store)
    store.close()
    return text


def grouped(data, records):
    cuts = sorted(data.draw(st.lists(st.integers(0, len(records)), max_size=4)))
    return [records[a:b] for a, b in zip([0, *cuts], [*cuts, len(records)], strict=True)]


@CALM
@given(st.lists(whole_spans | open_spans, min_size=1, max_size=4), st.lists(logs, max_size=6), st.data())
def test_any_order_of_span_and_log_records_gives_the_same_calls(spans, records, data):
    everything = [*spans, *records]
    with tempfile.TemporaryDirectory() as folder:
        texts = set()
        for turn, kind in enumerate(("sqlite", "sqlite", "memory")):
            order = data.draw(st.permutations(everything)) if turn else everything
            again = data.draw(st.lists(st.sampled_from(everything), max_size=3))
            texts.add(written(folder, f"{turn}.db", kind, [*grouped(data, order), again]))
        assert len(texts) == 1


@CALM
@given(st.lists(logs, min_size=1, max_size=4), st.booleans(), st.data())
def test_it_makes_no_difference_when_logs_come_between_what_people_and_the_api_write(records, named, data):
    others = [a_sent_span(1), an_end(1, exception="by hand", output=None)] + (
        [a_name("mine", 1)] if named else []
    )
    order = data.draw(st.permutations(others))  # these among themselves are another matter
    with tempfile.TemporaryDirectory() as folder:
        texts = set()
        for turn in range(3):
            mixed = list(order)
            for record in records:
                mixed.insert(data.draw(st.integers(0, len(mixed))), record)
            texts.add(written(folder, f"{turn}.db", "sqlite", grouped(data, mixed)))
        assert len(texts) == 1


deletions = st.builds(lambda number: DeletedCalls(project_id=PROJECT, ids=(call_id(number),)), numbers)
other_traces = st.builds(lambda number: a_sent_span(number, trace=2), numbers)
derived_deletions = st.builds(
    lambda number: DeletedCalls(project_id=PROJECT, ids=(derived_id(a_sent_span(number, trace=2).start),)),
    numbers,
)
changes = whole_spans | open_spans | other_traces | logs | logs | logs | deletions | derived_deletions
requests = st.lists(st.lists(changes, max_size=5), max_size=8)


@CALM
@given(requests)
def test_both_stores_keep_logs_alike_whatever_happened_before(history):
    with tempfile.TemporaryDirectory() as folder:
        stores = [
            Store(kind, Path(folder) / "calls.db", translate=translation()) for kind in ("memory", "sqlite")
        ]
        for request in history:
            memory, sqlite = (store.write(*request) for store in stores)
            assert memory == sqlite
        assert text_of(stores[0]) == text_of(stores[1])
        for store in stores:
            store.translate_with(translation(2), version=2)
        memory, sqlite = ([step.changed for step in store.retranslate()] for store in stores)
        assert sum(memory) == sum(sqlite)
        assert text_of(stores[0]) == text_of(stores[1])
        for store in stores:
            store.close()
