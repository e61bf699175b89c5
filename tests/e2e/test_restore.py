"""`otel-bridge restore`, as a person runs it."""

from __future__ import annotations

import random

import pytest

from tests.e2e import client
from tests.e2e.backups import WAIT_SECONDS, begun, fill, typed
from tests.e2e.process import running
from tests.e2e.test_backup import wait_until
from tests.faults.behaviours import status
from tests.faults.sidecar import config
from tests.faults.upstream import upstream


def test_the_directory_of_a_running_bridge_is_not_restored_into(tmp_path):
    data_dir, backup = tmp_path / "data", tmp_path / "backup"
    with running(data_dir) as bridge:
        assert client.export(bridge.http, client.a_request(5)) == 200
        assert typed("backup", backup, f"--data-dir={data_dir}")[0] == 0
        for more in ((), ("--force",)):
            code, _, err = typed("restore", backup, f"--data-dir={data_dir}", *more)
            assert (code, "stop it, and restore then" in err) == (3, True)


@pytest.mark.parametrize("rounds", [1, pytest.param(25, marks=pytest.mark.long)])
def test_a_restore_that_is_killed_leaves_the_old_calls_or_the_new_ones(tmp_path, rounds):
    data_dir, backup = tmp_path / "data", tmp_path / "backup"
    with running(tmp_path / "first") as bridge:
        new = set(fill(bridge, requests=4))
        assert typed("backup", backup, f"--data-dir={tmp_path / 'first'}")[0] == 0
    with running(data_dir) as bridge:
        request = client.a_request(9)
        assert client.export(bridge.http, request) == 200
    chance, old = random.Random(rounds), set(client.span_ids(request))
    for _ in range(rounds):
        process = begun("restore", backup, f"--data-dir={data_dir}", "--force")
        wait_until(lambda p=process: (data_dir / "restore.unfinished").exists() or p.poll() is not None)
        for _ in range(chance.randrange(2_000_000)):
            if process.poll() is not None:
                break
        process.kill()
        process.wait(WAIT_SECONDS)
        with running(data_dir) as bridge:
            assert set(client.ids(bridge.api)) in (old, new)
    assert typed("restore", backup, f"--data-dir={data_dir}", "--force")[0] == 0
    assert not (data_dir / "restore.unfinished").exists()
    with running(data_dir) as bridge:
        assert set(client.ids(bridge.api)) == new


def test_what_a_restored_queue_sends_again_is_there_once(tmp_path):
    data_dir, backup, again = (tmp_path / name for name in ("data", "backup", "again"))
    with upstream() as weave:
        weave.always = status(503)
        flags = (config(tmp_path / "c.yaml", weave.url), "--shutdown-timeout=6s")
        with running(data_dir, *flags) as bridge:
            request = client.a_request(40)
            assert client.export(bridge.http, request) == 200
            assert typed("backup", backup, f"--data-dir={data_dir}")[0] == 0
            weave.always = None
            weave.wait(lambda: len(weave.whole()) == 40)
        code, out, err = typed("restore", backup, f"--data-dir={again}")
        assert code == 0, err
        assert "1 records wait for an upstream" in out
        assert "it will get again" in out
        seen = dict(weave.times)
        with running(again, *flags):
            weave.wait(lambda: all(weave.times[one] > seen[one] for one in client.span_ids(request)))
        assert weave.whole() == set(client.span_ids(request))
