"""Where the steps of a retranslation are done: in a store of our own, or by the bridge that has it."""

from __future__ import annotations

import os
import time
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from functools import partial
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import TYPE_CHECKING, Final, Protocol
from urllib.parse import urlsplit

import msgspec

from otel_bridge.errors import DataDirectoryLocked, Refused, StartError, Unavailable
from otel_bridge.ingest.address import running_address
from otel_bridge.ingest.lock import data_directory_lock
from otel_bridge.ingest.settings import STORE_FILE
from otel_bridge.ingest.writer import open_store
from otel_bridge.store.limits import StoreLimits
from otel_bridge.store.retranslation import Cursor, Retranslated, Retranslation

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from otel_bridge.store.base import CallWriter
    from otel_bridge.translate.options import Options

PATH: Final = "/bridge/retranslate"
ANSWER_SECONDS: Final = 60.0
PATIENCE_SECONDS: Final = 30.0
"""How long a bridge that has answered before may be away or out of room: it may be starting again."""
PAUSE_SECONDS: Final = 0.2
_OK: Final = 200
_UNAVAILABLE: Final = 503
_NO_LIMITS: Final = StoreLimits(retention_seconds=None, max_bytes=None)
"""Nobody asked for calls to be removed."""


class Steps(Protocol):
    """`CallWriter.retranslate`, committed when it returns."""

    def __call__(self, asked: Retranslation, cursor: Cursor | None) -> Retranslated:
        """Do one step. Raise Unavailable when it cannot be done now."""


@contextmanager
def open_steps(data_dir: Path, url: str | None, options: Options) -> Generator[Steps]:
    """Open the store in `data_dir`, or ask the bridge that has it, or the one whose API is at `url`.

    A bridge that is asked translates with its own options, a store of our own is translated with `options`.
    Raise StartError when there is no store, or nobody to ask.
    """
    with ExitStack() as owned:
        if url is not None:
            yield owned.enter_context(closing(RemoteSteps(url)))
            return
        if not (data_dir / STORE_FILE).exists():
            raise StartError(f"there is no store in {data_dir}; --data-dir DIR names another directory")
        if _locked(owned, data_dir):
            yield owned.enter_context(closing(RemoteSteps(_address(data_dir))))
            return
        store = owned.enter_context(closing(open_store(data_dir, _NO_LIMITS, options)))
        yield partial(local_step, store)


def local_step(store: CallWriter, asked: Retranslation, cursor: Cursor | None) -> Retranslated:
    """Do one step in a store that nobody else writes to."""
    store.begin()
    done = store.retranslate(asked, cursor)
    store.commit()
    return done


class RemoteSteps:
    """Asks a running bridge for the steps, over its API at `url`; raise StartError for no URL."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.netloc:
            raise StartError(f"{url!r} is not a URL, for example http://127.0.0.1:6345")
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self._url = url
        self._path = parts.path.rstrip("/") + PATH
        self._connection = kind(parts.netloc, timeout=ANSWER_SECONDS)
        self._answered = False

    def __call__(self, asked: Retranslation, cursor: Cursor | None) -> Retranslated:
        """Do one step, asking again while the bridge is away or has no room."""
        body = _question(asked, cursor)
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

    def _ask(self, body: bytes) -> Retranslated:
        try:
            self._connection.request("POST", self._path, body, {"Content-Type": "application/json"})
            response = self._connection.getresponse()
            answer = response.read()
        except (OSError, HTTPException) as error:
            self._connection.close()
            text = f"no otel-bridge answers at {self._url} ({error or type(error).__name__})"
            raise (
                Unavailable(text) if self._answered else StartError(f"{text}; --url names another")
            ) from error
        if response.status == _OK:
            self._answered = True
            return msgspec.json.decode(answer, type=Retranslated)
        said = f"{self._url} answered {response.status}: {answer[:200].decode(errors='replace')}"
        raise (Unavailable if response.status == _UNAVAILABLE else Refused)(said)


def _question(asked: Retranslation, cursor: Cursor | None) -> bytes:
    since = None if asked.since is None else datetime.fromtimestamp(asked.since / 1_000_000, UTC).isoformat()
    members = {name: getattr(asked, name) for name in asked.__struct_fields__}
    return msgspec.json.encode({**members, "since": since, "cursor": cursor})


def _locked(owned: ExitStack, data_dir: Path) -> bool:
    """Take the directory; tell whether a bridge has it instead."""
    try:
        owned.enter_context(data_directory_lock(data_dir, patience_seconds=0, holder=os.getpid()))
    except DataDirectoryLocked:
        return True
    return False


def _address(data_dir: Path) -> str:
    url = running_address(data_dir)
    if url is None:
        raise DataDirectoryLocked(
            f"data directory {data_dir} is in use by an otel-bridge that has not said where its API is;"
            " --url names it"
        )
    return url
