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
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from otel_bridge.errors import DataDirectoryLocked, StartError
from otel_bridge.ingest import frames, pace
from otel_bridge.ingest.backing_up import Backups
from otel_bridge.ingest.failure import failure
from otel_bridge.ingest.frames import frame
from otel_bridge.ingest.group import GroupCommit
from otel_bridge.ingest.inbox import Inbox
from otel_bridge.ingest.kept import Kept
from otel_bridge.ingest.ledger import Ledger
from otel_bridge.ingest.news import News
from otel_bridge.ingest.opening import say
from otel_bridge.ingest.repair_frames import Erase, Retranslate
from otel_bridge.ingest.requests import (
    EraseStep,
    Prepared,
    Settlement,
    Step,
    prepare_erase,
    prepare_export,
    prepare_logs,
    prepare_write,
)
from otel_bridge.ingest.scoring_frames import ChangeTasks
from otel_bridge.ingest.settings import PRIVATE, QUARANTINE_DIR, WriterSettings
from otel_bridge.ingest.timing_frames import Synced
from otel_bridge.receiver.allocator import tune_allocator

if TYPE_CHECKING:
    from otel_bridge.ingest.scoring_requests import TasksChange

    Work: TypeAlias = Prepared | Step | EraseStep | Settlement | TasksChange


class Writer:
    """The loop of the writer process, for as long as it goes by the same settings."""

    def __init__(self, connection: socket.socket, inbox: Inbox, kept: Kept) -> None:
        settings = kept.settings
        self._connection = connection
        self._inbox = inbox
        self._incoming = inbox.waiting
        self._kept = kept
        self._store = kept.store
        self._queue = kept.queue
        self._settings = settings
        required = settings.queue is None or any(each.required for each in settings.queue.destinations)
        self._news = News(kept.store, kept.queue, self._reply)
        self._ledger = Ledger(
            kept.store, kept.queue, required=required, missed=self._news.missed, files=kept.files
        )
        self._outlets = kept.outlets
        self._fan = kept.fan()
        self._leading = kept.leading()
        self._examining = kept.examining
        self._group_seconds = pace.QUEUE_GROUP_SECONDS if kept.store is None else 0.0
        self._next_group = 0.0
        self._prepared: list[Work] = []
        self._prepared_bytes = 0
        self._commit = GroupCommit(self._ledger, self._reply, self._ended)
        self._backups = Backups(kept.sources, self._reply)
        self._next_upkeep = 0.0
        self._more_upkeep = False

    def run(self) -> None:
        """Serve until the service closes the connection or orders something else; finish what was given."""
        inbox = self._inbox
        with closing(self._backups), closing(self._commit), selectors.DefaultSelector() as selector:
            if inbox.open:
                selector.register(self._connection, selectors.EVENT_READ, inbox.receive)
            selector.register(self._commit.wakeup, selectors.EVENT_READ, self._commit.finish)
            self._news.tell(whole=self._kept.queue_is_new)
            self._kept.queue_is_new = False
            while self._goes_on():
                for key, _ in selector.select(self._patience()):
                    key.data()
                if not inbox.open and self._connection in selector.get_map():
                    selector.unregister(self._connection)
                while inbox.backups:
                    self._backups.ask(inbox.backups.popleft())
                self._prepare()
                if not self._commit.busy:
                    self._upkeep()  # before the next group: under full load there is no other moment
                    self._backups.work()
                    self._submit()
        self._news.tell_expired()

    def _goes_on(self) -> bool:
        if self._prepared:
            return True
        if self._inbox.is_order:
            return self._commit.busy
        return bool(self._inbox.open or self._incoming)

    def _patience(self) -> float:
        if self._incoming and not self._inbox.is_order:
            return 0.0
        if self._prepared and not self._commit.busy:
            return max(0.0, self._next_group - time.monotonic())
        if (self._more_upkeep or self._backups.waiting) and not self._commit.busy:
            return 0.0
        return pace.IDLE_SECONDS

    def _prepare(self) -> None:
        """Turn received bytes into changes; while the disk works, as many as one group takes."""
        inbox = self._inbox
        while self._incoming and self._prepared_bytes < pace.GROUP_BYTES and not inbox.is_order:
            request, body = self._incoming.popleft()
            try:
                prepared = self._prepared_of(request, body)
                if prepared is None:
                    self._reply(frame(self._examining.answer(request, body, self._settings)))
                    continue
                self._ledger.prepare(prepared.changes, prepared.records)
            except Exception as error:  # noqa: BLE001 - one request's trouble is told to that request only
                self._reply(frame(failure(request.id, error, traceback.format_exc())))
                continue
            self._prepared.append(prepared)
            self._prepared_bytes += len(body)
            if self._commit.done:
                self._commit.finish()
            if not self._commit.busy and self._prepared_bytes >= pace.SMALL_GROUP_BYTES:
                break  # the disk is free: let it work while the rest is prepared

    def _prepared_of(self, request: frames.Request, body: bytes) -> Work | None:
        """Make a request ready to be applied; None for one that only wants an answer."""
        default_project = self._settings.default_project
        match request:
            case frames.ExportSpans():
                return prepare_export(
                    request,
                    body,
                    default_project=default_project,
                    options=self._settings.options,
                    store=self._store is not None,
                    fan=self._fan,
                    leading=self._leading,
                    own_instance=self._settings.own_instance,
                    seen=self._examining.seeing(request),
                )
            case frames.ExportLogs():
                return prepare_logs(request, body, default_project=default_project, leading=self._leading)
            case frames.WriteCalls():
                made = prepare_write(request, body, fan=self._fan, leading=self._leading)
                return self._examining.wrote(request, made)
            case frames.Settle():
                return Settlement(request)
            case Retranslate(id=number, asked=asked, cursor=cursor):
                return Step(number, asked, cursor)
            case Erase():
                return prepare_erase(request, Path(self._settings.data_dir) / QUARANTINE_DIR)
            case ChangeTasks():
                from otel_bridge.ingest.scoring_requests import prepare_scoring  # noqa: PLC0415 - few score

                return prepare_scoring(request, body)
            case _:
                return None

    def _submit(self) -> None:
        if not self._prepared:
            return
        if self._group_seconds:
            now = time.monotonic()
            small = self._prepared_bytes < pace.SMALL_GROUP_BYTES
            if now < self._next_group and small and self._inbox.open:
                return  # a moment later there is more to commit
            self._next_group = now + self._group_seconds
        group, self._prepared, self._prepared_bytes = self._prepared, [], 0
        self._commit.submit(group)

    def _ended(self) -> None:
        """Hear that a group is committed, before its requests are answered."""
        self._reply(frame(Synced(self._commit.seconds)))
        self._news.tell()

    def _upkeep(self) -> None:
        now = time.monotonic()
        idle = not (self._incoming or self._prepared)
        if now < self._next_upkeep or not self._inbox.open:
            return
        self._more_upkeep = self._maintain()
        pause = pace.BACKLOG_SECONDS if self._more_upkeep else pace.MAINTAIN_SECONDS
        self._next_upkeep = now + (0.0 if idle and self._more_upkeep else pause)

    def _maintain(self) -> bool:
        """Do one step of upkeep of the store and one of the queue; True: there is more to do."""
        more = False
        if self._store is not None:
            more = self._store.maintain(now=time.time_ns() // 1000)
            self._news.tell_expired()
        if self._queue is not None:
            more = self._queue.maintain() or more
        for outlet in self._outlets:
            outlet.maintain()
        self._news.tell()
        return more

    def _reply(self, data: bytes) -> None:
        say(self._connection, data)


def main() -> None:
    """Run the writer on the socket whose number is argv[1], with the settings in argv[2]."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the service decides when to stop
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.setswitchinterval(pace.SWITCH_SECONDS)
    tune_allocator()
    os.umask(PRIVATE)
    settings = msgspec.json.decode(sys.argv[2], type=WriterSettings)
    with socket.socket(fileno=int(sys.argv[1])) as connection:
        try:
            serve(connection, settings)
        except StartError as error:
            connection.sendall(frame(frames.CannotStart(str(error), isinstance(error, DataDirectoryLocked))))
            sys.exit(error.exit_code)


def serve(connection: socket.socket, settings: WriterSettings) -> None:
    """Own the data directory and serve `connection`; raise StartError when that cannot be."""
    tell = partial(say, connection)
    with Kept(settings, connection, tell) as kept:
        tell(frame(frames.Ready()))
        inbox = Inbox(connection)
        loop: type[Writer] = Writer
        if settings.own_instance is not None:
            from otel_bridge.ingest.timed import TimedWriter as loop  # noqa: PLC0415, N813 - most have none
        loop(connection, inbox, kept).run()
        while inbox.is_order:
            request, body = inbox.waiting.popleft()
            tell(_reconfigured(kept, request, body))
            loop(connection, inbox, kept).run()


def _reconfigured(kept: Kept, request: frames.Request, body: bytes) -> bytes:
    """Go by other settings; return the answer. Raise StartError when nothing can be opened any more."""
    try:
        kept.switch(msgspec.json.decode(body, type=WriterSettings))
    except StartError:
        raise
    except Exception as error:  # noqa: BLE001 - told to the one who asked; everything is as it was
        return frame(failure(request.id, error, traceback.format_exc()))
    return frame(frames.Done(request.id))


if __name__ == "__main__":
    main()
