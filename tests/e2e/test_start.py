"""Starting: what it prints, and one clear line when it cannot."""

from __future__ import annotations

import json
import socket
import subprocess
import sys

import pytest

from otel_bridge import __version__
from otel_bridge.cli import OPTIONS, variable
from tests.e2e import client
from tests.e2e.process import ROOT, command, environment, running
from tests.e2e.waiting import until


def fails(*arguments: str, **env: str) -> tuple[int, str]:
    """Run a command that must not start; return its exit code and what it says on stderr."""
    done = subprocess.run(
        [sys.executable, "-m", "otel_bridge", *arguments],
        capture_output=True,
        text=True,
        timeout=30,
        env=environment(**env),
        cwd=ROOT,
        check=False,
    )
    return done.returncode, done.stderr


EACH = """
import json, os, sys
from otel_bridge.cli import main

codes, wrong = {}, json.loads(sys.argv[1])
sys.argv = ["otel-bridge", "run"]
for name, value in wrong.items():
    os.environ[name] = value
    try:
        main()
    except SystemExit as end:
        codes[name] = end.code
    del os.environ[name]
print(json.dumps(codes))
"""
"""Starts the bridge once with each variable alone, in one process: importing is what takes long."""


def run_flags(data_dir, *flags):
    return command(data_dir, *flags)[3:]


def test_start_up_prints_what_listens_where_and_where_data_lies(bridge_process):
    assert __version__ in bridge_process.banner
    for text in (bridge_process.http, bridge_process.grpc, bridge_process.api, str(bridge_process.data_dir)):
        assert text in bridge_process.banner
    assert "local/default" in bridge_process.banner
    assert f"Page       {bridge_process.api}/" in bridge_process.banner


def test_the_page_is_where_the_banner_says(bridge_process):
    status, body = client.call(f"{bridge_process.api}/")
    assert status == 200
    assert b"local/default" in body


def test_health_and_readiness_answer_on_the_api_port(bridge_process):
    for path in ("/healthz", "/livez", "/readyz", "/startupz"):
        status, body = client.call(bridge_process.api + path)
        assert status == 200, (path, body)


def test_a_busy_port_is_one_line(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        for door in ("--otlp-http", "--otlp-grpc", "--api"):
            code, said = fails(*run_flags(tmp_path / door[2:], f"{door}=127.0.0.1:{port}"))
            assert code == 2, said
            assert said.count("\n") == 1, said
            assert f"127.0.0.1:{port}" in said
            assert "busy" in said
            assert door in said


def test_a_data_directory_in_use_is_one_line_and_exit_code_3(tmp_path):
    with running(tmp_path / "data") as bridge:
        code, said = fails(*run_flags(tmp_path / "data"))
        assert code == 3
        assert said.count("\n") == 1, said
        assert "in use by another otel-bridge" in said
        assert client.call(f"{bridge.api}/readyz")[0] == 200


def test_a_data_directory_that_cannot_be_made_is_one_line(tmp_path):
    (tmp_path / "file").write_text("not a directory")
    code, said = fails(*run_flags(tmp_path / "file" / "data"))
    assert code == 2
    assert said.count("\n") == 1, said
    assert str(tmp_path / "file" / "data") in said


def test_a_store_that_is_no_store_is_one_line(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "calls.db").write_bytes(b"this is not a database" * 100)
    code, said = fails(*run_flags(tmp_path / "data"))
    assert code == 2
    assert said.count("\n") == 1, said
    assert "calls.db" in said


@pytest.mark.parametrize(
    ("flag", "expected"),
    [
        ("--api=nowhere", "--api"),
        ("--otlp-http=127.0.0.1:99999", "HOST:PORT"),
        ("--retention=soon", "--retention"),
        ("--max-disk=much", "500MB"),
        ("--max-disk=1", "16 MiB"),
        ("--default-project=alone", "ENTITY/PROJECT"),
        ("--log-level=loud", "--log-level"),
        ("--logs=perhaps", "--logs"),
        ("--no-such-flag", "--no-such-flag"),
    ],
)
def test_a_bad_flag_is_one_line_that_names_it(tmp_path, flag, expected):
    code, said = fails("run", f"--data-dir={tmp_path / 'data'}", flag)
    assert code == 2
    assert said.count("\n") == 1, said
    assert said.startswith("otel-bridge: error: ")
    assert expected in said


def test_no_command_is_help_that_one_can_read():
    code, said = fails()
    assert code == 2
    assert "\n  run " in said


def test_a_data_directory_that_is_a_file_is_named(tmp_path):
    (tmp_path / "data").touch()
    code, said = fails(*run_flags(tmp_path / "data"))
    assert (code, said.count("\n")) == (2, 1)
    assert "is no directory" in said


def test_every_option_has_an_environment_variable(tmp_path):
    (tmp_path / "file").touch()
    wrong = {
        variable(flag): str(tmp_path / "file" / "data") if flag.endswith("-dir") else "\x01"
        for flag, *_ in OPTIONS
    }
    done = subprocess.run(
        [sys.executable, "-c", EACH, json.dumps(wrong)],
        capture_output=True,
        text=True,
        timeout=30,
        env=environment(HOME=str(tmp_path)),
        cwd=ROOT,
        check=True,
    )
    assert json.loads(done.stdout) == dict.fromkeys(wrong, 2), done.stderr


def test_the_environment_sets_what_flags_do_not(tmp_path):
    with running(tmp_path / "data", OTEL_BRIDGE_DEFAULT_PROJECT="from/env") as bridge:
        assert client.export(bridge.http, client.a_request(2)) == 200
        assert len(client.ids(bridge.api, "from/env")) == 2


def test_json_logs_are_json_only(tmp_path):
    log_file = tmp_path / "json.log"
    with log_file.open("w") as log, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        process = subprocess.Popen(
            command(tmp_path / "data", "--log-format=json"),
            stdout=log,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(),
        )
        first = process.stderr.readline()
        process.terminate()
        rest = process.communicate(timeout=30)[1]
    ready = json.loads(first)
    assert ready["event"] == "ready"
    assert ready["api"].startswith("http://127.0.0.1:")
    assert ready["page"] == f"{ready['api']}/"
    assert all(json.loads(line) for line in rest.splitlines())
    assert log_file.read_text() == ""
    assert process.returncode == 0


def test_version_is_printed():
    done = subprocess.run(
        [sys.executable, "-m", "otel_bridge", "version"], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout == f"otel-bridge {__version__}\n"


def test_a_data_directory_that_somebody_removes_is_told_and_nothing_more_is_taken(tmp_path):
    data_dir = tmp_path / "data"
    with running(data_dir) as bridge:
        assert client.export(bridge.http, client.a_request(1)) == 200
        (data_dir / "calls.db").unlink()
        until(lambda: b'"disk":"gone"' in client.call(f"{bridge.api}/readyz")[1])
        assert client.call(f"{bridge.api}/readyz")[0] == 503
        assert client.export(bridge.http, client.a_request(1)) == 503
        assert b"start the bridge again" in client.call(f"{bridge.api}/call/upsert_batch", b'{"batch":[]}')[1]
