"""`otel-bridge erase`, as a person runs it: nothing of what was erased is left in any file."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.e2e import client
from tests.e2e.disk import holders
from tests.e2e.people import run
from tests.e2e.process import environment, running
from tests.faults.behaviours import status
from tests.faults.sidecar import config
from tests.faults.upstream import upstream

SECRET = "marker-of-what-is-erased"
WAIT_SECONDS = 60


def erase(*arguments: str) -> tuple[int, str, str]:
    command = [sys.executable, "-m", "otel_bridge", "erase", *arguments]
    done = subprocess.run(
        command, env=environment(), capture_output=True, text=True, timeout=WAIT_SECONDS, check=False
    )
    return done.returncode, done.stdout, done.stderr


def a_request(count: int):
    """Spans of which every second is one of ann's, with the marker wherever a text can be."""
    request = client.a_request(count, text="fine")
    for span in list(request.resource_spans[0].scope_spans[0].spans)[::2]:
        span.name = f"name {SECRET}"
        for key, value in (("user.id", "ann"), ("input.value", SECRET), ("output.value", SECRET * 999)):
            span.attributes.add(key=key).value.string_value = value
        span.attributes.add(key="thread").value.string_value = SECRET
        span.events.add(name=SECRET).attributes.add(key="text").value.string_value = SECRET
        span.status.message, span.status.code = SECRET, 2
    return request


def test_nothing_of_a_user_is_left_beside_a_running_bridge(tmp_path):
    data_dir = tmp_path / "data"
    with running(data_dir) as bridge:
        for _ in range(4):
            assert client.export(bridge.http, a_request(20)) == 200
        call = client.post(bridge.api, "/calls/stream_query", {"project_id": client.PROJECT, "limit": 1})[0]
        client.post(
            bridge.api,
            "/feedback/create",
            {
                "project_id": client.PROJECT,
                "weave_ref": f"weave:///{client.PROJECT}/call/{call['id']}",
                "feedback_type": "note",
                "payload": {"note": SECRET},
            },
        )
        quarantine = data_dir / "quarantine"
        quarantine.mkdir()
        (quarantine / "1-x.traces.pb").write_bytes(f"ann {SECRET}".encode())
        assert holders(data_dir, SECRET)
        directory = f"--data-dir={data_dir}"
        assert erase(directory, "--user=ann", "--dry-run")[1] == "would erase 40 calls and those below\n"
        code, out, err = erase(directory, "--user=ann", f"--call={call['id']}", "--yes")
        assert (code, out) == (
            0,
            "erased 40 calls; nothing of them is left in the files; backups hold them still\n",
        ), err
        assert holders(data_dir, SECRET) == []
        assert len(client.ids(bridge.api)) == 40
    assert holders(data_dir, SECRET) == []


def test_an_erasure_that_is_killed_goes_on_with_the_same_command(tmp_path):
    data_dir = tmp_path / "data"
    with running(data_dir) as bridge:
        assert client.export(bridge.http, a_request(200)) == 200
        step = {"user": "ann", "cursor": {"phase": "calls", "after": 0, "through": 200}}
        gone = client.post(bridge.api, "/bridge/erase", step)["calls"]
        assert gone > 0
        bridge.kill_tree()
    code, out, err = erase(f"--data-dir={data_dir}", "--user=ann", "--yes")
    assert (code, out) == (
        0,
        f"erased {100 - gone} calls; nothing of them is left in the files; backups hold them still\n",
    ), err
    assert holders(data_dir, SECRET) == []


@pytest.mark.parametrize("stopped", [False, True])
def test_nothing_is_left_in_a_queue_whose_records_hold_calls_of_others(tmp_path, stopped):
    data_dir = tmp_path / "data"
    with upstream() as weave:
        weave.always = status(503)
        with running(data_dir, config(tmp_path / "c.yaml", weave.url), "--shutdown-timeout=6s") as bridge:
            assert client.export(bridge.http, a_request(40)) == 200
            assert holders(data_dir, SECRET)
            assert not stopped or bridge.terminate() == 0
            code, out, err = erase(f"--data-dir={data_dir}", "--user=ann", "--yes")
            assert (code, out) == (
                0,
                "erased 20 calls; nothing of them is left in the files; backups hold them still\n",
            ), err
            assert holders(data_dir, SECRET) == []
    shown = json.loads(run("queue", "inspect", f"--data-dir={data_dir}", "--json")[0])
    assert [row["calls"] for row in shown["waiting"]] == [20]
    (totals,) = shown["totals"]
    assert (totals["put"], totals["lost"], totals["waiting"]) == (40, 20, 20)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "say what to erase"),
        (("--attribute=novalue",), "NAME=VALUE"),
        (("--user=ann", "--data-dir=/nowhere"), "there is no store"),
    ],
)
def test_what_cannot_be_done_is_said(arguments, said):
    code, _, err = erase(*arguments)
    assert code == 2
    assert said in err
