"""What the writer process keeps things in: opened as its settings say, anew where other settings differ."""

from __future__ import annotations

from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from otel_bridge.errors import StartError, Unavailable
from otel_bridge.ingest.examining import Examining
from otel_bridge.ingest.fan import Fan
from otel_bridge.ingest.lock import data_directory_lock
from otel_bridge.ingest.opening import (
    check_versions,
    databases_of,
    files_of,
    make_folder,
    open_files,
    open_leading,
    open_outlets_of,
    open_queue_of,
    open_store,
)
from otel_bridge.ingest.settings import STORE_FILE

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Mapping, Sequence

    import apsw

    from otel_bridge.ingest.exporters.base import Outlet
    from otel_bridge.ingest.exporters.erasing import FilesErasing
    from otel_bridge.ingest.leading import Leading
    from otel_bridge.ingest.settings import WriterSettings
    from otel_bridge.queue.sqlite.writer import SqliteQueueWriter
    from otel_bridge.store.sqlite.writer import SqliteWriter


class Kept:
    """The store, the queue and the exporters of this process, with the locks of their directories.

    `queue_is_new`: nobody has been told yet what waits in it. A context manager that closes all of them.
    """

    def __init__(
        self, settings: WriterSettings, connection: socket.socket, say: Callable[[bytes], None]
    ) -> None:
        self.settings = settings
        self.store: SqliteWriter | None = None
        self.queue: SqliteQueueWriter | None = None
        self.outlets: Sequence[Outlet] = ()
        self.files: FilesErasing | None = None
        self.examining = Examining(settings.options)
        self.queue_is_new = False
        self._connection = connection
        self._say = say
        self._locks: Final = ExitStack()
        self._locked: set[Path] = set()
        self._owned = {name: ExitStack() for name in _PARTS}

    def __enter__(self) -> Self:
        """Lock the data directory and open everything; raise StartError."""
        try:
            data_dir = Path(self.settings.data_dir)
            self._lock(data_dir)
            check_versions(data_dir / STORE_FILE, *files_of(self.settings.queue))
            self._open(list(_PARTS), self.settings)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._close(list(_PARTS))
        self._locks.close()

    @property
    def sources(self) -> Mapping[str, apsw.Connection]:
        """Return what is written through, by the names the files have in a data directory."""
        found: dict[str, apsw.Connection] = {}
        if self.store is not None:
            found[STORE_FILE] = self.store.database
        if self.queue is not None:
            found |= databases_of(self.queue)
        return found

    def leading(self) -> Leading | None:
        """Return the pipelines, where they make any difference."""
        return open_leading(self.settings, self.fan())

    def fan(self) -> Fan:
        """Return who gets what beside the store."""
        queue = self.settings.queue
        return Fan(queue.destinations if queue else (), self.outlets)

    def switch(self, settings: WriterSettings) -> None:
        """Go by other settings, which are about the same directories; between two transactions.

        Raise Unavailable when something cannot be opened by them: then everything is as it was. Raise
        StartError when that cannot be opened again either.
        """
        open_leading(settings, Fan())  # what makes no sense is found before anything is closed
        before = self.settings
        changed = [name for name, part in _PARTS.items() if part(settings) != part(before)]
        self._close(changed)
        try:
            self._open(changed, settings)
        except StartError as error:
            self._close(changed)
            self._open(changed, before)
            raise Unavailable(str(error)) from error
        if settings.options != before.options:
            self.examining = Examining(settings.options)
        self.settings = settings

    def _close(self, names: Sequence[str]) -> None:
        for name in reversed(names):
            self._owned[name].close()

    def _open(self, names: Sequence[str], settings: WriterSettings) -> None:
        opening = {"store": self._open_store, "queue": self._open_queue, "outlets": self._open_outlets}
        for name in names:
            opening[name](settings, self._owned[name])

    def _lock(self, directory: Path) -> None:
        """Lock a directory, once for as long as the process runs."""
        directory = directory.resolve()
        if directory not in self._locked:
            self._locks.enter_context(data_directory_lock(directory))
            self._locked.add(directory)

    def _open_store(self, settings: WriterSettings, owned: ExitStack) -> None:
        self.store = None
        if settings.store:
            opened = open_store(Path(settings.data_dir), settings.limits, settings.options, settings.watched)
            self.store = owned.enter_context(closing(opened))

    def _open_queue(self, settings: WriterSettings, owned: ExitStack) -> None:
        self.queue, self.queue_is_new = None, True
        if settings.queue is not None:
            self._lock(make_folder(Path(settings.queue.path).parent))
            self.queue = owned.enter_context(closing(open_queue_of(settings.queue, self._connection)))

    def _open_outlets(self, settings: WriterSettings, owned: ExitStack) -> None:
        self.outlets, self.files = (), None
        self.outlets = open_outlets_of(settings, self._say, owned)
        self.files = open_files(Path(settings.data_dir), settings.outlets, owned)


def _store_of(settings: WriterSettings) -> object:
    return settings.store, settings.limits, settings.options, settings.watched


_PARTS: Final[Mapping[str, Callable[[WriterSettings], object]]] = {
    "store": _store_of,
    "queue": lambda settings: settings.queue,
    "outlets": lambda settings: settings.outlets,
}
"""Part → what of the settings it is made from."""
