"""Puts the finds of many statements in one order, as one statement would have: SQLite's own.

They lie in a private, nameless database: SQLite keeps it in memory while it is small, and in a file without a
name beyond that.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import apsw

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Sequence

CACHE_BYTES: Final = 16 << 20
"""What is held in memory of one sorting."""


class Sorter:
    """Takes rows (seq, value of each key), and gives sequence numbers in the order of the keys."""

    def __init__(self, connection: apsw.Connection, descending: Sequence[bool]) -> None:
        self._connection = connection
        names = [f"k{at}" for at in range(len(descending))]
        ways = ("DESC" if down else "ASC" for down in descending)
        by = ", ".join(f"{name} {way} NULLS LAST" for name, way in zip(names, ways, strict=True))
        marks = ", ".join("?" for _ in range(len(names) + 1))
        connection.execute(f"CREATE TABLE found (seq, {', '.join(names)})")
        self._insert = f"INSERT INTO found VALUES ({marks})"  # noqa: S608 - our own words
        self._select = f"SELECT seq FROM found ORDER BY {by} LIMIT ? OFFSET ?"  # noqa: S608 - the same

    def add(self, rows: Iterable[tuple[Any, ...]]) -> None:
        """Take rows."""
        with self._connection:
            self._connection.executemany(self._insert, rows)

    def seqs(self, *, limit: int | None, offset: int) -> tuple[int, ...]:
        """Return whose rows come first."""
        found = self._connection.execute(self._select, (-1 if limit is None else limit, offset))
        return tuple(row[0] for row in found)


@contextmanager
def sorter(descending: Sequence[bool]) -> Generator[Sorter]:
    """Lend a sorter; what it holds is gone at the end."""
    connection = apsw.Connection("")
    try:
        connection.execute(f"PRAGMA cache_size = -{CACHE_BYTES >> 10}")
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("PRAGMA synchronous = OFF")
        yield Sorter(connection, descending)
    finally:
        connection.close()
