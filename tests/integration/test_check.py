"""`otel-bridge check` finds what is wrong, names it and how to mend it, and mends what it can."""

from __future__ import annotations

import json
import shutil
from contextlib import closing
from typing import TYPE_CHECKING

import apsw
import pytest

from otel_bridge.commands import checking
from otel_bridge.errors import DataDirectoryLocked, StartError
from otel_bridge.ingest.lock import data_directory_lock
from tests.e2e.people import run
from tests.upgrade.opened import open_queue, open_store
from tests.upgrade.releases import unpacked

if TYPE_CHECKING:
    from pathlib import Path

STORE, QUEUE, DEAD = "calls.db", "queue.db", "dead/dead_letters.db"


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """What a bridge with an upstream wrote: calls of every kind, feedback, records, a dead letter."""
    folder, _ = unpacked("store-8-queue-2", tmp_path_factory.mktemp("sound"))
    open_store(folder)
    open_queue(folder)
    return folder


@pytest.fixture
def data_dir(sound, tmp_path):
    """The same, to be changed."""
    return shutil.copytree(sound, tmp_path / "data")


def change(path: Path, *statements: str) -> None:
    """Do to a database what no bridge does."""
    with closing(apsw.Connection(str(path))) as database:
        for statement in statements:
            database.execute(statement).fetchall()


def checked(data_dir: Path, *more: str, code: int = 1) -> dict:
    return json.loads(run("check", f"--data-dir={data_dir}", "--json", *more, code=code)[0])


def test_a_sound_directory_is_counted(data_dir):
    out, err = run("check", f"--data-dir={data_dir}")
    assert err == ""
    lines = [line.strip() for line in out.splitlines()]
    assert lines == [
        "41 calls",
        "41 upgrade/test",
        "9 waiting records",
        "45 waiting calls",
        "1 dead letters",
        "0 quarantined requests",
        "nothing is wrong",
    ]
    found = checked(data_dir, "--quick", code=0)
    assert (found["ok"], found["quick"], found["findings"], found["skipped"]) == (True, True, [], [])
    assert found["counts"]["projects"] == {"upgrade/test": 41}


ONE_CALL = "(SELECT min(seq) FROM calls)"
WRONG = {
    "no body": (STORE, f"DELETE FROM bodies WHERE seq = {ONE_CALL}", "1 calls have no body"),
    "no result": (STORE, f"DELETE FROM results WHERE seq = {ONE_CALL}", "1 calls have no body"),
    "no call": (STORE, f"DELETE FROM calls WHERE seq = {ONE_CALL}", "1 bodies are of no call"),
    "no project": (STORE, "DELETE FROM projects", "41 calls are of no project"),
    "no feedback's project": (STORE, "UPDATE feedback SET project = 9", "1 feedbacks are of no project"),
    "usages": (STORE, "UPDATE usages SET started_at = 1", "usages are of no call"),
    "refs": (STORE, "INSERT INTO refs VALUES (1, 0, 'weave:///x', 99999)", "1 refs are of no call"),
    "task of no scorer": (
        STORE,
        "INSERT INTO tasks VALUES (1, 1, x'00', 7, 0, 0, 0, 0, 0, 0, 0, 0, NULL, NULL)",
        "1 scoring tasks are of no project or scorer",
    ),
    "record in no lane": (QUEUE, "DELETE FROM lanes", "9 records are in no lane"),
    "cursor": (QUEUE, "UPDATE cursors SET calls = calls + 1", "cursors count other records"),
    "totals": (QUEUE, "UPDATE destinations SET lost = 3", "1 sums of the queue are wrong"),
    "state": (QUEUE, "UPDATE state SET bytes = 3", "1 sums of the queue are wrong"),
    "record": (QUEUE, "UPDATE records SET calls = 99 WHERE seq = 3", "1 records are damaged"),
    "letter": (DEAD, "UPDATE letters SET frame = x'00'", "1 dead letters cannot be read"),
    "count": (STORE, "INSERT INTO task_counts VALUES (1, 1, 0, 4)", "1 counts of scoring tasks"),
    "place": (STORE, "INSERT INTO table_places VALUES (1, 1, 1)", "1 places of tables have no row"),
}
SLOW = {
    "span": (STORE, f"UPDATE results SET dump = x'28b5' WHERE seq = {ONE_CALL}", "1 calls have a span"),
    "dictionary": (STORE, "INSERT INTO dictionaries VALUES (7, x'00')", "1 dictionaries of compressed spans"),
    "json": (STORE, f"UPDATE bodies SET inputs = '{{' WHERE seq = {ONE_CALL}", "1 calls have inputs, output"),
    "feedback": (
        STORE,
        "DROP INDEX feedback_by_type; UPDATE feedback SET members = '{'",
        "1 feedbacks are not JSON",
    ),
    "object": (STORE, "UPDATE objects SET val = '{'", "1 objects are not JSON"),
    "row": (STORE, "INSERT INTO table_rows VALUES (1, 1, 'd', 1, '{')", "1 rows of tables are not JSON"),
}


@pytest.mark.parametrize(("path", "statement", "said"), WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("more", [(), ("--quick",)], ids=["whole", "quick"])
def test_what_is_wrong_is_named_with_its_fix(data_dir, path, statement, said, more):
    change(data_dir / path, statement)
    assert_found(checked(data_dir, *more), path, said)


@pytest.mark.parametrize(("path", "statement", "said"), SLOW.values(), ids=SLOW)
def test_what_only_the_content_shows_is_named_too(data_dir, path, statement, said):
    change(data_dir / path, statement)
    assert_found(checked(data_dir), path, said)


def assert_found(found: dict, path: str, said: str) -> None:
    assert not found["ok"]
    (finding,) = [each for each in found["findings"] if said in each["what"]]
    assert finding["where"] == path
    assert finding["fix"]
    assert found["counts"]["quarantined_requests"] == 0


def test_feedback_on_calls_that_never_came_is_only_noted(data_dir):
    change(data_dir / STORE, "UPDATE feedback SET call_id = x'0011223344556677'")
    out, _ = run("check", f"--data-dir={data_dir}")
    assert "note: calls.db: 1 feedbacks are about calls that are not here" in out
    assert out.endswith("nothing is wrong, 1 note\n")


def break_index(path: Path) -> None:
    """Take a row out behind an index's back."""
    with closing(apsw.Connection(str(path))) as database:
        row = database.execute("SELECT * FROM sqlite_schema WHERE name = 'calls_by_id'").fetchone()
        database.execute("PRAGMA writable_schema = ON")
        database.execute("DELETE FROM sqlite_schema WHERE name = 'calls_by_id'")
    with closing(apsw.Connection(str(path))) as database:
        database.execute(f"UPDATE calls SET id = x'0011' WHERE seq = {ONE_CALL}")
        database.execute("PRAGMA writable_schema = ON")
        database.execute("INSERT INTO sqlite_schema VALUES (?, ?, ?, ?, ?)", row)


def test_an_index_that_does_not_agree_is_made_anew(data_dir):
    break_index(data_dir / STORE)
    found = checked(data_dir)
    assert {finding.get("repair") for finding in found["findings"]} >= {"reindex"}
    assert any("are not found by their id" in finding["what"] for finding in found["findings"])
    assert checked(data_dir, "--repair", code=0)["findings"] == []
    assert checked(data_dir, code=0)["findings"] == []


def test_counts_are_made_anew(data_dir):
    change(data_dir / STORE, "INSERT INTO task_counts VALUES (1, 1, 0, 4)")
    assert checked(data_dir, "--repair", code=0)["findings"] == []


def test_damaged_pages_are_told_and_the_rest_is_looked_at(data_dir):
    content = bytearray((data_dir / STORE).read_bytes())
    with closing(apsw.Connection(str(data_dir / STORE))) as database:
        root = database.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'bodies'").get
        size = database.pragma("page_size")
    content[(root - 1) * size : root * size] = bytes(size)
    (data_dir / STORE).write_bytes(content)
    found = checked(data_dir)
    assert_found(found, STORE, "the file is damaged")
    assert found["counts"]["waiting_records"] == 9
    (data_dir / STORE).write_bytes(b"no database at all" * 1000)
    assert_found(checked(data_dir), STORE, "is not a database of otel-bridge")


def test_beside_a_bridge_nothing_is_repaired_and_what_is_too_large_is_said(data_dir, monkeypatch):
    monkeypatch.setattr("otel_bridge.repair.checking.structure.STATEMENT_SECONDS", -1.0)
    monkeypatch.setattr("otel_bridge.repair.checking.structure._STEPS", 1)
    with data_directory_lock(data_dir):
        found = checked(data_dir, code=0)
        assert found["beside_bridge"]
        assert any(
            "calls.db: the pages of" in skipped and "bodies" in skipped for skipped in found["skipped"]
        )
        with pytest.raises(DataDirectoryLocked, match="stop it, and repair then"):
            checking.run(quick=False, repair=True, as_json=False, **where(data_dir))


def test_a_store_of_an_older_version_is_not_looked_at(tmp_path):
    folder, _ = unpacked("0.1.0", tmp_path)
    (skipped,) = checked(folder, code=0)["skipped"]
    assert "an older version wrote it (schema 1" in skipped


def test_what_was_set_aside_is_noted(data_dir):
    (data_dir / "queue.db.damaged-1").write_bytes(b"")
    (data_dir / "restore.unfinished").mkdir()
    whats = [finding["what"] for finding in checked(data_dir, code=0)["findings"]]
    assert whats == ["a damaged file was set aside", "a restore was interrupted"]


def test_where_nothing_is_nothing_is_checked(tmp_path):
    with pytest.raises(StartError, match="there is no store"):
        checking.run(quick=False, repair=False, as_json=False, **where(tmp_path))


def where(folder: Path) -> dict[str, Path | None]:
    return {"data_dir": folder, "queue_dir": None, "dead_letter_dir": None}
