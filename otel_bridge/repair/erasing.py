"""`otel-bridge erase`: step after step, in a directory of our own or through the bridge that has it."""

from __future__ import annotations

import os
import time
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol

import msgspec

from otel_bridge.errors import StartError
from otel_bridge.ingest.ledger import Ledger
from otel_bridge.ingest.opening import check_versions, make_folder, open_files, open_store
from otel_bridge.ingest.quarantined import erase_quarantined
from otel_bridge.ingest.restored import finish_restore
from otel_bridge.ingest.settings import PRIVATE, QUARANTINE_DIR, STORE_FILE, WRITTEN_FILES
from otel_bridge.queue.base import QueueLimits
from otel_bridge.repair.remote import Remote, address_of, is_locked
from otel_bridge.repair.steps import NO_LIMITS
from otel_bridge.store.erasure import EraseCursor, Erased, Erasure
from otel_bridge.translate.options import DEFAULT

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    from otel_bridge.ingest.exporters.erasing import FilesErasing
    from otel_bridge.queue.sqlite.writer import SqliteQueueWriter
    from otel_bridge.store.sqlite.writer import SqliteWriter

PATH: Final = "/bridge/erase"
PAUSE_SECONDS: Final = 0.1
"""Between two looks at a bridge that overwrites free space by itself, or does another erasure first."""
_NO_LIMIT: Final = 1 << 62


class EraseSteps(Protocol):
    """One step of an erasure, committed when it returns."""

    def __call__(self, asked: Erasure, cursor: EraseCursor | None) -> Erased:
        """Do one step. Raise Unavailable when it cannot be done now."""


class Files(Protocol):
    """Where a queue and its dead letters lie."""

    @property
    def queue(self) -> Path:
        """The queue's file."""

    @property
    def dead(self) -> Path:
        """The dead letters' file."""


class LocalErasing:
    """Erases from files that nobody else writes to."""

    def __init__(
        self,
        data_dir: Path,
        store: SqliteWriter | None,
        queue: SqliteQueueWriter | None,
        written: FilesErasing | None,
    ) -> None:
        self._data_dir = data_dir
        self._store = store
        self._queue = queue
        self._ledger = Ledger(store, queue, files=written)

    def __call__(self, asked: Erasure, cursor: EraseCursor | None) -> Erased:
        """Do one step, and some of the upkeep that it asks for."""
        if cursor is None and not asked.dry_run:
            erase_quarantined(self._data_dir / QUARANTINE_DIR, asked)
        self._ledger.begin()
        done = self._ledger.erase(asked, cursor)
        self._ledger.commit()
        if self._store is not None:
            self._store.maintain(now=time.time_ns() // 1000)
        if self._queue is not None:
            self._queue.maintain()
        return done


def remote_step(bridge: Remote, asked: Erasure, cursor: EraseCursor | None) -> Erased:
    """Let a running bridge do one step, asking again while it is away or has no room."""
    members = msgspec.structs.asdict(asked)
    body = msgspec.json.encode({**members, "cursor": cursor})
    done = msgspec.json.decode(bridge.post(body), type=Erased)
    if done.cursor is not None and done.cursor == cursor:
        time.sleep(PAUSE_SECONDS)
    return done


@contextmanager
def open_erasing(data_dir: Path, files: Files, url: str | None) -> Generator[EraseSteps]:
    """Open what lies in `data_dir`, or ask the bridge that has it, or the one whose API is at `url`.

    Raise StartError when there is nothing, or nobody to ask.
    """
    with ExitStack() as owned:
        if url is not None:
            yield partial(remote_step, owned.enter_context(closing(Remote(url, PATH))))
            return
        has_store, has_queue = (data_dir / STORE_FILE).exists(), files.queue.exists()
        if not (has_store or has_queue or (data_dir / WRITTEN_FILES).exists()):
            raise StartError(f"there is no store in {data_dir}; --data-dir DIR names another directory")
        if is_locked(owned, data_dir):
            yield partial(remote_step, owned.enter_context(closing(Remote(address_of(data_dir), PATH))))
            return
        os.umask(PRIVATE)
        check_versions(data_dir / STORE_FILE, files.queue, files.dead)
        store = queue = None
        if has_store:
            store = owned.enter_context(closing(open_store(data_dir, NO_LIMITS, DEFAULT)))
        if has_queue:
            if not files.queue.parent.samefile(data_dir) and is_locked(owned, files.queue.parent):
                raise StartError(f"the queue in {files.queue.parent} is in use; stop that bridge first")
            queue = owned.enter_context(closing(_open_queue(files)))
        yield LocalErasing(data_dir, store, queue, open_files(data_dir, (), owned))


def _open_queue(files: Files) -> SqliteQueueWriter:
    from otel_bridge.queue.sqlite.writer import SqliteQueueWriter  # noqa: PLC0415 - most bridges have none

    finish_restore(make_folder(files.dead.parent))
    limits = QueueLimits(max_bytes=_NO_LIMIT, min_free_bytes=0, max_dead_bytes=_NO_LIMIT)
    return SqliteQueueWriter(files.queue, files.dead, (), limits)


def erase_all(
    steps: EraseSteps, asked: Erasure, tell: Callable[[Erased], None] = lambda _so_far: None
) -> Erased:
    """Do every step; return what they came to. `tell` is told after each how far they have come."""
    so_far = Erased(cursor=None)
    while True:
        done = steps(asked, so_far.cursor)
        so_far = Erased(
            cursor=done.cursor, calls=so_far.calls + done.calls, copies=so_far.copies + done.copies
        )
        tell(so_far)
        if so_far.cursor is None:
            return so_far
