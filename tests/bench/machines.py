"""The processes a benchmark measures: a bridge on a fresh directory, and the least an HTTP server can do."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec
import psutil

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

START_SECONDS: Final = 30.0
STOP_SECONDS: Final = 60.0
PROJECT: Final = "local/default"
POLL_SECONDS: Final = 0.002
_TRY_AGAIN: Final = 503

BASELINE: Final = """
import sys
from aiohttp import web

async def take(request):
    await request.read()
    return web.Response(content_type="application/x-protobuf")

async def answer(request):
    await request.read()
    return web.Response(body=b"x" * int(request.query["bytes"]))

async def ready(request):
    return web.Response()

app = web.Application(client_max_size=1 << 30)
app.router.add_post("/v1/traces", take)
app.router.add_post("/answer", answer)
app.router.add_get("/readyz", ready)
web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None, access_log=None)
"""
"""Reads the body and answers 200: what is left of a figure when nothing is decoded, kept or made readable.
`/answer?bytes=N` answers with so many bytes: what is left when nothing is looked up or rendered."""


@dataclass(frozen=True)
class Machine:
    """A running server under test."""

    process: subprocess.Popen[bytes]
    http: str
    api: str
    grpc: str = ""
    data_dir: Path = Path()
    first_span_seconds: float = 0.0

    @property
    def pid(self) -> int:
        return self.process.pid

    def rss(self) -> int:
        """Resident bytes of the process tree, shared pages counted once a process."""
        root = psutil.Process(self.pid)
        return sum(each.memory_info().rss for each in [root, *root.children(recursive=True)])

    def pss(self) -> int:
        """Resident bytes of the process tree, shared pages counted once."""
        root = psutil.Process(self.pid)
        return sum(each.memory_full_info().pss for each in [root, *root.children(recursive=True)])

    def ask(self, path: str, body: object = None) -> bytes:
        """Ask the API for something."""
        data = None if body is None else msgspec.json.encode(body)
        with urllib.request.urlopen(urllib.request.Request(self.api + path, data), timeout=300) as answer:
            return answer.read()

    def count(self) -> int:
        """Return how many calls can be read."""
        return msgspec.json.decode(self.ask("/calls/query_stats", {"project_id": PROJECT}))["count"]

    def disk(self) -> int:
        """Bytes the data directory takes on disk."""
        return sum(path.stat().st_blocks * 512 for path in self.data_dir.rglob("*") if path.is_file())


def free_ports(count: int) -> list[int]:
    """Return ports that nobody listens on now."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [each.getsockname()[1] for each in sockets]


def one_span() -> bytes:
    """Return the smallest useful request, a new span each time."""
    trace_id, span_id = os.urandom(16).hex(), os.urandom(8).hex()
    now = time.time_ns()
    span = {"traceId": trace_id, "spanId": span_id, "name": "first", "startTimeUnixNano": str(now),
            "endTimeUnixNano": str(now + 1000)}  # fmt: skip
    return msgspec.json.encode({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]})


def until_accepted(url: str, process: subprocess.Popen[bytes]) -> None:
    """Send a span again and again until one is accepted."""
    request = urllib.request.Request(url, one_span(), {"Content-Type": "application/json"})
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise SystemExit(f"the server ended with {process.returncode}")
        try:
            urllib.request.urlopen(request, timeout=1).close()
        except urllib.error.HTTPError as error:
            if error.code != _TRY_AGAIN:
                raise SystemExit(f"{url} answered {error.code}") from error
        except OSError:
            pass
        else:
            return
        time.sleep(POLL_SECONDS)
    raise SystemExit(f"{url} took no span within {START_SECONDS} s")


@contextmanager
def bridge(environment: Mapping[str, str] | None = None, *flags: str) -> Iterator[Machine]:
    """Run `otel-bridge run` on free ports and a fresh directory; `first_span_seconds` counts from there."""
    http, grpc, api = (f"127.0.0.1:{port}" for port in free_ports(3))
    with tempfile.TemporaryDirectory(prefix="bench-") as data:
        command = [sys.executable, "-m", "otel_bridge", "run", "--data-dir", data, "--log-level", "warning",
                   "--otlp-http", http, "--otlp-grpc", grpc, "--api", api, *flags]  # fmt: skip
        started = time.perf_counter()
        process = subprocess.Popen(
            command, env={**os.environ, **(environment or {})}, stdout=subprocess.DEVNULL
        )
        with stopping(process):
            until_accepted(f"http://{http}/v1/traces", process)
            seconds = time.perf_counter() - started
            yield Machine(process, f"http://{http}", f"http://{api}", grpc, Path(data), seconds)


@contextmanager
def baseline() -> Iterator[Machine]:
    """Run the server that only reads bodies."""
    (port,) = free_ports(1)
    process = subprocess.Popen([sys.executable, "-c", BASELINE, str(port)])
    url = f"http://127.0.0.1:{port}"
    with stopping(process):
        until_accepted(f"{url}/v1/traces", process)
        yield Machine(process, url, url)


@contextmanager
def stopping(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """End the process when the block ends."""
    try:
        yield
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def stop(machine: Machine) -> int:
    """Stop the machine now; return its exit code."""
    machine.process.send_signal(signal.SIGTERM)
    return machine.process.wait(STOP_SECONDS)
