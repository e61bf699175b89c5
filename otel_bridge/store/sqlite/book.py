"""What the writer remembers between requests: numbers of projects and calls, and how spans are packed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from otel_bridge.store.sqlite.codec import SpanCodec
from otel_bridge.store.sqlite.queries import QUERIES

if TYPE_CHECKING:
    import apsw

MAX_PROJECTS: Final = 10_000
"""Project numbers kept in memory; the names come from senders."""


class Book:
    """The writer's memory; everything in it can be read from the database again."""

    def __init__(self, connection: apsw.Connection, *, translator: int) -> None:
        self._connection = connection
        self._projects: dict[str, int] = {}
        self._next_seq: int = connection.execute(QUERIES["next_seq"]).get
        self.translator = translator
        self.codec = SpanCodec(self._find_dictionary)
        self.any_derived = bool(connection.execute(QUERIES["any_derived"]).get)
        self.any_waiting_logs = bool(connection.execute(QUERIES["any_waiting_logs"]).get)
        content = connection.execute(QUERIES["dictionary_in_use"]).get
        self.has_dictionary = content is not None
        if content is not None:
            self.codec.use(content)

    def project(self, name: str) -> int:
        """Return the number of a project, making one for a new project."""
        number = self._projects.get(name)
        if number is None:
            number = self._connection.execute(QUERIES["find_project"], (name,)).get
        if number is None:
            number = self._connection.execute(QUERIES["add_project"], (name,)).get
        if len(self._projects) >= MAX_PROJECTS:
            self._projects.clear()
        self._projects[name] = number
        return int(number)

    def new_seq(self) -> int:
        """Return the next arrival number."""
        seq = self._next_seq
        self._next_seq = seq + 1
        return seq

    def keep_next_seq(self) -> None:
        """Write the counter down: calls go, and their numbers must not come again."""
        self._connection.execute(QUERIES["keep_next_seq"], (self._next_seq,))

    def rolled_back(self) -> None:
        """Forget what the transaction may have added."""
        self._projects.clear()

    def _find_dictionary(self, number: int) -> bytes | None:
        content: bytes | None = self._connection.execute(QUERIES["find_dictionary"], (number,)).get
        return content
