"""A reader beside the load, in a process of its own: how long does an answer take? Prints JSON.

`python -m tests.bench.probe API_URL TRACE_ID`: asks until its standard input ends.
"""

from __future__ import annotations

import http.client
import json
import sys
import threading
import time
from urllib.parse import urlsplit

PROJECT = "local/default"
NEWEST = [{"field": "started_at", "direction": "desc"}]


def questions(trace_id: str) -> dict[str, tuple[str, str, bytes | None]]:
    """What is asked, by name."""
    query = "/calls/stream_query"
    newest = {"project_id": PROJECT, "sort_by": NEWEST, "limit": 100}
    trace = {"project_id": PROJECT, "filter": {"trace_ids": [trace_id]}}
    return {
        "last 100": ("POST", query, json.dumps(newest).encode()),
        "one trace": ("POST", query, json.dumps(trace).encode()),
        "/readyz": ("GET", "/readyz", None),
    }


def main() -> None:
    """Ask in turn, one question at a time, and print the milliseconds of every answer."""
    ended = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
    connection = http.client.HTTPConnection(urlsplit(sys.argv[1]).netloc, timeout=60)
    took: dict[str, list[float]] = {}
    asked = questions(sys.argv[2])
    while not ended.is_set():
        for name, (method, path, body) in asked.items():
            started = time.perf_counter()
            connection.request(method, path, body)
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 200, (name, answer.status)
            took.setdefault(name, []).append(1000 * (time.perf_counter() - started))
        ended.wait(0.02)
    print(json.dumps(took))


if __name__ == "__main__":
    main()
