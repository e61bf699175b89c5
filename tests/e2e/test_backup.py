"""`otel-bridge backup` beside a bridge: under load, killed, while the writer is killed."""

from __future__ import annotations

import random
import sqlite3
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.e2e.backups import WAIT_SECONDS, begun, fill, leftovers, load, typed
from tests.e2e.people import run
from tests.e2e.process import running
from tests.e2e.waiting import until
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
    run("backup", "--verify", str(backup))
    assert leftovers(tmp_path) == []


def rows(path: Path, sql: str) -> list[tuple]:
    with closing(sqlite3.connect(f"file:{path}?immutable=1", uri=True)) as database:
        return database.execute(sql).fetchall()


@pytest.mark.parametrize("rounds", [1, pytest.param(25, marks=pytest.mark.long)])
def test_a_killed_backup_leaves_nothing_that_looks_whole_and_the_next_tidies_up_and_outlives_the_writer(
    tmp_path, rounds
):
    data_dir, backup, chance = tmp_path / "data", tmp_path / "backup", random.Random(rounds)
    with running(data_dir) as bridge:
        sent = fill(bridge)
        for _ in range(rounds):
            process = begun("backup", backup, f"--data-dir={data_dir}")
            until(lambda p=process: leftovers(tmp_path) or p.poll() is not None)
            for _ in range(chance.randrange(40_000)):
                pass
            process.kill()
            process.wait(WAIT_SECONDS)
            if backup.exists():
                run("backup", "--verify", str(backup))
                backup.rename(tmp_path / f"done-{time.monotonic_ns()}")
        old = leftovers(tmp_path)
        process = begun("backup", backup, f"--data-dir={data_dir}")
        until(lambda: set(leftovers(tmp_path)) - set(old) or process.poll() is not None)
        bridge.child("ingest.writer").kill()
        assert process.wait(WAIT_SECONDS) == 0
    assert f"{len(sent)} calls" in run("backup", "--verify", str(backup))[0]
    assert leftovers(tmp_path) == []
