"""Data directories of earlier versions: all that is in them is brought up to date, through power cuts too."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import apsw
import pytest

from otel_bridge import __version__
from otel_bridge.errors import StartError
from otel_bridge.ingest.opening import check_versions
from otel_bridge.model import questions as q
from otel_bridge.model.query import CallsQuery
from otel_bridge.repair.manifest import DATABASES, DEAD_LETTERS
from otel_bridge.store.sqlite.reader import SqliteReader
from tests.contract.store.crash_vfs import Event, cuts
from tests.e2e import client, process
from tests.e2e.people import run
from tests.upgrade.opened import open_queue, open_store
from tests.upgrade.releases import COMMITS, names, said, unpacked

if TYPE_CHECKING:
    from pathlib import Path

PROJECT = "upgrade/test"
NAMES = names()
WITH_QUEUE = [name for name in NAMES if "queue.db" in said(name)["schemas"]]
HOW_TO = "keep what it writes: python -m tests.upgrade.make NAME (CONTRIBUTING.md, Releasing)"


def calls_in(data_dir: Path) -> list[dict]:
    reader = SqliteReader(data_dir / "calls.db")
    query = CallsQuery(project_id=PROJECT)
    try:
        return [json.loads(line) for line in reader.lines(query, reader.plan(query).seqs).splitlines()]
    finally:
        reader.close()


def beside_calls_in(data_dir: Path) -> dict[str, object]:
    questions = {
        "/feedback/query": q.AskFeedback(project_id=PROJECT),
        "/objs/query": q.AskObjects(project_id=PROJECT),
        "/cost/query": q.AskPrices(project_id=PROJECT),
    }
    reader = SqliteReader(data_dir / "calls.db")
    try:
        return {path: json.loads(reader.answer(question)) for path, question in questions.items()}
    finally:
        reader.close()


def exported(data_dir: Path, *more: str) -> list[dict]:
    lines = run("queue", "export", f"--data-dir={data_dir}", *more)[0].splitlines()
    return [json.loads(line) for line in lines]


def test_every_schema_and_version_has_a_data_directory_that_it_wrote():
    kept = [said(name)["schemas"] for name in NAMES]
    for path, database in DATABASES.items():
        assert database.schema in {each.get(path) for each in kept}, (
            f"schema {database.schema} of {path}: {HOW_TO}"
        )
    assert __version__ in NAMES, f"version {__version__}: {HOW_TO}"
    assert set(COMMITS) <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_all_that_a_version_kept_reads_the_same(tmp_path, name):
    data_dir, then = unpacked(name, tmp_path)
    open_store(data_dir)
    assert calls_in(data_dir) == then["calls"]
    assert len(then["calls"]) >= 40
    now = beside_calls_in(data_dir)
    for path in now.keys() & then.keys():
        assert now[path] == then[path]
    if name in WITH_QUEUE:
        open_queue(data_dir)
        assert exported(data_dir) == then["waiting"]
        assert exported(data_dir, "--dead-letters") == then["dead"]
        assert (len(then["waiting"]), len(then["dead"])) >= (9, 1)
    for path in then["schemas"]:
        database = apsw.Connection(str(data_dir / path))
        assert database.pragma("integrity_check") == "ok"
        assert database.pragma("user_version") == DATABASES[path].schema
        database.close()


def older(path: str) -> list:
    """Those in which a file is to be brought up to date, for a long run."""
    found = [name for name in NAMES if said(name)["schemas"].get(path, 99) < DATABASES[path].schema]
    return [pytest.param(name, 1, marks=pytest.mark.long) for name in found]


@pytest.mark.parametrize(("name", "each"), [("0.1.0", 3), *older("calls.db")])
def test_a_power_cut_anywhere_in_an_upgrade_of_the_store_loses_nothing(tmp_path, tape, vfs, name, each):
    data_dir, then = unpacked(name, tmp_path / "first")
    record(tape, data_dir / "calls.db")
    open_store(data_dir, vfs=vfs)
    tried = 0
    for _, folder in cuts(tape, tmp_path, each=each):
        open_store(folder)
        assert calls_in(folder) == then["calls"]
        tried += 1
    assert tried >= 5


@pytest.mark.parametrize(
    ("name", "each"),
    [("store-8-queue-1", 1), *older("queue.db")],
)
def test_a_power_cut_anywhere_in_an_upgrade_of_the_queue_loses_nothing(tmp_path, tape, vfs, name, each):
    data_dir, then = unpacked(name, tmp_path / "first")
    for path in ("queue.db", DEAD_LETTERS):
        record(tape, data_dir / path)
    open_queue(data_dir, vfs=vfs)
    tried = 0
    for _, folder in cuts(tape, tmp_path, each=each):
        (folder / "dead").mkdir()
        for path in folder.glob("dead_letters.db*"):
            path.rename(folder / "dead" / path.name)
        open_queue(folder)
        assert exported(folder) == then["waiting"]
        assert exported(folder, "--dead-letters") == then["dead"]
        tried += 1
    assert tried >= 5


def record(tape, path: Path) -> None:
    """Put a file onto the tape as it is, durable."""
    tape.events += [
        Event("write", path.name, 0, path.read_bytes()),
        Event("synced", path.name),
        Event("mark", "0"),
    ]


def content(folder: Path) -> dict[str, str]:
    """Every byte but those of locks: SQLite's index of a log is one."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and path.stat().st_size and path.name != "lock" and not path.name.endswith("-shm")
    }


def make_newer(path: Path) -> None:
    """Let a newer version have written last, and let it have been killed: its change is in the log alone."""
    database = apsw.Connection(str(path))
    database.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
    database.pragma("journal_mode", "wal")
    database.pragma("user_version", 99)
    database.close()


@pytest.mark.parametrize("path", DATABASES)
def test_a_downgrade_is_refused_by_the_versions_and_changes_no_byte(tmp_path, path):
    data_dir, _ = unpacked("store-5-queue-1", tmp_path)  # all of it would be brought up to date
    make_newer(data_dir / path)
    before = content(data_dir)
    assert (data_dir / f"{path}-wal").stat().st_size > 0
    places = (data_dir / name for name in DATABASES)
    known = DATABASES[path].schema
    with pytest.raises(StartError) as refused:
        check_versions(*places)
    text = str(refused.value)
    assert f"schema 99; this is {__version__}, which knows {known}" in text
    assert "start the newer version again, restore a backup from before the upgrade" in text
    assert content(data_dir) == before


def test_a_bridge_does_not_start_on_what_a_newer_one_wrote(tmp_path):
    data_dir, _ = unpacked("store-5-queue-1", tmp_path)
    make_newer(data_dir / DEAD_LETTERS)
    before = content(data_dir)
    command = process.command(data_dir, "--upstream=http://127.0.0.1:1")
    done = process.subprocess.run(
        command,
        env=process.environment(WANDB_API_KEY="k" * 40),
        capture_output=True,
        text=True,
        check=False,
        timeout=process.START_SECONDS,
    )
    assert (done.returncode, "written by a newer otel-bridge (schema 99" in done.stderr) == (2, True)
    assert content(data_dir) == before


@pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.long) for name in NAMES])
def test_a_bridge_starts_on_what_a_version_wrote_and_answers_as_that_did(tmp_path, name):
    data_dir, then = unpacked(name, tmp_path)
    with process.running(data_dir, "--retention=off") as bridge:
        assert client.post(bridge.api, "/calls/stream_query", {"project_id": PROJECT}) == then["calls"]
        assert client.export(bridge.http, client.a_request(3)) == 200
        assert len(client.ids(bridge.api)) == 3
