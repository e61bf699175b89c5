"""A Collector of our own at work: its configuration, its ports, its log."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

START_SECONDS = 60
RETRY = {"enabled": True, "initial_interval": "50ms", "max_interval": "200ms", "max_elapsed_time": "0s"}


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@dataclass
class Collector:
    """A running Collector; `log` is what it said."""

    process: subprocess.Popen
    log_file: Path

    @property
    def log(self) -> str:
        return self.log_file.read_text()

    def stop(self) -> None:
        """Ask it to end, and wait until it has."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(START_SECONDS)


def receiver(port: int) -> dict:
    """An `otlp` receiver that speaks HTTP."""
    return {"protocols": {"http": {"endpoint": f"127.0.0.1:{port}"}}}


def pipelines(wiring: dict[str, tuple[dict, dict]]) -> dict:
    """A configuration: for each name of an exporter (`type/name`) its receiver and its settings."""
    receivers, exporters, lines = {}, {}, {}
    for name, (into, settings) in wiring.items():
        way = name.replace("/", "_")
        receivers[f"otlp/{way}"] = into
        exporters[name] = settings
        lines[f"traces/{way}"] = {"receivers": [f"otlp/{way}"], "exporters": [name]}
    return {"receivers": receivers, "exporters": exporters, "service": {"pipelines": lines}}


@contextmanager
def running(
    program: Path, folder: Path, config: dict | Path, ports: list[int], *flags: str, **variables: str
):
    """A Collector for the length of a block; it listens on these ports when the block begins.

    `config` is what its file says, or a file.
    """
    file = config
    if isinstance(config, dict):
        file = folder / "collector.yaml"
        file.write_text(json.dumps(config))  # JSON is YAML
    log_file = folder / "collector.log"
    with log_file.open("a") as log:
        process = subprocess.Popen(
            [program, "--config", file, *flags], stdout=log, stderr=log, env={**os.environ, **variables}
        )
    collector = Collector(process, log_file)
    try:
        for port in ports:
            _wait_for(collector, port)
        yield collector
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def _wait_for(collector: Collector, port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert collector.process.poll() is None, collector.log
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise AssertionError(f"the Collector does not listen on {port}: {collector.log}")
