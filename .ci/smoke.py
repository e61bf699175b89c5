"""Start the bridge with a command, send it a span, read the call back, stop it. Standard library only.

`python smoke.py COMMAND...`: the command gets free ports and a data directory of its own, by environment.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

START_SECONDS = 300  # the command may install the bridge first
STOP_SECONDS = 30
TRACE, SPAN = "5b8efff798038103d269b633813fc60c", "eee19b7ec3c1b174"


def free_ports(count: int) -> list[int]:
    """Return ports that nobody uses now; all sockets stay open until every port is known."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [each.getsockname()[1] for each in sockets]


def post(url: str, body: object) -> bytes:
    """POST JSON and return the answer's body."""
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.read()


def wait_until_ready(url: str, process: subprocess.Popen[bytes]) -> None:
    """Return when the URL answers 200; end the program when the process ends or time is up."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            sys.exit(f"the command ended with {process.returncode} before it was ready")
        with contextlib.suppress(urllib.error.URLError, ConnectionError):
            urllib.request.urlopen(url, timeout=1).close()
            return
        time.sleep(0.1)
    sys.exit(f"{url} was not ready within {START_SECONDS} s")


def send_and_read(otlp: str, api: str) -> None:
    """Send one span and find it again as a call."""
    span = {"traceId": TRACE, "spanId": SPAN, "name": "smoke", "kind": 1,
            "startTimeUnixNano": "1790000000000000000", "endTimeUnixNano": "1790000000250000000"}  # fmt: skip
    post(f"{otlp}/v1/traces", {"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]})
    line = post(f"{api}/calls/stream_query", {"project_id": "local/default"})
    call = json.loads(line)
    assert (call["id"], call["op_name"], call["summary"]["weave"]["latency_ms"]) == (SPAN, "smoke", 250), call


def open_page(api: str) -> None:
    """Get the page and every file that it names."""
    with urllib.request.urlopen(f"{api}/", timeout=10) as answer:
        index = answer.read().decode()
    for path in re.findall(r'(?:href|src)="([^"]+)"', index):
        urllib.request.urlopen(f"{api}/{path}", timeout=10).close()
    assert "main.js" in index, index


def read_the_description(api: str) -> None:
    """Find the description of the API, its page, and what the page needs."""
    for path, part in (
        ("/openapi.json", b'"openapi":"3.1.0"'),
        ("/docs", b'id="calls_stream_query"'),
        ("/docs/page.css", b"prefers-color-scheme"),
        ("/docs/page.js", b"clipboard"),
    ):
        with urllib.request.urlopen(api + path, timeout=10) as answer:
            assert part in answer.read(), path


def main(command: list[str]) -> None:
    http, grpc, api = (f"127.0.0.1:{port}" for port in free_ports(3))
    with tempfile.TemporaryDirectory() as data:
        environment = {**os.environ, "OTEL_BRIDGE_DATA_DIR": data, "OTEL_BRIDGE_OTLP_HTTP": http,
                       "OTEL_BRIDGE_OTLP_GRPC": grpc, "OTEL_BRIDGE_API": api}  # fmt: skip
        process = subprocess.Popen(command, env=environment, start_new_session=True)
        try:
            wait_until_ready(f"http://{api}/readyz", process)
            send_and_read(f"http://{http}", f"http://{api}")
            open_page(f"http://{api}")
            read_the_description(f"http://{api}")
            os.killpg(process.pid, signal.SIGTERM)
            code = process.wait(STOP_SECONDS)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    if code not in {0, -signal.SIGTERM}:  # a shell in front dies of the signal
        sys.exit(f"the bridge ended with {code}")
    print("a span came in, its call came back, the page is there, the API is described, the bridge stopped")


if __name__ == "__main__":
    main(sys.argv[1:])
