"""`otel-bridge restore`, as a person runs it."""

from __future__ import annotations

import os
import random
import secrets
from contextlib import closing

import pytest

from otel_bridge.ingest.lock import data_directory_lock
from otel_bridge.model.query import CallsQuery
from otel_bridge.store.sqlite.reader import SqliteReader
from otel_bridge.store.sqlite.writer import SqliteWriter
from tests.contract.store.records import EVERYTHING, PROJECT, T0, a_start
from tests.e2e import client
from tests.e2e.backups import WAIT_SECONDS, begun, typed
from tests.e2e.people import run
from tests.e2e.process import running
from tests.e2e.waiting import until
from tests.faults.behaviours import status
from tests.faults.sidecar import config
from tests.faults.upstream import upstream


def test_what_a_restored_queue_sends_again_is_there_once(tmp_path):
    data_dir, backup, again = (tmp_path / name for name in ("data", "backup", "again"))
    with upstream() as weave:
        weave.always = status(503)
        flags = (config(tmp_path / "c.yaml", weave.url), "--shutdown-timeout=6s")
        with running(data_dir, *flags) as bridge:
            request = client.a_request(40)
            assert client.export(bridge.http, request) == 200
            assert typed("backup", backup, f"--data-dir={data_dir}")[0] == 0
            code, _, err = typed("restore", backup, f"--data-dir={data_dir}", "--force")
            assert (code, "stop it, and restore then" in err) == (3, True)
            weave.always = None
            weave.wait(lambda: len(weave.whole()) == 40)
        code, out, err = typed("restore", backup, f"--data-dir={again}")
        assert (code, "1 records wait for an upstream" in out) == (0, True), err
        seen = dict(weave.times)
        with running(again, *flags):
            weave.wait(lambda: all(weave.times[one] > seen[one] for one in client.span_ids(request)))
        assert weave.whole() == set(client.span_ids(request))


def keep(folder, numbers: range, size: int) -> set[str]:
    """Keep calls in a store of their own; return their ids."""
    folder.mkdir()
    calls = [a_start(n, inputs=b'"%b"' % secrets.token_hex(size).encode()) for n in numbers]
    with closing(SqliteWriter(folder / "calls.db", EVERYTHING)) as store:
        store.begin()
        store.apply(calls, received_at=T0)
        store.commit()
    return {call.id for call in calls}


def found(folder) -> set[str]:
    """The ids in a store, as whoever takes the directory finds them."""
    query = CallsQuery(project_id=PROJECT)
    with data_directory_lock(folder), closing(SqliteReader(folder / "calls.db")) as reader:
        seqs = reader.plan(query).seqs
        return {line.split(b'"', 4)[3].decode() for line in reader.lines(query, seqs).splitlines()}


@pytest.mark.parametrize("rounds", [2, pytest.param(40, marks=pytest.mark.long)])
def test_a_restore_that_is_killed_leaves_the_old_calls_or_the_new_ones(tmp_path, monkeypatch, rounds):
    data_dir, backup, chance = tmp_path / "data", tmp_path / "backup", random.Random(rounds)
    new, old = keep(tmp_path / "first", range(1, 200), 50_000), keep(data_dir, range(500, 510), 10)
    with monkeypatch.context() as patched:
        patched.setattr(os, "nice", lambda _more: 0)
        run("backup", str(backup), f"--data-dir={tmp_path / 'first'}")
    for _ in range(rounds):
        process = begun("restore", backup, f"--data-dir={data_dir}", "--force")
        until(lambda p=process: (data_dir / "restore.unfinished").exists() or p.poll() is not None)
        for _ in range(chance.randrange(20_000)):
            if process.poll() is not None:
                break
        process.kill()
        process.wait(WAIT_SECONDS)
        assert found(data_dir) in (old, new)
    run("restore", str(backup), f"--data-dir={data_dir}", "--force")
    assert not (data_dir / "restore.unfinished").exists()
    assert found(data_dir) == new
