"""The virtual environments of the programs: made anew for a run, by uv if it works here, else by pip."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from threading import Lock

LISTS = Path(__file__).parent / "environments"
TIMEOUT_SECONDS = 300
NETWORK_TIMEOUT_SECONDS = 30
RETRIES = 1


class CannotInstall(Exception):
    """The packages of an environment cannot be had here."""


class Environments:
    """Makes each environment once, in its own folder, when it is first asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._locks = {path.stem: Lock() for path in LISTS.glob("*.txt")}
        self._made: dict[str, Path | CannotInstall] = {}

    def python(self, name: str) -> Path:
        """Return the interpreter that has the packages of the list `name`; raise CannotInstall."""
        with self._locks[name]:
            if name not in self._made:
                self._made[name] = _make(self._folder / name, LISTS / f"{name}.txt")
        made = self._made[name]
        if isinstance(made, CannotInstall):
            raise made
        return made


def _make(folder: Path, packages: Path) -> Path | CannotInstall:
    python = folder / "bin" / "python"
    install = ["install", "--quiet", "--requirement", packages]
    uv = [sys.executable, "-m", "uv"]
    if find_spec("uv") and not (
        _failure([*uv, "venv", "--quiet", "--python", sys.executable, folder])
        or _failure([*uv, "pip", *install, "--python", python])
    ):
        return python
    patience = ["--no-compile", "--retries", str(RETRIES), "--timeout", str(NETWORK_TIMEOUT_SECONDS)]
    failure = _failure([sys.executable, "-m", "venv", "--clear", folder]) or _failure(
        [python, "-m", "pip", *install, *patience]
    )
    return CannotInstall(f"pip cannot install {packages.name}: {failure}") if failure else python


def _failure(command: list[str | Path]) -> str:
    """Run a command; return nothing if it did, else the last line it said."""
    settings = {"UV_HTTP_TIMEOUT": str(NETWORK_TIMEOUT_SECONDS), "UV_HTTP_RETRIES": str(RETRIES)}
    try:
        done = subprocess.run(
            command,
            env=os.environ | settings,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"no end after {TIMEOUT_SECONDS} s"
    said = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
    return said[-1] if done.returncode else ""
