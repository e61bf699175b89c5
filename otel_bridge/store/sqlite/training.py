"""Trains the dictionary for spans beside the writer, once in the life of a database."""

from __future__ import annotations

import threading
from queue import SimpleQueue
from typing import TYPE_CHECKING

from otel_bridge.store.sqlite.codec import train
from otel_bridge.store.sqlite.queries import QUERIES

if TYPE_CHECKING:
    import apsw

    from otel_bridge.store.sqlite.book import Book


class Training:
    """Takes the samples, trains in a thread (in C, without the interpreter), keeps what comes out."""

    def __init__(self) -> None:
        self._thread: threading.Thread | None = None
        self._trained: SimpleQueue[bytes | None] = SimpleQueue()

    def step(self, connection: apsw.Connection, book: Book) -> None:
        """Start training, or keep its result; a no-op otherwise. Call it between two transactions."""
        if not self._trained.empty():
            self.close()
            content = self._trained.get()
            if content is not None:
                self._keep(connection, book, content)
        elif not book.has_dictionary and (samples := book.codec.samples()):
            self._thread = threading.Thread(
                target=lambda: self._trained.put(train(samples)), name="training", daemon=True
            )
            self._thread.start()

    def forget(self) -> None:
        """Throw away what is being trained: it may hold what was erased."""
        self.close()
        while not self._trained.empty():
            self._trained.get()

    def close(self) -> None:
        """Wait for the thread."""
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _keep(self, connection: apsw.Connection, book: Book, content: bytes) -> None:
        """No sync of its own: the first commit that packs with the dictionary makes both durable."""
        number = book.codec.use(content)
        connection.execute(QUERIES["add_dictionary"], (number, content))
        book.has_dictionary = True
