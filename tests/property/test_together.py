"""Spans, log records, feedback, deletions and repairs in any order: both stores tell the same of them all."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from otel_bridge.model.call import DeletedCalls
from tests.contract.store.annex_records import a_remark, feedback_ids, remarks
from tests.contract.store.records import PROJECT, Store, call_id
from tests.contract.store.spans import a_real_span, some_logs
from tests.contract.store.test_measure import measure
from tests.contract.store.test_together import counting
from tests.property.amounts import examples

CALM = settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.too_slow])

numbers = st.integers(1, 3)
spans = st.builds(
    lambda number, tokens, shift, open_: counting()(
        a_real_span(number, tokens=tokens, shift2=shift, open_=open_)
    ),
    numbers,
    st.integers(0, 5),
    st.sampled_from([0, 7]),
    st.booleans(),
)
logs = st.builds(
    lambda number, texts: some_logs(number, *texts),
    numbers,
    st.lists(st.sampled_from("abc"), min_size=1, max_size=2, unique=True),
)
deletions = st.builds(lambda number: DeletedCalls(project_id=PROJECT, ids=(call_id(number),)), numbers)
of_calls = st.lists(spans | spans | logs | logs | deletions, min_size=1, max_size=4)
of_feedback = st.builds(
    lambda name, number: [remarks(a_remark(name, number))], st.sampled_from("xyz"), numbers
)
histories = st.lists(of_calls | of_calls | of_feedback, max_size=8)


def told(store: Store) -> tuple:
    return store.text(include_feedback=True), measure(store), feedback_ids(store)


@CALM
@given(histories, histories)
def test_both_stores_tell_the_same_before_and_after_a_repair(before, after):
    with tempfile.TemporaryDirectory() as folder:
        stores = [
            Store(kind, Path(folder) / "calls.db", translate=counting(), translator=1)
            for kind in ("memory", "sqlite")
        ]
        for request in before:
            memory, sqlite = (store.write(*request) for store in stores)
            assert memory == sqlite
        assert told(stores[0]) == told(stores[1])
        for store in stores:
            store.translate_with(counting(2), version=2)
            store.retranslate()
        assert told(stores[0]) == told(stores[1])
        for request in after:
            memory, sqlite = (store.write(*request) for store in stores)
            assert memory == sqlite
        assert told(stores[0]) == told(stores[1])
        for store in stores:
            store.close()
