"""A real bridge with the exporters that a test wants, in a process of its own.

Run as a program it takes the exporters as JSON: `otlp_http` and `outlets`, lists of settings.
"""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import msgspec
import psutil
from pydantic import SecretStr

from otel_bridge.backoff import Retry
from otel_bridge.config import BridgeConfig, Endpoint
from otel_bridge.exporter.settings import OtlpHttpSettings
from otel_bridge.ingest.exporters.settings import OutletSettings
from otel_bridge.service.running import serve
from tests.e2e.process import BANNER, ROOT, START_SECONDS, Bridge, _read_banner, environment

PROJECT = "local/default"
QUICK = {"initial_interval": 0.05, "max_interval": 0.2}


def to(url: str, **more) -> dict:
    """Settings of an `otlp_http` exporter that is in a hurry."""
    return {"endpoint": url, "flush_seconds": 0.0, "retry": QUICK, **more}


def start(data_dir: Path, *, store: bool = False, otlp_http=(), outlets=(), queue_size=1 << 30) -> Bridge:
    """Start a bridge and wait until it says where it listens."""
    said = {"store": store, "otlp_http": list(otlp_http), "outlets": list(outlets)}
    said["queue_size"] = queue_size
    log_file = data_dir.with_suffix(".log")
    program = [sys.executable, "-m", "tests.integration.otlp.bridge", str(data_dir), json.dumps(said)]
    with log_file.open("a") as log:
        process = subprocess.Popen(
            program, stdout=subprocess.PIPE, stderr=log, text=True, env=environment(), cwd=ROOT
        )
    banner = _read_banner(process, log_file)
    found = {door: pattern.search(banner)[1] for door, pattern in BANNER.items()}
    children = psutil.Process(process.pid).children(recursive=True)
    return Bridge(process, data_dir, **found, log_file=log_file, banner=banner, children=children)


@contextmanager
def running(data_dir: Path, **said):
    """A bridge for the length of a block."""
    bridge = start(data_dir, **said)
    try:
        yield bridge
    finally:
        stop(bridge)


def stop(bridge: Bridge) -> None:
    if bridge.process.poll() is None:
        bridge.process.terminate()
        try:
            bridge.process.wait(START_SECONDS)
        except subprocess.TimeoutExpired:
            bridge.process.kill()
            bridge.process.wait()
    bridge.process.stdout.close()


def main() -> None:
    """Run a bridge on the directory argv[1] with the exporters argv[2]."""
    said = json.loads(sys.argv[2])
    free = Endpoint(host="127.0.0.1", port=0)
    receivers = [
        one
        | {
            "retry": Retry(**one["retry"]),
            "headers": {name: SecretStr(value) for name, value in one.get("headers", {}).items()},
        }
        for one in said["otlp_http"]
    ]
    serve(
        BridgeConfig(
            data_dir=Path(sys.argv[1]),
            otlp_http=free,
            otlp_grpc=free,
            api=free,
            store=said["store"],
            default_project=PROJECT,
            queue_min_free=1,
            queue_size=said["queue_size"],
            otlp_receivers=tuple(OtlpHttpSettings(**one) for one in receivers),
            outlets=tuple(msgspec.convert(said["outlets"], list[OutletSettings])),
        )
    )


if __name__ == "__main__":
    main()
