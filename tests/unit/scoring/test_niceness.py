"""Scoring gives way to everything else on the machine."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

BOTH = "import os; from otel_bridge.scoring.niceness import be_nice; be_nice(19); be_nice(5); "
NICE = BOTH + "print(os.nice(0))"
GROUP = BOTH + "print(open('/proc/self/autogroup').read().split()[-1])"
ENABLED = Path("/proc/sys/kernel/sched_autogroup_enabled")


def run(program: str, *, session: bool) -> str:
    answer = subprocess.run(
        [sys.executable, "-c", program], start_new_session=session, capture_output=True, text=True, check=True
    )
    return answer.stdout.strip()


@pytest.mark.parametrize("session", [False, True])
def test_a_process_steps_back_and_never_forward(session):
    assert run(NICE, session=session) == "19"


@pytest.mark.skipif(
    not ENABLED.exists() or ENABLED.read_text().strip() != "1", reason="this system has no autogroups"
)
def test_a_session_of_its_own_steps_back_as_a_whole():
    assert run(GROUP, session=True) == "19"
