"""The moves of a restore that has been decided on, interrupted before every one of them."""

from __future__ import annotations

from itertools import count
from pathlib import Path

import msgspec
import pytest

from otel_bridge.errors import StartError
from otel_bridge.ingest.lock import data_directory_lock
from otel_bridge.ingest.restored import PLAN_FILE, READY_DIR, RestorePlan, finish_restore


def laid(folder: Path) -> None:
    """An old store with its log, and a backup that was decided on."""
    folder.mkdir()
    for name in ("calls.db", "calls.db-wal", "queue.db"):
        (folder / name).write_text(f"old {name}")
    ready = folder / READY_DIR
    (ready / "dead").mkdir(parents=True)
    (ready / "calls.db").write_text("new calls.db")
    (ready / "dead" / "dead_letters.db").write_text("new letters")
    plan = RestorePlan("aside", ("calls.db", "calls.db-wal", "queue.db"))
    (ready / PLAN_FILE).write_bytes(msgspec.json.encode(plan))


def found(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


WHOLE = {
    "calls.db": "new calls.db",
    "dead/dead_letters.db": "new letters",
    "aside/calls.db": "old calls.db",
    "aside/calls.db-wal": "old calls.db-wal",
    "aside/queue.db": "old queue.db",
}


class Killed(Exception):
    pass


def test_a_restore_is_finished_wherever_it_was_interrupted(tmp_path, monkeypatch):
    interrupted = 0
    for number in count(1):
        folder, left = tmp_path / str(number), count(1)

        def move(path: Path, target: Path, *, left=left, number=number, real=Path.rename) -> Path:
            if next(left) == number:
                raise Killed
            return real(path, target)

        laid(folder)
        with monkeypatch.context() as patched:
            patched.setattr(Path, "rename", move)
            try:
                finish_restore(folder)
            except Killed:
                interrupted += 1
                assert (folder / READY_DIR).exists()
            else:
                break
        assert finish_restore(folder)
        assert found(folder) == WHOLE
        assert not finish_restore(folder)
    assert interrupted == 5
    assert found(folder) == WHOLE


def test_who_takes_a_directory_finishes_its_restore_first(tmp_path):
    laid(tmp_path / "data")
    with data_directory_lock(tmp_path / "data"):
        assert (tmp_path / "data" / "calls.db").read_text() == "new calls.db"


def test_a_restore_that_cannot_be_finished_keeps_the_directory_closed(tmp_path):
    laid(tmp_path / "data")
    (tmp_path / "data" / READY_DIR / PLAN_FILE).write_text("{")
    with pytest.raises(StartError, match="cannot be finished"), data_directory_lock(tmp_path / "data"):
        pass
