"""The writer's part of a backup: one at a time, only where a ticket lies, ended when nobody asks any more."""

from __future__ import annotations

import apsw
import pytest

from otel_bridge.ingest import backing_up, frames
from otel_bridge.ingest.backing_up import Backups
from otel_bridge.ingest.repair_frames import BackedUp, BackUp
from otel_bridge.store.copying import CopyAsked
from otel_bridge.store.sqlite.connection import open_writer, set_journal


class Bridge:
    """Backups of one database, and what they answered."""

    def __init__(self, folder) -> None:
        self.source = open_writer(folder / "source.db")
        set_journal(self.source)
        self.source.execute("CREATE TABLE t (a INTEGER PRIMARY KEY, b)")
        self.answers: list = []
        self.backups = Backups({"a/copy.db": self.source}, self._hear)

    def _hear(self, data: bytes) -> None:
        self.answers += [frames.decode_message(head) for head, _ in frames.Cutter().feed(data)]

    def ask(self, folder, ticket: str = "secret", *, stop: bool = False):
        asked = CopyAsked(directory=str(folder), ticket=ticket, stop=stop)
        self.backups.ask(BackUp(7, asked))
        assert self.backups.waiting
        self.backups.work()
        return self.answers[-1]

    def add(self, rows: int, size: int) -> None:
        with self.source:
            self.source.executemany("INSERT INTO t (b) VALUES (randomblob(?))", [(size,)] * rows)


@pytest.fixture
def bridge(tmp_path, monkeypatch):
    """Each step copies as little as it may."""
    monkeypatch.setattr("otel_bridge.store.sqlite.copying.STEP_MILLISECONDS", 0)
    made = Bridge(tmp_path)
    yield made
    made.backups.close()
    made.source.close()


@pytest.fixture
def place(tmp_path):
    """Make directories with a ticket."""

    def make(name: str, ticket: str = "secret"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "ticket").write_text(ticket)
        return folder

    return make


def test_what_is_written_while_a_copy_is_made_is_in_it(bridge, place, monkeypatch):
    monkeypatch.setattr("otel_bridge.store.sqlite.copying._AT_ONCE_BYTES", 16 << 10)
    monkeypatch.setattr("otel_bridge.store.sqlite.copying._LAST_BYTES", 32 << 10)
    bridge.add(200, 5000)
    folder, steps = place("target"), 0
    while not (answer := bridge.ask(folder)).result.finished:
        steps += 1
        assert steps < 1000
        bridge.add(1, 100)
        bridge.source.execute("DELETE FROM t WHERE a = ?", (steps,))
        if steps % 10 == 0:
            bridge.source.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    assert steps > 20
    assert answer.result.done_bytes == answer.result.total_bytes == (folder / "a" / "copy.db").stat().st_size
    copy = apsw.Connection(str(folder / "a" / "copy.db"))
    asked = "SELECT count(*), sum(a), sum(length(b)) FROM t"
    assert copy.execute(asked).fetchone() == bridge.source.execute(asked).fetchone()
    assert copy.pragma("integrity_check") == "ok"
    copy.close()


@pytest.mark.parametrize("ticket", ["another", "", None])
def test_nothing_is_written_where_no_ticket_lies(bridge, place, ticket):
    folder = place("target", ticket or "")
    if ticket is None:
        (folder / "ticket").unlink()
    answer = bridge.ask(folder)
    assert (answer.trouble, "does not find the ticket" in answer.message) == ("refused", True)
    assert {path.name for path in folder.iterdir()} <= {"ticket"}
    assert bridge.ask("relative").trouble == "refused"


def test_one_backup_is_made_at_a_time_and_one_that_nobody_asks_for_ends(bridge, place, monkeypatch):
    bridge.add(2000, 5000)
    first, second = place("first"), place("second")
    assert not bridge.ask(first).result.finished
    assert (bridge.ask(second).trouble, bridge.answers[-1].message) == (
        "unavailable",
        "another backup is under way",
    )
    monkeypatch.setattr(backing_up, "FORGOTTEN_SECONDS", -1.0)
    bridge.backups.work()
    assert isinstance(bridge.ask(second), BackedUp)


def test_a_backup_that_is_stopped_makes_room_for_another(bridge, place):
    bridge.add(2000, 5000)
    first, second = place("first"), place("second")
    assert not bridge.ask(first).result.finished
    assert isinstance(bridge.ask(second, stop=True), BackedUp)  # not this one
    assert bridge.ask(second).trouble == "unavailable"
    bridge.ask(first, stop=True)
    assert isinstance(bridge.ask(second), BackedUp)


def test_a_backup_begins_anew_where_the_writer_that_made_it_ended(bridge, place):
    folder = place("target")
    (folder / "a").mkdir()
    (folder / "a" / "copy.db").write_bytes(b"what an earlier writer left" * 1000)
    assert bridge.ask(folder).result.finished


def test_a_target_that_fails_ends_the_backup_and_nothing_else(bridge, place):
    folder = place("target")
    (folder / "a").write_text("a file where a directory belongs")
    assert bridge.ask(folder).trouble == "refused"
    bridge.add(1, 10)
    assert bridge.ask(place("second")).result.finished
