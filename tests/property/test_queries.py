"""One meaning (design D6): both stores select what the reference selects, whatever is stored and asked."""

from __future__ import annotations

import random
import tempfile
from contextlib import nullcontext
from pathlib import Path
from unittest import mock

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from otel_bridge.model.query import CallsQuery
from otel_bridge.store.sqlite import scan
from otel_bridge.store.sqlite.select import search
from tests.contract.store.records import PROJECT, T0, Store
from tests.property.amounts import examples
from tests.property.generated import Maker, ScoresOnly

EXAMPLES = 60
CALLS = 14
EXPRESSIONS = 50
"""Sixty stores, each asked fifty times: 3,000 expressions over some 40,000 calls."""

seeds = st.integers(0, 2**32)


@settings(max_examples=examples(EXAMPLES), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seeds)
def test_both_stores_select_what_the_reference_selects(seed):
    compare(Maker(random.Random(seed)), seed)


@settings(max_examples=examples(EXAMPLES // 8), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seeds)
def test_both_stores_select_by_feedback_what_the_reference_selects(seed):
    compare(ScoresOnly(random.Random(seed)), seed, feedback=40)


def keep(store: Store, calls: list) -> None:
    """Let a few calls arrive together, the next ones some minutes later."""
    for at, call in enumerate(calls):
        store.write(call, received_at=T0 + at // 3 * 200_000_000)


def compare(make: Maker, seed: int, *, feedback: int = 7) -> None:
    short = mock.patch.multiple(scan, WINDOW_CALLS=5, WEIGHED_CALLS=4) if seed % 2 else nullcontext()
    with short, tempfile.TemporaryDirectory() as folder:
        stores = [Store("memory", Path(folder)), Store("sqlite", Path(folder) / "calls.db")]
        history = [make.call(number) for number in range(1, CALLS + 1)]
        said = make.feedback(CALLS, most=feedback)
        for store in stores:
            keep(store, history)
            store.write(said)
        for _ in range(EXPRESSIONS):
            query = {"query": make.operation(), "sort_by": make.sort_by()}
            memory, sqlite = (store.ids(**query) for store in stores)
            assert sqlite == memory, query
            page = {**query, "limit": make.chance.randrange(5), "offset": make.chance.randrange(3)}
            assert stores[1].ids(**page) == memory[page["offset"] :][: page["limit"]], page
            assert stores[1].count(**query) == len(memory), query
        for store in stores:
            store.close()


def test_most_of_what_is_generated_is_decided_by_sql_and_tells_calls_apart(tmp_path):
    """Else the test above would compare the reference with itself, or nothing with nothing."""
    make = Maker(random.Random(2))
    store = Store("memory", tmp_path)
    keep(store, [make.call(number) for number in range(1, CALLS + 1)])
    store.write(make.feedback(CALLS))
    pushed = telling = 0
    for _ in range(400):
        query = {"query": make.operation()}
        pushed += search(CallsQuery(project_id=PROJECT, **query), 1).narrowed.residual is None
        telling += 0 < len(store.ids(**query)) < CALLS
    assert pushed > 240
    assert telling > 80
