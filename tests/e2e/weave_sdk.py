"""The real Weave SDK, in an environment of its own, and what programs with it print."""

from __future__ import annotations

import fcntl
import json
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.e2e.process import environment
from tests.fixtures.environments import CannotInstall, make_environment

if TYPE_CHECKING:
    from pathlib import Path

PACKAGES = ("weave==0.54.0", "numpy")
"""The SDK, and what `weave.scorers` imports beside the SDK's own dependencies."""
SESSION_SECONDS = 240


def installed(folder: Path) -> Path:
    """Return the Python of an environment that has the SDK; later runs find it again."""
    folder.mkdir(parents=True, exist_ok=True)
    home, done = folder / "sdk", folder / "installed"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if done.exists():
            return home / "bin" / "python"
        try:
            python = make_environment(home, *PACKAGES)
        except CannotInstall as why:
            pytest.skip(str(why))
        done.touch()
        return python


def outcome_of(python: Path, script: Path, home: Path, api: str, **more: str) -> dict:
    """Run a program with the SDK against a bridge; return what it prints behind OUTCOME."""
    variables = environment(
        WANDB_BASE_URL=api,
        WANDB_API_KEY="abcd",
        WEAVE_SERVER_CACHE_DIR=str(home / "cache"),
        HOME=str(home),
        PYTHONPATH="",
        PYTHONDONTWRITEBYTECODE="",  # what one program has compiled the next one finds
        **more,
    )
    done = subprocess.run(
        [python, script],
        env=variables,
        cwd=home,
        capture_output=True,
        text=True,
        timeout=SESSION_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("OUTCOME ")]
    return json.loads(line.removeprefix("OUTCOME "))
