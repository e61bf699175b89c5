"""One process at a time has a data directory."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from otel_bridge.errors import DataDirectoryLocked, StartError
from otel_bridge.ingest import lock
from otel_bridge.ingest.lock import data_directory_lock

HOLD = """
import sys
from pathlib import Path
from otel_bridge.ingest.lock import data_directory_lock
with data_directory_lock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path):
    """Another process that holds the directory."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    assert process.stdout.readline() == b"held\n"
    yield process
    process.kill()
    process.communicate()


def test_a_second_process_is_refused_and_told_who_holds_it(tmp_path, holder, monkeypatch):
    monkeypatch.setattr(lock, "PATIENCE_SECONDS", 0.0)
    said = f"in use by another otel-bridge .process {os.getpid()}"
    with pytest.raises(DataDirectoryLocked, match=said), data_directory_lock(tmp_path):
        pass


def test_the_lock_goes_with_the_process_that_is_killed(tmp_path, holder):
    holder.kill()
    holder.wait()
    with data_directory_lock(tmp_path):
        pass


def test_a_directory_that_is_not_there_is_one_clear_error(tmp_path):
    said = "is not writable: No such file or directory"
    with pytest.raises(StartError, match=said), data_directory_lock(tmp_path / "missing"):
        pass
