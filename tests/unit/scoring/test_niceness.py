"""Scoring gives way to everything else on the machine."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import os
from pathlib import Path
from otel_bridge.scoring.niceness import be_nice
be_nice(19)
be_nice(5)
group = Path("/proc/self/autogroup")
print(os.nice(0), group.read_text().split()[-1] if group.exists() else "-")
"""


def run(*, session: bool) -> tuple[str, str]:
    answer = subprocess.run(
        [sys.executable, "-c", PROGRAM], start_new_session=session, capture_output=True, text=True, check=True
    )
    nice, group = answer.stdout.split()
    return nice, group


def test_a_process_steps_back_and_never_forward():
    assert run(session=False)[0] == "19"


@pytest.mark.skipif(not Path("/proc/self/autogroup").exists(), reason="this system has no autogroups")
def test_a_session_of_its_own_steps_back_as_a_whole():
    assert run(session=True) == ("19", "19")
