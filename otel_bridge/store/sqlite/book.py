"""What the writer remembers between requests: numbers of projects and calls, and how spans are packed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from otel_bridge.store.sqlite.codec import SpanCodec
from otel_bridge.store.sqlite.queries import QUERIES, SCORING

if TYPE_CHECKING:
    import apsw

MAX_PROJECTS: Final = 10_000
"""Project numbers kept in memory; the names come from senders."""
MAX_SCORERS: Final = 1_000
"""The same of scorer refs."""


class Book:
    """The writer's memory; everything in it can be read from the database again."""

    def __init__(self, connection: apsw.Connection, *, translator: int) -> None:
        self._connection = connection
        self._projects: dict[str, int] = {}
        self._scorers: dict[str, int] = {}
        self._next_seq: int = connection.execute(QUERIES["next_seq"]).get
        self.translator = translator
        self.codec = SpanCodec(self._find_dictionary)
        self.any_derived = bool(connection.execute(QUERIES["any_derived"]).get)
        self.any_waiting_logs = bool(connection.execute(QUERIES["any_waiting_logs"]).get)
        self.any_scoring = bool(connection.execute(SCORING["any_scoring"]).get)
        self.backlog_changed = self.any_scoring
        """Whether what is to be scored may have changed since it was last counted."""
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

    def scorer(self, ref: str) -> int:
        """Return the number of a scorer ref, making one for a new ref."""
        number = self._scorers.get(ref)
        if number is None:
            number = self._connection.execute(SCORING["find_scorer"], (ref,)).get
        if number is None:
            number = self._connection.execute(SCORING["add_scorer"], (ref,)).get
        if len(self._scorers) >= MAX_SCORERS:
            self._scorers.clear()
        self._scorers[ref] = number
        return int(number)

    def new_seq(self) -> int:
        """Return the next arrival number."""
        seq = self._next_seq
        self._next_seq = seq + 1
        return seq

    def keep_dictionary(self, content: bytes) -> None:
        """Keep a dictionary and pack with it: the first commit that does makes both durable."""
        self._connection.execute(QUERIES["add_dictionary"], (self.codec.number_of(content), content))
        self.codec.use(content)
        self.has_dictionary = True

    def keep_next_seq(self) -> None:
        """Write the counter down: calls go, and their numbers must not come again."""
        self._connection.execute(QUERIES["keep_next_seq"], (self._next_seq,))

    def rolled_back(self) -> None:
        """Forget what the transaction may have added."""
        self._projects.clear()
        self._scorers.clear()
        self.backlog_changed = self.any_scoring

    def _find_dictionary(self, number: int) -> bytes | None:
        content: bytes | None = self._connection.execute(QUERIES["find_dictionary"], (number,)).get
        return content
