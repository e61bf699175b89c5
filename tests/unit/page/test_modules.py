"""The page's modules that need no browser, tested where they run as well: in Node."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
SUITES = sorted((HERE / "js").glob("*.test.mjs"))
NODE = shutil.which("node")
OLDEST_NODE = (20, 19)
"""The first that takes a `.js` file with imports for a module."""


def version() -> tuple[int, ...]:
    if NODE is None:
        return ()
    said = subprocess.run([NODE, "--version"], capture_output=True, text=True, check=True, timeout=30).stdout
    return tuple(map(int, re.findall(r"\d+", said)))


@pytest.mark.skipif(version() < OLDEST_NODE, reason="node 20.19 or newer is not installed")
@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.name.partition(".")[0])
def test_modules_do_what_their_suite_says(suite):
    environment = {**os.environ, "TZ": "UTC", "LC_ALL": "C", "NO_COLOR": "1"}
    done = subprocess.run(
        [NODE, "--test", str(suite)],
        capture_output=True,
        text=True,
        env=environment,
        timeout=120,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr


def test_there_are_suites():
    assert len(SUITES) >= 4
