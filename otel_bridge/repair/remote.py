"""Asks a running bridge for one step after the other, and where it is."""

from __future__ import annotations

import os
import ssl
import time
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from otel_bridge.auth.own_key import advice, key_headers
from otel_bridge.auth.own_tls import own_context
from otel_bridge.errors import DataDirectoryLocked, Refused, StartError, Unavailable
from otel_bridge.ingest.address import running_address
from otel_bridge.ingest.lock import data_directory_lock

if TYPE_CHECKING:
    from contextlib import ExitStack
    from pathlib import Path

ANSWER_SECONDS: Final = 60.0
PATIENCE_SECONDS: Final = 30.0
"""How long a bridge that has answered before may be away or out of room: it may be starting again."""
PAUSE_SECONDS: Final = 0.2
_OK: Final = 200
_UNAVAILABLE: Final = 503


class Remote:
    """A running bridge: posts to one path of the API at `url`, and shows the key of `auth.own_key`.

    Raise StartError for no URL.
    """

    def __init__(self, url: str, path: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.netloc:
            raise StartError(f"{url!r} is not a URL, for example http://127.0.0.1:6345")
        self._url = url
        self._path = parts.path.rstrip("/") + path
        self._connection = (
            HTTPSConnection(parts.netloc, timeout=ANSWER_SECONDS, context=own_context())
            if parts.scheme == "https"
            else HTTPConnection(parts.netloc, timeout=ANSWER_SECONDS)
        )
        self._headers = {"Content-Type": "application/json"} | key_headers()
        self._answered = False

    def post(self, body: bytes) -> bytes:
        """Return the answer, asking again while the bridge is away or has no room."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return self._ask(body)
            except Unavailable:
                if time.monotonic() >= deadline:
                    raise
            time.sleep(PAUSE_SECONDS)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _ask(self, body: bytes) -> bytes:
        try:
            self._connection.request("POST", self._path, body, self._headers)
            response = self._connection.getresponse()
            answer = response.read()
        except (OSError, HTTPException) as error:
            self._connection.close()
            text = f"no otel-bridge answers at {self._url} ({error or type(error).__name__})"
            if isinstance(error, ssl.SSLCertVerificationError):
                text += "; OTEL_BRIDGE_CA_FILE names the authority of its certificate"
            raise (
                Unavailable(text) if self._answered else StartError(f"{text}; --url names another")
            ) from error
        if response.status == _OK:
            self._answered = True
            return answer
        said = f"{self._url} answered {response.status}: {answer[:200].decode(errors='replace')}"
        said += advice(response.status)
        raise (Unavailable if response.status == _UNAVAILABLE else Refused)(said)


def is_locked(owned: ExitStack, data_dir: Path) -> bool:
    """Take the directory; tell whether a bridge has it instead."""
    try:
        owned.enter_context(data_directory_lock(data_dir, patience_seconds=0, holder=os.getpid()))
    except DataDirectoryLocked:
        return True
    return False


def address_of(data_dir: Path) -> str:
    """Return where the API of the bridge in a directory is; raise DataDirectoryLocked for none."""
    url = running_address(data_dir)
    if url is None:
        raise DataDirectoryLocked(
            f"data directory {data_dir} is in use by an otel-bridge that has not said where its API is;"
            " --url names it"
        )
    return url
