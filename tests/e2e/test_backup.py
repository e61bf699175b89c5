"""`otel-bridge backup`, as a person runs it: beside a bridge under load, without one, killed, damaged."""

from __future__ import annotations

import json
import random
import sqlite3
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.e2e import client
from tests.e2e.backups import WAIT_SECONDS, begun, fill, leftovers, load, typed
from tests.e2e.process import running
from tests.faults.behaviours import status as answered
from tests.faults.upstream import upstream

if TYPE_CHECKING:
    from pathlib import Path


def test_a_backup_under_load_holds_all_that_was_acknowledged_before_and_no_request_by_half(tmp_path):
    data_dir, backup = tmp_path / "data", tmp_path / "backup"
    with upstream() as weave:
        weave.always = answered(503)
        flags = (f"--upstream={weave.url}", "--shutdown-timeout=6s")
        with running(data_dir, *flags, WANDB_API_KEY="k" * 40) as bridge:
            before = set(fill(bridge))
            with load(bridge.http) as senders:
                senders.wait_for(10)
                before.update(one for request in senders.taken for one in request)
                code, _, err = typed("backup", backup, f"--data-dir={data_dir}")
                checked = typed("check", f"--data-dir={data_dir}")
                senders.wait_for(10)
            assert (code, err) == (0, ""), err
            assert (checked[0], "nothing is wrong" in checked[1]) == (0, True), checked
            assert senders.refused == []
    kept = {call_id.hex() for (call_id,) in rows(backup / "calls.db", "SELECT id FROM calls")}
    assert before <= kept
    for request in senders.taken:
        assert len(kept.intersection(request)) in {0, len(request)}
    ((waiting,),) = rows(backup / "queue.db", "SELECT sum(calls) FROM records")
    assert waiting == len(kept)  # store and queue are of one moment
    assert typed("backup", "--verify", backup)[0] == 0
    assert leftovers(tmp_path) == []


def rows(path: Path, sql: str) -> list[tuple]:
    with closing(sqlite3.connect(f"file:{path}?immutable=1", uri=True)) as database:
        return database.execute(sql).fetchall()


def test_a_backup_goes_on_when_the_writer_was_killed(tmp_path):
    data_dir, backup = tmp_path / "data", tmp_path / "backup"
    with running(data_dir) as bridge:
        sent = fill(bridge)
        process = begun("backup", backup, f"--data-dir={data_dir}")
        wait_until(lambda: leftovers(tmp_path) or process.poll() is not None)
        bridge.child("ingest.writer").kill()
        assert process.wait(WAIT_SECONDS) == 0
    assert f"{len(sent)} calls" in typed("backup", "--verify", backup)[1]


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.long)])
def test_a_backup_that_is_killed_leaves_nothing_that_looks_whole_and_the_next_one_tidies_up(tmp_path, seed):
    data_dir, backup = tmp_path / "data", tmp_path / "backup"
    chance = random.Random(seed)
    with running(data_dir) as bridge:
        fill(bridge)
        for _ in range(1 if seed == 1 else 25):
            process = begun("backup", backup, f"--data-dir={data_dir}")
            wait_until(lambda p=process: leftovers(tmp_path) or p.poll() is not None)
            for _ in range(chance.randrange(40_000)):
                pass
            process.kill()
            process.wait(WAIT_SECONDS)
            if backup.exists():
                assert typed("backup", "--verify", backup)[0] == 0
                backup.rename(tmp_path / f"done-{time.monotonic_ns()}")
        code, _, err = typed("backup", backup, f"--data-dir={data_dir}")
        assert code == 0, err
    assert leftovers(tmp_path) == []
    assert typed("backup", "--verify", backup)[0] == 0


def test_a_bridge_writes_only_where_the_one_who_asks_has_laid_a_ticket(tmp_path):
    with running(tmp_path / "data") as bridge:
        asked = {"directory": str(tmp_path / "elsewhere"), "ticket": "guessed"}
        body = json.dumps(asked).encode()
        (tmp_path / "elsewhere").mkdir()
        status, answer = client.call(f"{bridge.api}/bridge/backup", body, Content_Type="application/json")
        assert (status, b"does not find the ticket" in answer) == (400, True)
        (tmp_path / "elsewhere" / "ticket").write_text("another")
        status, _ = client.call(f"{bridge.api}/bridge/backup", body, Content_Type="application/json")
        assert status == 400
        assert [path.name for path in (tmp_path / "elsewhere").iterdir()] == ["ticket"]


def wait_until(true) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not true():
        assert time.monotonic() < deadline
