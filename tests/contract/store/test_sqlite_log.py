"""The log of recent writes stays short, whatever readers do."""

from __future__ import annotations

import threading

import apsw
import pytest

from otel_bridge.errors import Unavailable
from otel_bridge.model.query import CallsFilter
from otel_bridge.store.sqlite import checkpoint
from tests.contract.store.records import T0, Store, an_ended_span, call_id


@pytest.fixture
def path(tmp_path):
    return tmp_path / "calls.db"


class TestLog:
    @pytest.fixture
    def small_log(self, monkeypatch):
        sizes = checkpoint.WalSizes(copy=200_000, finish=200_000, reset=1_000_000, refuse=2_000_000)
        monkeypatch.setattr("otel_bridge.store.sqlite.writer.wal_sizes", lambda _: sizes)

    def write_some(self, store, numbers):
        store.write(*(an_ended_span(n, inputs=b'{"t":"%s"}' % (b"x" * 5000)) for n in numbers))

    def write_on(self, store):
        for at in range(1, 300):
            self.write_some(store, range(at * 10, at * 10 + 10))

    def test_the_log_starts_over_while_writes_go_on(self, path, small_log):
        store = Store("sqlite", path)
        log = path.with_name("calls.db-wal")
        for at in range(300):
            self.write_some(store, range(at * 10, at * 10 + 10))
            store.writer.maintain(now=T0)
        assert log.stat().st_size < 3_000_000
        store.close()

    def test_before_work_is_refused_the_writer_waits_until_a_reader_has_ended(
        self, path, small_log, monkeypatch
    ):
        monkeypatch.setattr(checkpoint, "_WAIT_MILLISECONDS", 1)
        monkeypatch.setattr(checkpoint, "_LONG_WAIT_MILLISECONDS", 60_000)
        store = Store("sqlite", path)
        self.write_some(store, range(10))
        slow = apsw.Connection(str(path))
        slow.execute("BEGIN")
        slow.execute("SELECT count(*) FROM calls").fetchall()
        waits = threading.Event()
        patience = checkpoint.Checkpointer._patience

        def noticed(tended, size):
            milliseconds = patience(tended, size)
            if milliseconds > 1:
                waits.set()
            return milliseconds

        monkeypatch.setattr(checkpoint.Checkpointer, "_patience", noticed)
        ending = threading.Thread(target=lambda: (waits.wait(60), slow.close()))
        ending.start()
        self.write_on(store)
        ending.join()
        assert waits.is_set()
        assert path.with_name("calls.db-wal").stat().st_size < 3_000_000
        store.close()

    def test_a_reader_that_never_ends_bounds_the_log_by_refusing_writes(self, path, small_log, monkeypatch):
        monkeypatch.setattr(checkpoint, "_WAIT_MILLISECONDS", 1)
        monkeypatch.setattr(checkpoint, "_LONG_WAIT_MILLISECONDS", 2)
        store = Store("sqlite", path)
        self.write_some(store, range(10))
        stuck = apsw.Connection(str(path))
        stuck.execute("BEGIN")
        stuck.execute("SELECT count(*) FROM calls").fetchall()
        with pytest.raises(Unavailable, match="readers hold"):
            self.write_on(store)
        assert path.with_name("calls.db-wal").stat().st_size < 3_000_000
        stuck.close()
        self.write_some(store, range(5000, 5010))
        assert store.count(filter=CallsFilter(call_ids=(call_id(5000),))) == 1
        store.close()

    def test_the_default_bound_is_256_mib(self):
        sizes = checkpoint.wal_sizes()
        assert sizes.finish < sizes.copy < sizes.reset < sizes.refuse < checkpoint.MAX_WAL_BYTES == 256 << 20
