"""Makes room: the oldest calls go when they are too old, or when the store takes too much of the disk.

Old calls go in short steps of their own (`expire`). Calls over the size cap go within the transactions that
bring new ones (`make_room`), twice as many as come: so the cap holds however fast calls come, no commit is
added, and the price of an eviction is paid evenly. Freed pages are used again; a file that is much larger
than its content is cut in small steps (`shrink`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from otel_bridge.errors import Refused, StartError
from otel_bridge.store.sqlite.checkpoint import MAX_WAL_BYTES
from otel_bridge.store.sqlite.expiring import STEP_CALLS, Expiring
from otel_bridge.store.sqlite.queries import ANNEX, QUERIES, SCORING

if TYPE_CHECKING:
    from collections.abc import Mapping

    import apsw

    from otel_bridge.store.limits import StoreLimits
    from otel_bridge.store.sqlite.book import Book

MIN_BYTES: Final = 16 << 20
"""A cap below this leaves no room to work in."""
STEP_PAGES: Final = 64
"""Pages that one step cuts off the file."""
SPARE_PAGES: Final = 4096
"""Free pages that a file may always hold."""
_SPARE_SHARE: Final = 4
"""A file whose free pages are more than one in this many is cut."""
_SOFT_PERCENT: Final = 90
_PRESSED_PERCENT: Final = 70
_KEPT_SHARE: Final = 2
"""What never expires may take one part in this many of the cap."""
_MICROS: Final = 1_000_000
_OF_CALLS: Final = ("expire_usages", "expire_calls", "expire_bodies", "expire_results", "expire_refs")
"""What goes of each call, in this order: usage is found by its call."""
_THROUGH: Final = {
    name: {**ANNEX, **SCORING, **QUERIES}[name]
    for name in ("expire_feedback_of", "expire_tasks_of", "expire_ended_of", *_OF_CALLS)
}
_EACH: Final = {
    name: text.replace("seq <= ?", "seq IN (SELECT value FROM json_each(?))")
    for name, text in _THROUGH.items()
}
"""The same for calls by a JSON array of their numbers."""
_NO_TIME: Final = (1 << 63) - 1
"""Later than anything came."""


def max_wal_bytes(limits: StoreLimits) -> int:
    """Return the part of the cap that belongs to the log of recent writes."""
    return MAX_WAL_BYTES if limits.max_bytes is None else min(MAX_WAL_BYTES, limits.max_bytes // 4)


class Retention:
    """Keeps the database of `connection` within `limits`; raise StartError for limits too small for work."""

    def __init__(self, connection: apsw.Connection, book: Book, limits: StoreLimits) -> None:
        if limits.max_bytes is not None and limits.max_bytes < MIN_BYTES:
            raise StartError(f"the size cap must be at least {MIN_BYTES >> 20} MiB")
        self._connection = connection
        self._book = book
        self._limits = limits
        self._max_pages: int | None = None
        self._percent = _SOFT_PERCENT
        self._kept_bytes: int | None = None
        self._expiring = Expiring(connection, limits, self._remove_each)
        self.expired = 0
        if limits.max_bytes is not None:
            pages = (limits.max_bytes - max_wal_bytes(limits)) // connection.pragma("page_size")
            self._max_pages = pages
            connection.pragma("max_page_count", pages)

    def is_over(self) -> bool:
        """Tell whether the pages in use come close to the cap."""
        if self._max_pages is None:
            return False
        pages, free = self._pages()
        if pages - free > self._max_pages * self._percent // 100:
            return True
        self._percent = _SOFT_PERCENT
        return False

    def check_room(self, size: int) -> None:
        """Raise Refused when so many more bytes that never expire would take the room of calls."""
        if self._limits.max_bytes is None or not size:
            return
        if self._kept_bytes is None or self._kept_bytes + size > self._limits.max_bytes // _KEPT_SHARE:
            self._kept_bytes = int(self._connection.execute(ANNEX["kept_bytes"]).get)
        if self._kept_bytes + size > self._limits.max_bytes // _KEPT_SHARE:
            raise Refused("objects, tables and files would take more than half of what the store may keep")
        self._kept_bytes += size

    def press(self) -> None:
        """Make more room than usual, after a request that did not fit below the cap."""
        if self._max_pages is not None and self._pages()[0] > self._max_pages * _SOFT_PERCENT // 100:
            self._percent = _PRESSED_PERCENT

    def make_room(self, calls: int) -> int:
        """Inside a transaction, remove the oldest of what is kept; return how many calls went."""
        oldest = self._rows("oldest_calls", calls)
        if oldest:
            self._remove_through(oldest[-1][0])
            self._remove_scoring(oldest[-1][1], calls)
            self._remove_waiting_logs(oldest[-1][1] + 1, calls)
        else:
            self._remove_waiting_logs(_NO_TIME, calls)
            self._connection.execute(QUERIES["evict_pending"], (calls,))
            self._connection.execute(QUERIES["evict_tombstones"], (calls,))
            self._connection.execute(ANNEX["evict_feedback"], (calls,))
            self._remove_scoring(_NO_TIME, calls)
        return len(oldest)

    def expire(self, now: int) -> bool:
        """Remove some calls that are too old at `now` (microseconds), in a transaction; True: maybe more."""
        if self._limits.projects:
            return self._expire_by_project(now)
        if self._limits.retention_seconds is None:
            return False
        before = now - self._limits.retention_seconds * _MICROS
        oldest = self._rows("oldest_calls", STEP_CALLS)
        old = [seq for seq, received_at in oldest if received_at < before]
        pending = self._connection.execute(QUERIES["any_old_pending"], (before,)).get
        feedback = self._connection.execute(ANNEX["any_old_feedback"], (before,)).get
        if not (old or pending or feedback or self._any_old_scoring(before)):
            return False
        with self._connection:
            if old:
                self._remove_through(old[-1])
            self._connection.execute(QUERIES["expire_pending"], (before, STEP_CALLS))
            waited = self._remove_waiting_logs(before, STEP_CALLS)
            self._connection.execute(ANNEX["expire_feedback"], (before, STEP_CALLS))
            tasks = self._remove_scoring(before, STEP_CALLS)
        self.expired += len(old)
        return STEP_CALLS in {len(old), waited, tasks}

    def _expire_by_project(self, now: int) -> bool:
        gone, more = self._expiring.step(now)
        self.expired += gone
        longest = self._limits.longest_seconds
        before = 0 if longest is None else now - longest * _MICROS
        if self._any_old_scoring(before):
            with self._connection:
                more = self._remove_scoring(before, STEP_CALLS) == STEP_CALLS or more
        return more

    def evict(self) -> bool:
        """Remove some calls while the store is over its cap, in a transaction; True: there may be more."""
        if not self.is_over():
            return False
        with self._connection:
            gone = self.make_room(STEP_CALLS)
        self.expired += gone
        return gone > 0

    def shrink(self) -> bool:
        """Cut free pages off the file when they are too many, or it is over its cap; True: maybe more."""
        pages, free = self._pages()
        over_cap = self._max_pages is not None and pages > self._max_pages
        if not free or (not over_cap and free <= max(SPARE_PAGES, pages // _SPARE_SHARE)):
            return False
        self._connection.execute(f"PRAGMA incremental_vacuum({STEP_PAGES})").fetchall()
        return True

    def _pages(self) -> tuple[int, int]:
        pages, free = self._rows("used_pages")[0]
        return pages, free

    def _rows(self, query: str, *args: int) -> list[tuple[Any, ...]]:
        return self._connection.execute(QUERIES[query], args).fetchall()

    def _remove_waiting_logs(self, before: int, spans: int) -> int:
        """Remove what has waited longest for its span, if it came before this time (microseconds)."""
        if not self._book.any_waiting_logs:
            return 0
        self._connection.execute(QUERIES["expire_waiting_logs"], (before, spans))
        return self._connection.changes()

    def _any_old_scoring(self, before: int) -> bool:
        found = self._book.any_scoring and self._connection.execute(SCORING["any_old_scoring"], (before,)).get
        return bool(found)

    def _remove_scoring(self, before: int, tasks: int) -> int:
        """Remove what was asked for before this time (microseconds): its calls have gone."""
        if not self._book.any_scoring:
            return 0
        self._book.backlog_changed = True
        self._connection.execute(SCORING["expire_tasks"], (before, tasks))
        removed = self._connection.changes()
        self._connection.execute(SCORING["expire_requests"], (before, tasks))
        self._connection.execute(SCORING["drop_empty_counts"])
        return removed

    def _remove_through(self, seq: int) -> None:
        """Remove all calls up to one."""
        self._remove(_THROUGH, seq)

    def _remove_each(self, seqs: list[int]) -> None:
        """Remove these calls."""
        self._remove(_EACH, msgspec.json.encode(seqs).decode())

    def _remove(self, statements: Mapping[str, str], which: int | str) -> None:
        gone = list(_OF_CALLS)
        if self._connection.execute(ANNEX["any_feedback"]).get:
            gone.insert(0, "expire_feedback_of")
        if self._book.any_scoring:
            gone[:0] = ["expire_tasks_of", "expire_ended_of"]
            self._book.backlog_changed = True
        for name in gone:
            self._connection.execute(statements[name], (which,))
        self._book.keep_next_seq()
