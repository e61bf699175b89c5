"""A real `otel-bridge run`, started, killed and started again by tests."""

from __future__ import annotations

import os
import re
import selectors
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 30
BANNER = {
    "http": re.compile(r"OTLP/HTTP\s+(https?://\S+)"),
    "grpc": re.compile(r"OTLP/gRPC\s+(\S+)"),
    "api": re.compile(r"Weave API\s+(https?://\S+)"),
}


@dataclass
class Bridge:
    """One running process; `http` and `api` are base URLs, `grpc` is host:port."""

    process: subprocess.Popen[str]
    data_dir: Path
    http: str
    grpc: str
    api: str
    log_file: Path
    banner: str
    children: list[psutil.Process] = field(default_factory=list)

    @property
    def log(self) -> str:
        return self.log_file.read_text()

    def kill(self) -> None:
        """SIGKILL the service; its children notice and end."""
        self.process.kill()
        self.process.wait(START_SECONDS)

    def kill_tree(self) -> None:
        """SIGKILL every process at once."""
        service = psutil.Process(self.process.pid)
        for process in [*service.children(recursive=True), service]:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self.process.wait(START_SECONDS)

    def terminate(self) -> int:
        """SIGTERM; return the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(START_SECONDS)

    def child(self, name: str) -> psutil.Process:
        """Return the process of the writer or the reader as it runs now."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            for process in psutil.Process(self.process.pid).children(recursive=True):
                if any(name in part for part in process.cmdline()):
                    return process
        raise AssertionError(f"no {name} process")


def command(data_dir: Path, *flags: str) -> list[str]:
    """The command line of a bridge on free ports."""
    ports = [f"--{door}=127.0.0.1:0" for door in ("otlp-http", "otlp-grpc", "api")]
    return [sys.executable, "-m", "otel_bridge", "run", f"--data-dir={data_dir}", *ports, *flags]


def environment(**extra: str) -> dict[str, str]:
    """The environment without settings of the person who runs the tests."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("OTEL_", "WANDB_", "WEAVE_"))}
    return {**kept, "PYTHONPATH": str(ROOT), **extra}


def start(data_dir: Path, *flags: str, log_file: Path | None = None, **env: str) -> Bridge:
    """Start a bridge and wait until it says where it listens."""
    return launch(command(data_dir, *flags), data_dir, log_file=log_file, **env)


def launch(arguments: list[str], data_dir: Path, *, log_file: Path | None = None, **env: str) -> Bridge:
    """Start a bridge by a command line; the address of what does not listen is empty."""
    log_file = log_file or data_dir.with_suffix(".log")
    with log_file.open("a") as log:
        process = subprocess.Popen(
            arguments,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env=environment(**env),
            cwd=data_dir.parent,
        )
    banner = _read_banner(process, log_file)
    found = {door: pattern.search(banner) for door, pattern in BANNER.items()}
    bridge = Bridge(
        process=process,
        data_dir=data_dir,
        log_file=log_file,
        banner=banner,
        **{door: match[1] if match else "" for door, match in found.items()},
    )
    bridge.children = psutil.Process(process.pid).children(recursive=True)
    return bridge


def _read_banner(process: subprocess.Popen[str], log_file: Path) -> str:
    assert process.stdout is not None
    text, deadline = "", time.monotonic() + START_SECONDS
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while "data in" not in text and time.monotonic() < deadline:
            if selector.select(1.0):
                # not readline: what it reads ahead, the selector would wait for in vain
                received = os.read(process.stdout.fileno(), 4096)
                if not received:
                    break
                text += received.decode()
    if "data in" not in text:
        process.kill()
        raise AssertionError(f"the bridge did not start: {text!r} {log_file.read_text()!r}")
    return text


@contextmanager
def running(data_dir: Path, *flags: str, **env: str) -> Iterator[Bridge]:
    """A bridge for the length of a block; killed at its end if it still runs."""
    with ending(start(data_dir, *flags, **env)) as bridge:
        yield bridge


@contextmanager
def ending(bridge: Bridge) -> Iterator[Bridge]:
    """End a bridge after the block, and kill it if it does not."""
    try:
        yield bridge
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
