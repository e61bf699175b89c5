"""What the tests of backups share: a bridge with some MB of calls, senders that write down what was taken."""

from __future__ import annotations

import secrets
import subprocess
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.e2e import client
from tests.e2e.process import environment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WAIT_SECONDS = 120


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "otel_bridge", *map(str, arguments)]


def typed(*arguments: object, **env: str) -> tuple[int, str, str]:
    """Run a command in a process of its own; return code, output and errors."""
    done = subprocess.run(
        command(*arguments),
        env=environment(**env),
        capture_output=True,
        text=True,
        timeout=WAIT_SECONDS,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def begun(*arguments: object) -> subprocess.Popen[str]:
    """Start a command."""
    return subprocess.Popen(
        command(*arguments),
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def fill(bridge, *, requests: int = 5) -> list[str]:
    """Export spans that take about 2 MB a request; return their ids."""
    sent = []
    for _ in range(requests):
        request = client.a_request(20, text=secrets.token_hex(50_000))
        assert client.export(bridge.http, request) == 200
        sent += client.span_ids(request)
    return sent


class Load:
    """Senders that export one request after the other; `taken` are those that were acknowledged, in order."""

    def __init__(self, base: str) -> None:
        self._base = base
        self._over = threading.Event()
        self._one_more = threading.Condition()
        self.taken: list[list[str]] = []
        self.refused: list[int] = []
        self._threads = [threading.Thread(target=self._send) for _ in range(2)]

    def _send(self) -> None:
        while not self._over.is_set():
            request = client.a_request(10, text=secrets.token_hex(500))
            status = client.export(self._base, request)
            with self._one_more:
                if status == 200:
                    self.taken.append(client.span_ids(request))
                else:
                    self.refused.append(status)
                self._one_more.notify_all()

    def begin(self) -> None:
        for thread in self._threads:
            thread.start()

    def wait_for(self, requests: int) -> None:
        """Return when so many more requests were acknowledged."""
        with self._one_more:
            wanted = len(self.taken) + requests
            assert self._one_more.wait_for(lambda: len(self.taken) >= wanted, WAIT_SECONDS)

    def end(self) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(WAIT_SECONDS)


@contextmanager
def load(base: str) -> Iterator[Load]:
    """Senders for the length of a block."""
    senders = Load(base)
    senders.begin()
    try:
        yield senders
    finally:
        senders.end()


def leftovers(folder: Path) -> list[Path]:
    """Unfinished backups in a directory."""
    return sorted(folder.glob(".*.unfinished-*"))
