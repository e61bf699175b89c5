"""Where a bridge's queue and dead letters lie, opened to read beside it or to write without it."""

from __future__ import annotations

from contextlib import closing, contextmanager, nullcontext
from typing import TYPE_CHECKING

from msgspec import Struct

from otel_bridge.commands.failing import CommandFailed
from otel_bridge.errors import DataDirectoryLocked
from otel_bridge.ingest.address import default_data_dir
from otel_bridge.ingest.lock import data_directory_lock, holder_of
from otel_bridge.ingest.settings import DEAD_LETTERS_DIR, DEAD_LETTERS_FILE, QUEUE_FILE
from otel_bridge.queue.base import Destination, QueueLimits
from otel_bridge.queue.sqlite.dead import DeadLetters
from otel_bridge.queue.sqlite.reader import SqliteQueueReader
from otel_bridge.queue.sqlite.writer import SqliteQueueWriter

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable
    from contextlib import AbstractContextManager
    from pathlib import Path

_NO_LIMIT = 1 << 62


class Places(Struct, frozen=True):
    """The files of a queue."""

    queue: Path
    dead: Path

    @property
    def holder(self) -> str | None:
        """The process that uses the queue, None when nobody does."""
        return holder_of(self.queue.parent)

    def reader(self) -> AbstractContextManager[SqliteQueueReader]:
        """Open the queue to read, beside a bridge that may run; raise CommandFailed when there is none."""
        if not self.queue.exists():
            raise self.nothing()
        return closing(SqliteQueueReader(self.queue))

    def nothing(self) -> CommandFailed:
        """Say that there is no queue."""
        return CommandFailed(f"there is no queue in {self.queue.parent}; --data-dir DIR names another place")

    def letters(self) -> AbstractContextManager[DeadLetters | None]:
        """Open the dead letters to read; None when there never were any."""
        return closing(DeadLetters(self.dead, read_only=True)) if self.dead.exists() else nullcontext()

    @contextmanager
    def writing(self, destinations: Iterable[str]) -> Generator[tuple[SqliteQueueWriter, DeadLetters]]:
        """Open both to write; raise DataDirectoryLocked while a bridge uses them.

        What is put is for `destinations` alone.
        """
        try:
            lock = data_directory_lock(self.queue.parent, patience_seconds=0.5)
            with lock:
                names = [Destination(name) for name in sorted(set(destinations))]
                limits = QueueLimits(max_bytes=_NO_LIMIT, min_free_bytes=0, max_dead_bytes=_NO_LIMIT)
                writer = SqliteQueueWriter(self.queue, self.dead, names, limits)
                with closing(writer), closing(DeadLetters(self.dead)) as dead:
                    yield writer, dead
        except DataDirectoryLocked as error:
            raise DataDirectoryLocked(f"{error}: stop it, run this command again, and start it") from error


def places(data_dir: Path | None, queue_dir: Path | None, dead_letter_dir: Path | None) -> Places:
    """Return the files as a bridge with the same options would use them."""
    folder = queue_dir or data_dir or default_data_dir()
    return Places(folder / QUEUE_FILE, (dead_letter_dir or folder / DEAD_LETTERS_DIR) / DEAD_LETTERS_FILE)
