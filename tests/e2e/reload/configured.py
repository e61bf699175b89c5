"""A bridge that runs by a file, which tests write anew while it runs."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.e2e.process import BANNER, START_SECONDS, Bridge, _read_banner, environment
from tests.e2e.waiting import until
from tests.faults.metrics import metric

if TYPE_CHECKING:
    from collections.abc import Iterator

FREE = "127.0.0.1:0"
LAST_SUCCESS = "otel_bridge_config_reload_last_success"


def a_document(folder: Path, *, processors: dict | None = None, **service: Any) -> dict[str, Any]:
    """A standalone bridge on free ports; `processors` are what its pipeline goes through, in this order."""
    processors = processors or {}
    return {
        "receivers": {
            "otlp": {"protocols": {"grpc": {"endpoint": FREE}, "http": {"endpoint": FREE}}},
            "weave_api": {"endpoint": FREE},
        },
        "processors": processors,
        "exporters": {"store": {"path": str(folder / "data"), "default_project": "local/default"}},
        "service": {
            "reload_interval": "off",
            "pipelines": {
                "traces": {
                    "receivers": ["otlp", "weave_api"],
                    "processors": list(processors),
                    "exporters": ["store"],
                }
            },
            **service,
        },
    }


def marking(value: str) -> dict[str, Any]:
    """A processor that marks every span."""
    return {"attributes": {"actions": [{"key": "mark", "value": value, "action": "upsert"}]}}


class Configured:
    """A running bridge and its file. What is written takes the place of the file at once, whole."""

    def __init__(self, bridge: Bridge, path: Path) -> None:
        self.bridge = bridge
        self.path = path

    def write(self, what: dict[str, Any] | str) -> None:
        fresh = self.path.with_suffix(".new")
        fresh.write_text(what if isinstance(what, str) else json.dumps(what))
        fresh.replace(self.path)

    def counted(self, outcome: str) -> float:
        return metric(self.bridge, f'otel_bridge_config_reloads_total{{outcome="{outcome}"}}')

    def hang_up(self) -> None:
        self.bridge.process.send_signal(signal.SIGHUP)

    @contextmanager
    def reloading(self, outcome: str = "applied") -> Iterator[None]:
        """What the block does leads to a reload that ends so."""
        before = self.counted(outcome)
        yield
        until(lambda: self.counted(outcome) > before, f"{outcome}: {self.bridge.log[-2000:]}")

    def reload(self, what: dict[str, Any] | str, outcome: str = "applied") -> None:
        """Write the file and tell the bridge; wait until it has come to an end."""
        with self.reloading(outcome):
            self.write(what)
            self.hang_up()

    @property
    def last_success(self) -> float:
        return metric(self.bridge, LAST_SUCCESS)


def started(folder: Path, config: Path, **env: str) -> Bridge:
    """Start a bridge by nothing but a file."""
    log_file = folder / "log"
    with log_file.open("a") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "otel_bridge", "run", f"--config={config}"],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env=environment(**env),
            cwd=folder,
        )
    banner = _read_banner(process, log_file)
    found = {door: pattern.search(banner) for door, pattern in BANNER.items()}
    doors = {door: match[1] for door, match in found.items() if match}
    return Bridge(process, folder / "data", **doors, log_file=log_file, banner=banner)


@contextmanager
def configured(
    folder: Path, document: dict[str, Any], path: Path | None = None, **env: str
) -> Iterator[Configured]:
    """A bridge that runs by a document, or by what is at `path`, for the length of a block."""
    if path is None:
        path = folder / "bridge.yaml"
        path.write_text(json.dumps(document))
    bridge = started(folder, path, **env)
    try:
        yield Configured(bridge, path)
    finally:
        if bridge.process.poll() is None:
            bridge.process.terminate()
            try:
                bridge.process.wait(START_SECONDS)
            except subprocess.TimeoutExpired:
                bridge.process.kill()
                bridge.process.wait()
        assert bridge.process.stdout is not None
        bridge.process.stdout.close()
