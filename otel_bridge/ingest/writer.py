"""The writer process: decodes, translates and keeps what the service received. The only one that writes.

It talks to the service over one socket (`frames`), is alone in its data directory (`lock`), and ends when the
service does: at the end of the stream it finishes what it was given, closes the store and exits.
"""

from __future__ import annotations

import os
import selectors
import signal
import socket
import sys
import time
import traceback
from collections import deque
from contextlib import ExitStack, closing, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from otel_bridge.errors import DataDirectoryLocked, StartError
from otel_bridge.ingest import frames
from otel_bridge.ingest.failure import failure
from otel_bridge.ingest.frames import frame
from otel_bridge.ingest.group import GroupCommit
from otel_bridge.ingest.lock import data_directory_lock
from otel_bridge.ingest.requests import Prepared, Step, prepare_export, prepare_logs, prepare_write
from otel_bridge.ingest.settings import STORE_FILE, WriterSettings
from otel_bridge.receiver.allocator import tune_allocator
from otel_bridge.store.limits import StoreLimits
from otel_bridge.store.sqlite.writer import SqliteWriter
from otel_bridge.translate.calls import translate

if TYPE_CHECKING:
    from otel_bridge.store.base import CallWriter
    from otel_bridge.translate.options import Options

GROUP_BYTES: Final = 2 << 20
"""Decoded bytes of the requests that are committed together; a larger request goes alone."""
SMALL_GROUP_BYTES: Final = 512 << 10
"""What is worth a commit of its own while more waits: each costs some pages of every index."""
RECEIVE_BYTES: Final = 1 << 20
MAINTAIN_SECONDS: Final = 0.25
"""Between two steps of upkeep while requests keep coming."""
BACKLOG_SECONDS: Final = 0.05
"""The same while upkeep is behind: some thousand old calls a second go, whatever comes in."""
IDLE_SECONDS: Final = 1.0
"""Between two looks for upkeep while nothing comes."""
SWITCH_SECONDS: Final = 0.0005
"""How long the commit thread may have to wait for the interpreter (5 ms by default)."""


class Writer:
    """The loop of the writer process."""

    def __init__(self, connection: socket.socket, store: CallWriter, settings: WriterSettings) -> None:
        self._connection = connection
        self._store = store
        self._settings = settings
        self._cutter = frames.Cutter()
        self._incoming: deque[tuple[frames.Request, bytes]] = deque()
        self._prepared: list[Prepared | Step] = []
        self._prepared_bytes = 0
        self._commit = GroupCommit(store, self._reply)
        self._open = True
        self._next_upkeep = 0.0
        self._more_upkeep = False
        self._expired = 0

    def run(self) -> None:
        """Serve until the service closes the connection, then finish what was given."""
        with closing(self._commit), selectors.DefaultSelector() as selector:
            selector.register(self._connection, selectors.EVENT_READ, self._receive)
            selector.register(self._commit.wakeup, selectors.EVENT_READ, self._commit.finish)
            while self._open or self._incoming or self._prepared:
                for key, _ in selector.select(self._patience()):
                    key.data()
                if not self._open and self._connection in selector.get_map():
                    selector.unregister(self._connection)
                self._prepare()
                if not self._commit.busy:
                    self._upkeep()  # before the next group: under full load there is no other moment
                    self._submit()

    def _patience(self) -> float:
        if self._incoming or (self._prepared and not self._commit.busy):
            return 0.0
        if self._more_upkeep and not self._commit.busy:
            return 0.0
        return IDLE_SECONDS

    def _receive(self) -> None:
        try:
            data = self._connection.recv(RECEIVE_BYTES)
        except OSError:
            data = b""
        self._open = bool(data)
        for head, body in self._cutter.feed(data):
            self._incoming.append((frames.decode_request(head), body))

    def _prepare(self) -> None:
        """Turn received bytes into changes; while the disk works, as many as one group takes."""
        while self._incoming and self._prepared_bytes < GROUP_BYTES:
            request, body = self._incoming.popleft()
            prepared: Prepared | Step
            try:
                match request:
                    case frames.ExportSpans():
                        prepared = prepare_export(
                            request,
                            body,
                            default_project=self._settings.default_project,
                            options=self._settings.options,
                        )
                    case frames.ExportLogs():
                        prepared = prepare_logs(request, body, default_project=self._settings.default_project)
                    case frames.WriteCalls():
                        prepared = prepare_write(request, body)
                    case frames.Retranslate(id=number, asked=asked, cursor=cursor):
                        prepared = Step(number, asked, cursor)
                    case _:
                        self._reply(frame(frames.Done(request.id)))
                        continue
                self._store.prepare(prepared.changes)
            except Exception as error:  # noqa: BLE001 - one request's trouble is told to that request only
                self._reply(frame(failure(request.id, error, traceback.format_exc())))
                continue
            self._prepared.append(prepared)
            self._prepared_bytes += len(body)
            if self._commit.done:
                self._commit.finish()
            if not self._commit.busy and self._prepared_bytes >= SMALL_GROUP_BYTES:
                break  # the disk is free: let it work while the rest is prepared

    def _submit(self) -> None:
        if not self._prepared:
            return
        group, self._prepared, self._prepared_bytes = self._prepared, [], 0
        self._commit.submit(group)

    def _upkeep(self) -> None:
        now = time.monotonic()
        idle = not (self._incoming or self._prepared)
        if now < self._next_upkeep or not self._open:
            return
        self._more_upkeep = self._store.maintain(now=time.time_ns() // 1000)
        expired = self._store.expired
        if expired > self._expired:
            self._reply(frame(frames.Noted({"expired_calls": expired - self._expired})))
            self._expired = expired
        pause = BACKLOG_SECONDS if self._more_upkeep else MAINTAIN_SECONDS
        self._next_upkeep = now + (0.0 if idle and self._more_upkeep else pause)

    def _reply(self, data: bytes) -> None:
        with suppress(OSError):  # the service is gone; what is kept stays kept
            self._connection.sendall(data)


def main() -> None:
    """Run the writer on the socket whose number is argv[1], with the settings in argv[2]."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the service decides when to stop
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.setswitchinterval(SWITCH_SECONDS)
    tune_allocator()
    os.umask(0o077)  # prompts are personal data
    settings = msgspec.json.decode(sys.argv[2], type=WriterSettings)
    with socket.socket(fileno=int(sys.argv[1])) as connection:
        try:
            serve(connection, settings)
        except StartError as error:
            message = frames.CannotStart(str(error), isinstance(error, DataDirectoryLocked))
            connection.sendall(frame(message))
            sys.exit(error.exit_code)


def serve(connection: socket.socket, settings: WriterSettings) -> None:
    """Own the data directory and serve `connection`; raise StartError when that cannot be."""
    data_dir = Path(settings.data_dir)
    limits = StoreLimits(retention_seconds=settings.retention_seconds, max_bytes=settings.max_bytes)
    with ExitStack() as owned:
        owned.enter_context(data_directory_lock(data_dir))
        store = owned.enter_context(closing(open_store(data_dir, limits, settings.options)))
        connection.sendall(frame(frames.Ready()))
        Writer(connection, store, settings).run()


def open_store(data_dir: Path, limits: StoreLimits, options: Options) -> SqliteWriter:
    """Open the store of a data directory whose lock is held; raise StartError."""
    again = partial(translate, options=options)
    return SqliteWriter(data_dir / STORE_FILE, limits, translate=again, translator=options.stamp)


if __name__ == "__main__":
    main()
