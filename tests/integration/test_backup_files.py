"""Backups of directories without a bridge, and what is said of those that cannot be used."""

from __future__ import annotations

import json
import os

import apsw
import pytest

from otel_bridge.commands import backing_up
from otel_bridge.errors import StartError
from otel_bridge.store.sqlite.writer import SqliteWriter
from tests.contract.queue.records import ONE, Queue, a_record
from tests.contract.store.records import T0, a_start
from tests.e2e.people import run


@pytest.fixture(autouse=True)
def pace(monkeypatch):
    """The command makes its process nice; that of the tests stays as it is."""
    monkeypatch.setattr(os, "nice", lambda _more: 0)


@pytest.fixture
def data_dir(tmp_path):
    """A store with seven calls, a queue with two records, a request in quarantine."""
    folder = tmp_path / "data"
    (folder / "quarantine").mkdir(parents=True)
    (folder / "quarantine" / "1-x.traces.pb").write_bytes(b"a request")
    (folder / "notes.json").write_text("{}")
    (folder / "queue.db.damaged-1").write_bytes(b"what was a queue")
    store = SqliteWriter(folder / "calls.db")
    store.begin()
    store.apply([a_start(number) for number in range(7)], received_at=T0)
    store.commit()
    store.close()
    (folder / "dead").mkdir()
    queue = Queue(folder / "queue.db", ONE)
    queue.close()
    queue.dead_path.rename(folder / "dead" / "dead_letters.db")
    queue.dead_path = folder / "dead" / "dead_letters.db"
    queue.open()
    queue.put(a_record("one"), a_record("two"))
    queue.close()
    return folder


def backed_up(data_dir, target):
    where = {"data_dir": data_dir, "queue_dir": None, "dead_letter_dir": None}
    return backing_up.run(target=target, verify=False, url=None, **where)


@pytest.fixture
def backup(data_dir, tmp_path):
    run("backup", str(tmp_path / "backup"), f"--data-dir={data_dir}")
    return tmp_path / "backup"


def test_all_that_a_directory_holds_comes_back(data_dir, tmp_path):
    backup, again = tmp_path / "backup", tmp_path / "again"
    out, err = run("backup", str(backup), f"--data-dir={data_dir}")
    assert out.startswith("backed up 7 calls, 2 records that wait, 0 dead letters, "), err
    assert run("backup", "--verify", str(backup))[0].startswith(
        f"{backup} is whole: 7 calls, 2 records that wait"
    )
    out, _ = run("restore", str(backup), f"--data-dir={again}")
    assert out.startswith("restored 7 calls, 2 records that wait, 0 dead letters of ")
    assert "2 records wait for an upstream" in out
    assert "it will get again" in out
    kept = {str(path.relative_to(again)) for path in again.rglob("*") if path.is_file()}
    files = {"calls.db", "queue.db", "dead/dead_letters.db", "quarantine/1-x.traces.pb", "lock"}
    assert kept == files | {"notes.json", "queue.db.damaged-1"}
    assert (
        json.loads(run("queue", "inspect", f"--data-dir={again}", "--json")[0])["waiting"][0]["records"] == 2
    )


def test_a_queue_is_left_out_where_nothing_may_be_sent_twice(backup, tmp_path):
    out, _ = run("restore", str(backup), f"--data-dir={tmp_path / 'again'}", "--without-queue")
    assert "2 records that waited for an upstream were left out" in out
    assert not (tmp_path / "again" / "queue.db").exists()
    assert not (tmp_path / "again" / "dead").exists()


def test_a_queue_and_dead_letters_with_places_of_their_own_come_back_there(backup, tmp_path):
    places = (f"--queue-dir={tmp_path / 'q'}", f"--dead-letter-dir={tmp_path / 'd'}")
    run("restore", str(backup), f"--data-dir={tmp_path / 'again'}", *places)
    assert (tmp_path / "again" / "calls.db").exists()
    assert (tmp_path / "q" / "queue.db").exists()
    assert (tmp_path / "d" / "dead_letters.db").exists()
    out, _ = run("backup", str(tmp_path / "second"), f"--data-dir={tmp_path / 'again'}", *places)
    assert out.startswith("backed up 7 calls, 2 records that wait, 0 dead letters, ")
    _, err = run("restore", str(backup), f"--data-dir={tmp_path / 'third'}", *places, code=1)
    assert "is not empty" in err
    assert not (tmp_path / "third" / "calls.db").exists()


def test_what_is_in_a_directory_stays_unless_it_is_to_be_moved_aside(backup, data_dir):
    _, err = run("restore", str(backup), f"--data-dir={data_dir}", code=1)
    assert "is not empty (calls.db, dead, notes.json)" in err
    assert not list(data_dir.glob("restore*"))
    out, _ = run("restore", str(backup), f"--data-dir={data_dir}", "--force")
    (aside,) = data_dir.glob("before-restore-*")
    assert f"what was there before is in {aside}\n" in out
    assert sorted(path.name for path in aside.iterdir()) == [
        "calls.db",
        "dead",
        "notes.json",
        "quarantine",
        "queue.db",
        "queue.db.damaged-1",
    ]


def test_a_backup_never_takes_the_place_of_something_else(data_dir, tmp_path):
    (tmp_path / "there").mkdir()
    _, err = run("backup", str(tmp_path / "there"), f"--data-dir={data_dir}", code=1)
    assert "is there already" in err
    assert list((tmp_path / "there").iterdir()) == []
    with pytest.raises(StartError, match="there is no store"):
        backed_up(tmp_path / "nowhere", tmp_path / "backup")


def test_a_backup_does_not_lie_in_what_it_saves(data_dir):
    _, err = run("backup", str(data_dir / "backups" / "one"), f"--data-dir={data_dir}", code=1)
    assert "name another place" in err
    assert not (data_dir / "backups").exists()


def test_a_damaged_backup_is_told_by_verify_and_not_restored(backup, tmp_path):
    again = tmp_path / "again"
    content = bytearray((backup / "calls.db").read_bytes())
    content[len(content) // 2] ^= 1
    (backup / "calls.db").write_bytes(content)
    for arguments in (("backup", "--verify", str(backup)), ("restore", str(backup), f"--data-dir={again}")):
        assert "SHA-256 differs" in run(*arguments, code=1)[1]
    (backup / "calls.db").write_bytes(content[:-1])
    assert "the manifest says" in run("backup", "--verify", str(backup), code=1)[1]
    (backup / "calls.db").unlink()
    assert "cannot be read" in run("backup", "--verify", str(backup), code=1)[1]
    assert [path.name for path in again.iterdir()] == ["lock"]
    assert "no whole backup" in run("restore", str(tmp_path), f"--data-dir={again}", code=1)[1]
    (backup / "manifest.json").write_text("{")
    assert "is damaged" in run("restore", str(backup), f"--data-dir={again}", code=1)[1]


NEWER = {"path": "calls.db", "bytes": 1, "sha256": "", "schema": 99}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"format": 2, "program": "9.1.0"}, "backup format 2"),
        ({"program": "9.1.0", "files": [NEWER]}, "schema 99"),
        ({"files": [{"path": "../calls.db", "bytes": 1, "sha256": ""}]}, "outside of the backup"),
    ],
)
def test_a_backup_of_a_newer_version_is_refused_by_the_versions_names(tmp_path, change, said):
    whole = {"format": 1, "program": "0.1.0", "began_at": "", "ended_at": "", "files": []}
    (tmp_path / "manifest.json").write_text(json.dumps(whole | change))
    _, err = run("restore", str(tmp_path), f"--data-dir={tmp_path / 'again'}", code=1)
    assert said in err
    assert "program" not in change or "restore it with otel-bridge 9.1.0 or a newer one" in err
    assert not (tmp_path / "again").exists()


def test_a_store_of_a_newer_version_is_not_backed_up(data_dir, tmp_path):
    database = apsw.Connection(str(data_dir / "calls.db"))
    database.pragma("user_version", 99)
    database.close()
    with pytest.raises(StartError, match=r"written by a newer otel-bridge \(schema 99"):
        backed_up(data_dir, tmp_path / "backup")
    assert not (tmp_path / "backup").exists()
