"""An OpenTelemetry Collector of our own, built from source once for this machine, and run by tests."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent
SOURCES = ("main.go", "go.mod", "go.sum")
BUILD_SECONDS = 900
QUICK = ("-gcflags=all=-N -l -dwarf=false", "-ldflags=-s -w", "-buildvcs=false")
"""How to build in the least time, about 100 s of CPU where nothing is built yet; optimised it takes 170 s."""
USUAL_PLACES = (Path("/usr/local/go/bin/go"), Path("/usr/lib/go/bin/go"))
"""Where Go lies when it is not on the path."""


def go() -> Path | None:
    found = shutil.which("go")
    return Path(found) if found else next((path for path in USUAL_PLACES if path.exists()), None)


def binary(cache: Path) -> Path:
    """Return where the Collector of these sources is, or will be."""
    sources = b"\0".join([*((SOURCE / name).read_bytes() for name in SOURCES), *map(str.encode, QUICK)])
    digest = hashlib.sha256(sources).hexdigest()
    return cache / f"collector-{digest[:16]}"


def cache() -> Path:
    """Return a directory of this user that outlives test runs."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "otel-bridge-tests"


def built(*, quick: bool) -> Path:
    """Return the Collector, built if it is not there; skip where it cannot be, or is not in a quick run."""
    folder = cache()
    folder.mkdir(parents=True, exist_ok=True)
    target = binary(folder)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.exists():
            if quick:
                pytest.skip('the Collector takes minutes to build; .ci/full, or pytest -m "", does so once')
            _build(target)
    return target


def _build(target: Path) -> None:
    compiler = go()
    if compiler is None:
        pytest.skip("no Go here to build the Collector with")
    part = target.with_suffix(".part")
    command = ["nice", str(compiler), "build", *QUICK, "-o", str(part), "."]
    variables = {**os.environ, "CGO_ENABLED": "0"}
    try:
        subprocess.run(
            command,
            cwd=SOURCE,
            check=True,
            capture_output=True,
            timeout=BUILD_SECONDS,
            text=True,
            env=variables,
        )
    except subprocess.TimeoutExpired:
        pytest.skip(f"the Collector was not built within {BUILD_SECONDS} s")
    except subprocess.CalledProcessError as error:
        pytest.skip(f"the Collector cannot be built here: {error.stderr.strip()[-300:]}")
    part.replace(target)
