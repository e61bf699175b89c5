"""How much the SQLite store keeps: retention, the cap, the log, and how small spans become."""

from __future__ import annotations

import itertools
import os

import apsw
import pytest

from otel_bridge.errors import Unavailable
from otel_bridge.model.query import SortBy
from otel_bridge.store.limits import StoreLimits
from otel_bridge.store.sqlite import codec
from tests.contract.store.older import take_back
from tests.contract.store.records import (
    EVERYTHING,
    T0,
    Store,
    a_name,
    a_span,
    an_end,
    an_ended_span,
    call_id,
)
from tests.contract.store.spans import a_sent_span, some_logs, translation

DAY = 86_400


@pytest.fixture
def path(tmp_path):
    return tmp_path / "calls.db"


@pytest.fixture
def store(path):
    opened = Store("sqlite", path)
    yield opened
    opened.close()


class TestRetention:
    def fill(self, path, limits, numbers, *, received_at=T0):
        store = Store("sqlite", path, limits)
        for number in numbers:
            store.write(an_ended_span(number), received_at=received_at + number)
        return store

    def drain(self, store, now):
        steps = 1
        while store.writer.maintain(now=now):
            steps += 1
            assert steps < 1000
        return steps

    def test_calls_go_when_they_are_too_old_oldest_first(self, path):
        store = self.fill(path, StoreLimits(retention_seconds=DAY, max_bytes=None), range(1, 11))
        self.drain(store, T0 + DAY * 1_000_000 + 4)
        assert store.numbers() == list(range(4, 11))
        assert store.writer.expired == 3
        store.close()

    def test_old_calls_go_in_short_steps(self, path):
        store = Store("sqlite", path, StoreLimits(retention_seconds=DAY, max_bytes=None))
        store.write(*(an_ended_span(number) for number in range(1, 1001)))
        assert self.drain(store, T0 + 2 * DAY * 1_000_000) > 3
        assert (store.count(), store.writer.expired) == (0, 1000)
        store.close()

    def test_ends_that_never_met_their_start_go_too(self, path):
        store = Store("sqlite", path, StoreLimits(retention_seconds=DAY, max_bytes=None))
        store.write(an_end(1), a_name("x", 2))
        self.drain(store, T0 + 2 * DAY * 1_000_000)
        store.write(a_span(1), received_at=T0 + 2 * DAY * 1_000_000)
        assert store.the_call()["output"] is None
        store.close()

    def test_without_limits_everything_stays(self, store):
        store.write(an_ended_span())
        assert not store.writer.maintain(now=T0 * 2)
        assert store.count() == 1

    def test_three_turnovers_under_a_cap_leave_the_file_flat(self, path):
        cap = 16 << 20
        store = Store("sqlite", path, StoreLimits(retention_seconds=None, max_bytes=cap))
        sizes, numbers = [], itertools.count(1)
        text = os.urandom(3000).hex().encode()
        for _ in range(4):
            for _ in range(25):
                calls = [an_ended_span(next(numbers), inputs=b'{"t":"%s"}' % text) for _ in range(100)]
                store.write(*calls, received_at=T0)
                store.writer.maintain(now=T0)
            sizes.append(sum(file.stat().st_size for file in path.parent.iterdir()))
        newest = next(numbers) - 1
        assert store.writer.expired > 3 * store.count()
        assert call_id(newest) in store.ids()
        assert max(sizes) <= cap
        assert max(sizes[1:]) <= min(sizes[1:]) * 1.1
        store.close()

    def test_a_lowered_cap_shrinks_the_file(self, path):
        store = Store("sqlite", path)
        text = os.urandom(4000).hex().encode()
        for at in range(60):
            store.write(*(an_ended_span(at * 100 + n, inputs=b'{"t":"%s"}' % text) for n in range(100)))
        store.close()
        large = path.stat().st_size
        store = Store("sqlite", path, StoreLimits(retention_seconds=None, max_bytes=16 << 20))
        self.drain(store, T0)
        store.close()
        assert path.stat().st_size < large / 2
        assert store.writer.expired > 0


class TestDictionary:
    def test_spans_are_packed_with_a_dictionary_of_the_first_ones(self, path):
        store = Store("sqlite", path)
        for at in range(0, 1200, 100):
            store.write(*(self.span(n) for n in range(at, at + 100)))
        before = self.packed(store, 1199)
        self.train(store)
        store.write(self.span(2000))
        assert self.packed(store, 2000) < before / 2
        store.close()
        store = Store("sqlite", path)
        store.write(self.span(2001))
        assert self.packed(store, 2001) < before / 2
        assert all(call["attributes"]["otel_span"] for call in store.calls(limit=5))
        assert store.write(self.span(2000)).unchanged == 1
        store.close()

    def test_no_span_is_packed_with_a_dictionary_that_could_not_be_kept(self, path):
        store = Store("sqlite", path)
        store.write(*(self.span(n) for n in range(1, codec.SAMPLE_SPANS + 1)))
        store.writer.maintain(now=T0)
        store.writer._training.close()
        store.writer._connection.execute("PRAGMA query_only = ON")
        store.writer.maintain(now=T0)
        store.writer._connection.execute("PRAGMA query_only = OFF")
        store.write(self.span(2000))
        store.close()
        store = Store("sqlite", path)
        sent = self.span(2000).start.span.decode()
        assert store.the_call(2000)["attributes"]["otel_span"] == {"record": sent}
        store.close()

    def span(self, number):
        text = " ".join(f"{word} {number * 7919 % 1000 + word}" for word in range(60))
        return an_ended_span(number, span=f"{text} and what every span of an application says".encode())

    def train(self, store):
        for _ in range(2000):
            store.writer.maintain(now=T0)
            if store.writer._book.has_dictionary:
                return
            store.writer._training.close()
        pytest.fail("no dictionary came")

    def packed(self, store, number):
        connection = apsw.Connection(str(store.path))
        sql = "SELECT length(dump) FROM results JOIN calls USING (seq) WHERE id = unhex(?)"
        size = connection.execute(sql, (call_id(number),)).get
        connection.close()
        return size

    def test_spans_with_nothing_in_common_train_no_dictionary(self):
        assert codec.train([b"x"] * 3) is None


def test_the_defaults_keep_fourteen_days_and_twenty_gib():
    assert StoreLimits() == StoreLimits(retention_seconds=14 * DAY, max_bytes=20 << 30)
    assert EVERYTHING.max_bytes is None


def test_a_request_that_does_not_fit_below_the_cap_fits_after_some_upkeep(path):
    store = Store("sqlite", path, StoreLimits(retention_seconds=None, max_bytes=16 << 20))
    text = os.urandom(4000).hex().encode()
    for at in range(15):
        store.write(*(an_ended_span(at * 100 + n, inputs=b'{"t":"%s"}' % text) for n in range(100)))
    large = an_ended_span(9000, inputs=b'{"t":"%s"}' % (b"x" * (3 << 20)))
    with pytest.raises(Unavailable, match="full"):
        store.write(large)
    while store.writer.maintain(now=T0):
        pass
    store.write(large)
    assert call_id(9000) in store.ids(sort_by=(SortBy("id", "desc"),), limit=1)
    store.close()


class TestWaitingLogs:
    def waiting(self, store) -> int:
        return store.writer._connection.execute("SELECT count(*) FROM waiting_logs").get

    def test_they_go_in_short_steps_when_they_have_waited_long_enough(self, path):
        store = Store("sqlite", path, StoreLimits(retention_seconds=DAY, max_bytes=None))
        store.write(*(some_logs(number, "a") for number in range(1, 1001)))
        steps = 1
        while store.writer.maintain(now=T0 + 2 * DAY * 1_000_000):
            steps += 1
        assert (self.waiting(store), store.writer.expired) == (0, 0)
        assert steps > 3
        store.close()

    def test_logs_whose_spans_never_come_do_not_crowd_out_calls(self, path):
        store = Store("sqlite", path, StoreLimits(retention_seconds=None, max_bytes=16 << 20))
        number, text = itertools.count(1), os.urandom(3000).hex()
        for at in range(60):
            strangers = [some_logs(next(number), text + "a") for _ in range(50)]
            calls = [
                an_ended_span(next(number), inputs=b'{"t":"%s"}' % os.urandom(3000).hex().encode())
                for _ in range(50)
            ]
            store.write(*strangers, *calls, received_at=T0 + at)
            store.writer.maintain(now=T0)
        oldest = store.writer._connection.execute("SELECT min(received_at) FROM calls").get
        waited = store.writer._connection.execute("SELECT min(received_at) FROM waiting_logs").get
        assert oldest > T0 + 5
        assert abs(waited - oldest) <= 5
        store.close()


def test_an_older_store_is_brought_forward_and_its_ends_are_the_spans(path, monkeypatch):
    monkeypatch.setattr("tests.contract.store.records.render", lambda record: b'{"record":1}')
    store = Store("sqlite", path, translate=translation(1), translator=1)
    store.write(a_sent_span(1), an_ended_span(2), an_end(3))
    take_back(store.writer._connection, schema=1)
    store.close()
    store.open()
    before = store.numbers()
    store.write(some_logs(1, "a"))
    assert store.the_call(1)["output"] == {"last": "a"}
    store.translate_with(translation(2), version=2)
    (step,) = store.retranslate()
    assert (step.changed, step.unreadable) == (1, 1)
    assert store.numbers() == before
    store.close()


def test_logs_cost_a_request_nothing_until_some_wait_and_one_statement_from_then_on(store):
    asked: list[str] = []
    store.writer._connection.set_exec_trace(lambda _cursor, sql, _bindings: asked.append(sql) or True)
    spans = [an_ended_span(number) for number in range(1, 101)]
    store.write(*spans)
    assert [sql for sql in asked if "waiting_logs" in sql] == []
    store.write(some_logs(999, "a"))
    asked.clear()
    store.write(*spans)
    assert len([sql for sql in asked if "waiting_logs" in sql]) == 1
