"""Reads the queue's file beside its writer (`queue.base.QueueReader`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import apsw

from otel_bridge.errors import StartError, Unavailable
from otel_bridge.queue.base import Lent
from otel_bridge.queue.sqlite.frames import codec_of, read_range
from otel_bridge.queue.sqlite.queries import APPLICATION_ID, QUERIES, SCHEMA, rows
from otel_bridge.store.sqlite.connection import open_reader, storage_trouble
from otel_bridge.store.sqlite.migrate import check

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from otel_bridge.queue.base import Record

HEADS: Final = 1000
"""Records that are looked at for one batch, at most."""


class SqliteQueueReader:
    """Opens the file at `path`, which its writer has made; raise StartError when that cannot be."""

    def __init__(self, path: Path, *, vfs: str | None = None) -> None:
        self._path = path
        self._vfs = vfs
        self._open()

    def _open(self) -> None:
        self._inode = self._path.stat().st_ino if self._path.exists() else None
        self._connection = open_reader(self._path, vfs=self._vfs)
        try:
            check(self._connection, self._path, len(SCHEMA), application_id=APPLICATION_ID)
        except BaseException:
            self._connection.close()
            raise
        self._codec = codec_of(self._connection)

    def read(self, destination: str, lane: int, after: int, *, max_calls: int, max_bytes: int) -> Lent:
        """Lend the next records of a lane, oldest first; at least one if there is one."""
        self._follow()
        with storage_trouble("queue"):
            heads = rows(self._connection, QUERIES["next_heads"], lane, after, HEADS)
            if not heads:
                return Lent(())
            first, _, _, barrier = heads[0]
            if self._waits("is_blocked" if barrier else "is_behind", destination, lane, first):
                return Lent((), blocked=True)
            through = first if barrier else _through(heads, max_calls, max_bytes)
            return Lent(tuple(self.records(lane, after, through)))

    def records(self, lane: int, after: int, through: int) -> list[Record]:
        """Return the records of a lane in a range."""
        with storage_trouble("queue"):
            return [each for each, _ in read_range(self._connection, self._codec, lane, after, through)]

    def ask(self, query: str, *bindings: int | str) -> list[Any]:
        """Return the rows of a query that only reads."""
        with storage_trouble("queue"):
            return rows(self._connection, QUERIES[query], *bindings)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def _follow(self) -> None:
        """Open the file that is there now, where the writer had to set the other one aside."""
        try:
            if self._path.stat().st_ino != self._inode:
                self._connection.close()
                self._open()
        except (OSError, StartError, apsw.Error) as error:
            raise Unavailable(f"the queue cannot be read now: {error}") from error

    def _waits(self, query: str, destination: str, lane: int, seq: int) -> bool:
        names = {"destination": destination, "lane": lane, "seq": seq}
        return bool(self._connection.execute(QUERIES[query], names).get)


def _through(heads: Sequence[tuple[int, int, int, int]], max_calls: int, max_bytes: int) -> int:
    """Return the last record that still fits; the first always does, and a barrier stands alone."""
    through, calls, size = heads[0][0], heads[0][1], heads[0][2]
    for seq, more_calls, more_bytes, barrier in heads[1:]:
        calls, size = calls + more_calls, size + more_bytes
        if barrier or calls > max_calls or size > max_bytes:
            break
        through = seq
    return through
