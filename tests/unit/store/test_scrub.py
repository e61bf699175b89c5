"""Scrubbing overwrites free space, and nothing else."""

from __future__ import annotations

from contextlib import closing
from itertools import count

import apsw
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from otel_bridge.store.sqlite import scrub
from otel_bridge.store.sqlite.connection import open_writer, set_journal
from otel_bridge.store.sqlite.scrub import Scrubber

GONE, KEPT = "erased-marker ", "kept-text "
NAMES = (f"{number}.db" for number in count())
ROWS = st.lists(
    st.tuples(st.booleans(), st.sampled_from([1, 20, 90, 400, 3000]), st.booleans()), min_size=1, max_size=60
)


def cut(connection: apsw.Connection) -> bool:
    connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    return True


@given(rows=ROWS, page_bytes=st.sampled_from([512, 4096, 16384]))
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_byte_of_deleted_rows_is_left_and_no_other_is_changed(tmp_path, rows, page_bytes):
    path = tmp_path / next(NAMES)
    with closing(open_writer(path)) as connection:
        set_journal(connection, page_bytes=page_bytes)
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("CREATE TABLE plain (n INTEGER PRIMARY KEY, text TEXT, more BLOB)")
        connection.execute("CREATE TABLE keyed (text TEXT, n INTEGER, PRIMARY KEY (text, n)) WITHOUT ROWID")
        connection.execute("CREATE INDEX by_text ON plain (text)")
        with connection:
            for number, (gone, times, grows) in enumerate(rows):
                text = (GONE if gone else KEPT) * times
                first = text[:20] if grows else text
                connection.execute("INSERT INTO plain VALUES (?, ?, ?)", (number, first, text.encode()))
                connection.execute("INSERT INTO keyed VALUES (?, ?)", (text, number))
                if grows:
                    connection.execute("UPDATE plain SET text = ? WHERE n = ?", (text, number))
        with connection:
            for table in ("plain", "keyed"):
                connection.execute(f"DELETE FROM {table} WHERE text LIKE 'erased%'")
        kept = connection.execute("SELECT * FROM plain, keyed USING (n)").fetchall()
        scrubber = Scrubber(connection, lambda: cut(connection))
        for _ in range(1_000):
            if scrubber.step():
                break
        assert GONE.encode()[:8] not in path.read_bytes()
        assert connection.pragma("integrity_check") == "ok"
        assert connection.execute("SELECT * FROM plain, keyed USING (n)").fetchall() == kept


def test_a_log_that_readers_hold_puts_it_off(tmp_path):
    with closing(open_writer(tmp_path / "a.db")) as connection:
        set_journal(connection)
        connection.execute("CREATE TABLE t (a)")
        assert Scrubber(connection, lambda: False).step() is False
        assert Scrubber(connection, lambda: True).step() is False  # the log was not emptied


@pytest.mark.parametrize(("writes", "passes"), [(False, 1), (True, scrub.PASSES)])
def test_pages_are_looked_at_again_if_something_was_written_meanwhile(tmp_path, monkeypatch, writes, passes):
    seen, real = [], scrub.Pages.scrub

    def noted(pages, number):
        seen.append(number)
        real(pages, number)

    monkeypatch.setattr(scrub.Pages, "scrub", noted)
    ticks = count()
    monkeypatch.setattr(scrub.time, "monotonic", lambda: next(ticks) * scrub.STEP_MILLISECONDS / 2000)
    with closing(open_writer(tmp_path / "a.db")) as connection:
        set_journal(connection)
        connection.execute("CREATE TABLE t (a)")
        connection.execute("CREATE TABLE u (a)")
        scrubber = Scrubber(connection, lambda: cut(connection))
        assert not scrubber.step()  # some pages, not all
        if writes:
            connection.execute("INSERT INTO t VALUES (1)")
        for _ in range(100):
            if scrubber.step():
                break
    assert seen.count(1) == passes
