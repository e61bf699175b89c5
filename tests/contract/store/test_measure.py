"""What every store adds up for statistics, through every change of its calls."""

from __future__ import annotations

from array import array

import apsw
import orjson
import pytest

from otel_bridge.errors import QueryTimeout
from otel_bridge.model.call import CompletedCall
from otel_bridge.model.query import CallsFilter
from otel_bridge.stats.measure import Measure
from otel_bridge.stats.metrics import CALL_METRICS, TOKEN_METRICS, Wanted
from otel_bridge.stats.tally import PARTS, Tally
from otel_bridge.store.sqlite import measuring, migrate
from tests.contract.store.records import PROJECT, T0, Store, a_call, a_deletion, a_start, an_end

SECOND = 1_000_000
EVERYTHING = tuple(Wanted(metric, frozenset(PARTS), values=True) for metric in CALL_METRICS)
TOKENS = tuple(
    Wanted(metric, frozenset(PARTS), values=True) for metric in (*TOKEN_METRICS, "uncached_tokens")
)


def an_llm_call(number=1, /, *, tokens: int = 10, model: str = "m", **members) -> CompletedCall:
    summary = orjson.dumps({"usage": {model: {"input_tokens": tokens}}})
    return CompletedCall(a_start(number, **members), an_end(number, summary=summary))


def measure(store: Store, *, edges=(T0 - SECOND, T0 + SECOND), sizes=(), **asked):
    return store.reader.measure(
        Measure(
            project_id=PROJECT,
            filter=CallsFilter(**asked),
            edges=edges,
            calls=EVERYTHING,
            usage=TOKENS,
            sizes=sizes,
        )
    )


def rows(store: Store, **asked) -> dict:
    return {key: cell.rows for key, cell in measure(store, **asked).calls.items()}


def tokens(store: Store, **asked) -> dict:
    """The input tokens of every model."""
    found = measure(store, **asked).usage
    return {model: cell.tallies["input_tokens"].sum for (_, model, _), cell in found.items()}


def test_a_cell_tells_everything_of_a_metric(store):
    store.write(an_llm_call(1, tokens=1), an_llm_call(2, tokens=3), an_llm_call(3, tokens=3))

    (cell,) = measure(store).usage.values()
    assert cell.rows == 3
    assert cell.tallies["input_tokens"] == Tally(
        count=3, sum=7, min=1, max=3, ones=1, zeros=0, values=array("q", [1, 3, 3])
    )
    assert cell.tallies["output_tokens"] == Tally(
        count=3, min=0, max=0, zeros=3, values=array("q", [0, 0, 0])
    )
    assert cell.tallies["total_tokens"] == Tally()


def test_the_latency_is_the_floor_also_below_zero(store):
    store.write(CompletedCall(a_start(1), an_end(1, ended_at=T0 - 1)), a_start(2))

    (cell,) = measure(store).calls.values()
    assert (cell.rows, cell.tallies["latency_ms"]) == (
        2,
        Tally(count=1, sum=-1, min=-1, max=-1, values=array("q", [-1])),
    )


def test_a_call_belongs_to_the_bucket_it_started_in(store):
    store.write(*(a_call(n, started_at=T0 + n * SECOND) for n in range(5)))
    assert rows(store, edges=(T0 + SECOND, T0 + 2 * SECOND, T0 + 4 * SECOND)) == {0: 1, 1: 2}


def test_usage_is_told_apart_by_the_sizes_it_exceeds(store):
    store.write(*(an_llm_call(n, tokens=n) for n in range(1, 7)))

    found = measure(store, sizes=(2, 4)).usage
    assert {size: cell.tallies["input_tokens"].sum for (_, _, size), cell in found.items()} == {
        0: 1 + 2,
        1: 3 + 4,
        2: 5 + 6,
    }


@pytest.mark.parametrize("asked", [{}, {"op_names": ("chat",)}, {"call_ids": (f"{1:016x}", f"{2:016x}")}])
class TestChanges:
    """However calls are found, what they spent is what is stored now."""

    def test_an_end_that_comes_later_counts(self, store, asked):
        store.write(a_start(1))
        assert tokens(store, **asked) == {}
        store.write(an_llm_call(1).end)
        assert tokens(store, **asked) == {"m": 10}

    def test_an_end_that_waited_for_its_start_counts(self, store, asked):
        store.write(an_llm_call(1).end)
        store.write(a_start(1))
        assert tokens(store, **asked) == {"m": 10}

    def test_another_end_replaces_the_usage(self, store, asked):
        store.write(an_llm_call(1))
        store.write(an_llm_call(1, tokens=7, model="n").end)
        assert tokens(store, **asked) == {"n": 7}

    def test_a_start_that_moves_takes_the_usage_along(self, store, asked):
        store.write(an_llm_call(1))
        store.write(a_start(1, started_at=T0 + 5 * SECOND))
        assert tokens(store, **asked) == {}
        assert tokens(store, edges=(T0, T0 + 9 * SECOND), **asked) == {"m": 10}

    def test_a_changed_start_keeps_the_usage(self, store, asked):
        store.write(an_llm_call(1))
        store.write(a_start(1, inputs=b'{"q":2}'))
        assert tokens(store, **asked) == {"m": 10}

    def test_a_deleted_call_has_spent_nothing(self, store, asked):
        store.write(an_llm_call(1), an_llm_call(2, tokens=3))
        store.write(a_deletion(1))
        assert tokens(store, **asked) == {"m": 3}

    def test_an_expired_call_has_spent_nothing(self, store, asked):
        store.write(an_llm_call(1))
        store.write(an_llm_call(2, tokens=3), received_at=T0 + 100 * SECOND)
        store.limit_retention(seconds=50)
        while store.writer.maintain(now=T0 + 120 * SECOND):
            pass
        assert tokens(store, **asked) == {"m": 3}


def test_an_unknown_project_has_nothing(store):
    store.write(an_llm_call(1, project_id="acme/other"))
    found = measure(store)
    assert (found.calls, found.usage) == ({}, {})


def test_numbers_that_pass_64_bits_are_added_up_all_the_same(store):
    huge = 1 << 53
    store.write(*(an_llm_call(n, tokens=huge) for n in range(1, 5)))
    assert tokens(store) == {"m": 4 * huge}


def test_a_store_of_an_older_version_knows_what_was_spent(tmp_path):
    path = tmp_path / "calls.db"
    store = Store("sqlite", path)
    summaries = [
        b'{"usage":{"m":{"prompt_tokens":1,"input_tokens":2,"completion_tokens":3,"total_tokens":null}}}',
        b'{"usage":{"m":{"requests":null}}}', b'{"usage":{"m":{"total_tokens":9,"input_tokens":4.0}}}',
        b'{"usage":7}', b"{}", b'{"other":"usage"}', b'{"usage":{"n\xc3\xa9":{"cache_read_input_tokens":5}}}',
    ]  # fmt: skip
    store.write(*(CompletedCall(a_start(n), an_end(n, summary=s)) for n, s in enumerate(summaries)))
    written = measure(store).usage
    store.close()
    file = apsw.Connection(str(path))
    version = file.pragma("user_version")
    file.execute("DROP TABLE usages; PRAGMA user_version = 0; DELETE FROM sqlite_stat1 WHERE tbl = 'usages'")
    (step,) = (step for step in migrate.steps() if "CREATE TABLE usages" in step)
    migrate.migrate(file, path, [step])
    file.execute(f"PRAGMA user_version = {version}")
    file.close()

    store = Store("sqlite", path)
    assert measure(store).usage == written
    assert {model for _, model, _ in written} == {"m", "né"}
    store.close()


def test_statistics_that_take_too_long_are_ended(tmp_path):
    store = Store("sqlite", tmp_path / "calls.db")
    store.write(a_call(1))
    times = iter([0.0, 0.0, 0.0, measuring.MEASURE_SECONDS + 1])
    store.reader._clock = lambda: next(times, measuring.MEASURE_SECONDS + 1)
    with pytest.raises(QueryTimeout, match="longer than 20 s; narrow it: by time"):
        measure(store)
    store.close()
