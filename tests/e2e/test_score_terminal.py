"""`otel-bridge score` before a person: a bar while calls are scored, and Ctrl-C."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest

from otel_bridge.commands.failing import STOPPED_EXIT
from tests.e2e import client
from tests.e2e.kill_rounds import write_calls
from tests.e2e.process import environment, running
from tests.fixtures.scoring_config import scoring_config

SECONDS = 60
CALLS = 3


class Terminal:
    """A command whose messages go to a terminal; `shown` is all that it has received."""

    def __init__(self, process: subprocess.Popen[str], screen: int) -> None:
        self.process, self.shown = process, ""
        self._screen = screen

    def read_until(self, text: str) -> None:
        """Read until a text is shown; without one, until the command has ended."""
        deadline = time.monotonic() + SECONDS
        while not text or text not in self.shown:
            ready, _, _ = select.select([self._screen], [], [], max(0, deadline - time.monotonic()))
            assert ready, self.shown
            try:
                received = os.read(self._screen, 4096)
            except OSError:  # so Linux tells that nobody writes any more
                received = b""
            if not received:
                assert not text, self.shown
                return
            self.shown += received.decode(errors="replace")


@contextmanager
def typed(*arguments: str):
    """Run a command before a terminal for the length of a block."""
    screen, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "otel_bridge", *arguments],
        stdout=subprocess.PIPE,
        stderr=theirs,
        text=True,
        env=environment(TERM="xterm", COLUMNS="100"),
    )
    os.close(theirs)
    try:
        with process:
            try:
                yield Terminal(process, screen)
            finally:
                process.kill()
    finally:
        os.close(screen)


def test_a_bar_shows_how_it_goes_and_the_table_is_all_that_is_printed(fresh_bridge):
    assert len(write_calls(fresh_bridge.api, CALLS)) == CALLS
    with typed("score", "--url", fresh_bridge.api, "--scorer", "valid_json") as terminal:
        terminal.read_until("")
        table, _ = terminal.process.communicate(timeout=SECONDS)

    assert "scoring" in terminal.shown
    assert f"{CALLS}/{CALLS}" in terminal.shown
    assert [line.split()[0] for line in table.splitlines()] == ["scorer", "valid_json"]
    assert terminal.process.returncode == 0


@pytest.fixture
def idle_bridge(tmp_path):
    """A bridge whose calls wait for workers elsewhere."""
    file = scoring_config(tmp_path / "bridge.json", {"workers": 0})
    with running(tmp_path / "data", f"--config={file}") as bridge:
        yield bridge


def test_ctrl_c_stops_waiting_and_what_was_asked_for_stays_asked_for(idle_bridge):
    assert len(write_calls(idle_bridge.api, CALLS)) == CALLS
    with typed("score", "--url", idle_bridge.api, "--scorer", "valid_json") as terminal:
        terminal.read_until(f"0/{CALLS}")
        terminal.process.send_signal(signal.SIGINT)
        terminal.read_until("stopped waiting; scoring goes on")
        printed, _ = terminal.process.communicate(timeout=SECONDS)

    assert (terminal.process.returncode, printed) == (STOPPED_EXIT, "")
    told = json.loads(client.call(f"{idle_bridge.api}/calls/score/status?project_id={client.PROJECT}")[1])
    assert told["counts"]["queued"] == CALLS
