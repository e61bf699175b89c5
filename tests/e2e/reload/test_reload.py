"""A running bridge takes over what its file says now; what is wrong changes nothing."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys

import pytest

from tests.e2e import client
from tests.e2e.process import START_SECONDS, environment
from tests.e2e.reload.configured import Configured, a_document, configured, marking
from tests.e2e.waiting import until
from tests.faults.metrics import metric

QUICK = "100ms"
RUN = (sys.executable, "-m", "otel_bridge", "run")


def marks(up: Configured) -> dict[str, str | None]:
    """What every call is marked with, by its id."""
    found = client.post(up.bridge.api, "/calls/stream_query", {"project_id": client.PROJECT})
    return {call["id"]: call["attributes"]["otel_span"]["attributes"].get("mark") for call in found}


def mark_of_next(up: Configured) -> str | None:
    """Send a span; return what it was marked with."""
    request = client.a_request(1)
    assert client.export(up.bridge.http, request) == 200
    (number,) = client.span_ids(request)
    return marks(up)[number]


def test_a_signal_makes_it_read_its_file_again(tmp_path):
    with configured(tmp_path, a_document(tmp_path, processors=marking("one"))) as up:
        assert mark_of_next(up) == "one"
        up.reload(a_document(tmp_path, processors=marking("two")))
        assert mark_of_next(up) == "two"
        up.reload(a_document(tmp_path))
        assert mark_of_next(up) is None
        assert sorted(filter(None, marks(up).values())) == ["one", "two"]
        assert up.last_success == 1
        assert "configuration_reloaded" in up.bridge.log


def test_a_file_that_changes_is_taken_over_without_a_signal(tmp_path):
    document = a_document(tmp_path, processors=marking("one"), reload_interval=QUICK)
    with configured(tmp_path, document) as up:
        with up.reloading():
            up.write(a_document(tmp_path, processors=marking("two"), reload_interval=QUICK))
        assert mark_of_next(up) == "two"
        with up.reloading("invalid"):
            up.write("receivers: {")
        assert up.last_success == 0
        with up.reloading():  # what is written runs again
            up.write(a_document(tmp_path, processors=marking("two"), reload_interval=QUICK))
        assert up.last_success == 1


def test_a_mounted_configmap_changes_by_its_link(tmp_path):
    for version in ("one", "two"):
        folder = tmp_path / f"..{version}"
        folder.mkdir()
        document = a_document(tmp_path, processors=marking(version), reload_interval=QUICK)
        (folder / "map.yaml").write_text(json.dumps(document))
    (tmp_path / "..data").symlink_to("..one")
    (tmp_path / "map.yaml").symlink_to("..data/map.yaml")
    with configured(tmp_path, {}, tmp_path / "map.yaml") as up:
        assert mark_of_next(up) == "one"
        with up.reloading():
            (tmp_path / "..new").symlink_to("..two")
            (tmp_path / "..new").rename(tmp_path / "..data")
        assert mark_of_next(up) == "two"


@pytest.mark.long
def test_a_file_that_the_configuration_refers_to_is_watched(tmp_path):
    mark = tmp_path / "mark"
    mark.write_text("one\n")
    document = a_document(tmp_path, processors=marking(f"${{file:{mark}}}"), reload_interval=QUICK)
    with configured(tmp_path, document) as up:
        assert mark_of_next(up) == "one"
        with up.reloading():
            mark.write_text("two\n")
        assert mark_of_next(up) == "two"
        with up.reloading("invalid"):
            mark.unlink()
        assert mark_of_next(up) == "two"
        with up.reloading():
            mark.write_text("three\n")
        assert mark_of_next(up) == "three"


def test_what_is_wrong_is_told_with_its_places_and_changes_nothing(tmp_path):
    with configured(tmp_path, a_document(tmp_path, processors=marking("one"))) as up:
        up.reload("receivers:\n  otlp: {protocols: {http: {}}}\n  oltp: {}\nexporters: {}\n", "invalid")
        log = up.bridge.log
        assert f"{up.path}:3:3: receivers: unknown type oltp; did you mean otlp?" in log
        assert f"{up.path}:4:" in log
        assert "configuration_not_reloaded" in log
        assert up.last_success == 0
        assert mark_of_next(up) == "one"


def test_what_needs_a_restart_is_refused_as_a_whole(tmp_path):
    with configured(tmp_path, a_document(tmp_path, processors=marking("one"))) as up:
        document = a_document(tmp_path, processors=marking("two"))
        document["exporters"]["store"]["path"] = str(tmp_path / "elsewhere")
        up.reload(document, "needs_restart")
        assert "needs a restart: service.data_dir or exporters.store.path" in up.bridge.log
        assert mark_of_next(up) == "one"
        assert not (tmp_path / "elsewhere").exists()


@pytest.mark.long
def test_an_address_that_is_taken_is_refused_as_a_whole(tmp_path):
    with configured(tmp_path, a_document(tmp_path, processors=marking("one"))) as up:
        document = a_document(tmp_path, processors=marking("two"))
        taken = up.bridge.grpc
        document["receivers"]["otlp"]["protocols"]["http"]["endpoint"] = taken
        up.reload(document, "failed")
        assert f"port {taken.rpartition(':')[2]} is busy" in up.bridge.log
        assert mark_of_next(up) == "one"


@pytest.mark.long
def test_two_signals_in_a_row_end_with_what_was_written_last(tmp_path):
    with configured(tmp_path, a_document(tmp_path)) as up:
        for number in range(5):
            up.write(a_document(tmp_path, processors=marking(str(number))))
            up.hang_up()
        until(lambda: mark_of_next(up) == "4")


@pytest.mark.long
def test_a_signal_while_it_starts_is_heard_once_it_is_up(tmp_path):
    path = tmp_path / "bridge.yaml"
    path.write_text(json.dumps(a_document(tmp_path)))
    log = tmp_path / "log"
    with log.open("w") as file, subprocess.Popen(
        [*RUN, f"--config={path}"],
        env=environment(), stdout=subprocess.PIPE, stderr=file,
    ) as process:  # fmt: skip
        until((tmp_path / "data" / "calls.db").exists)  # signals are heard by now
        process.send_signal(signal.SIGHUP)
        until(lambda: "configuration_reloaded" in log.read_text())
        process.terminate()
        assert process.wait(START_SECONDS) == 0


@pytest.mark.long
def test_a_reload_does_not_keep_it_from_stopping(tmp_path):
    with configured(tmp_path, a_document(tmp_path)) as up:
        for number in range(3):
            up.write(a_document(tmp_path, processors=marking(str(number))))
            up.hang_up()
        assert up.bridge.terminate() == 0
        assert "stopped" in up.bridge.log


@pytest.mark.long
def test_a_writer_that_dies_comes_back_with_what_runs(tmp_path):
    with configured(tmp_path, a_document(tmp_path, processors=marking("one"))) as up:
        up.reload(a_document(tmp_path, processors=marking("two")))
        up.bridge.child("ingest.writer").kill()
        until(lambda: client.export(up.bridge.http, client.a_request(1)) == 200)
        assert mark_of_next(up) == "two"
        assert metric(up.bridge, "otel_bridge_worker_restarts_total") == 1


@pytest.mark.long
def test_a_terminal_that_goes_away_ends_it(tmp_path):
    path = tmp_path / "bridge.yaml"
    path.write_text(json.dumps(a_document(tmp_path)))
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(tmp_path)
        os.execve(sys.executable, [*RUN, f"--config={path}"], environment())
    said = b""
    while b"data in" not in said:
        said += os.read(terminal, 4096)
    os.close(terminal)
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0
