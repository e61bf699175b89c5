"""Erases calls in short steps (`store.base.CallWriter.erase`)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from otel_bridge.model.call import DeletedCalls
from otel_bridge.store.changes import apply_changes
from otel_bridge.store.erasure import (
    STEP_CALLS,
    STEP_MILLISECONDS,
    EraseCursor,
    Erased,
)
from otel_bridge.store.meant import Seen, are_meant, is_meant, scored_call
from otel_bridge.store.sqlite.codec import UnreadableSpan
from otel_bridge.store.sqlite.ids import pack, unpack
from otel_bridge.store.sqlite.queries import QUERIES
from otel_bridge.store.sqlite.slots import SqliteSlots

if TYPE_CHECKING:
    import apsw

    from otel_bridge.store.derive import Deriver
    from otel_bridge.store.erasure import Erasure
    from otel_bridge.store.sqlite.book import Book
    from otel_bridge.store.sqlite.cleaning import Cleaning

SCANNED_CALLS: Final = 25
"""Calls that are read together."""


class Erasing:
    """One step at a time, inside the open transaction."""

    def __init__(self, connection: apsw.Connection, book: Book, deriver: Deriver, cleaning: Cleaning) -> None:
        self._connection = connection
        self._book = book
        self._deriver = deriver
        self._cleaning = cleaning

    def step(self, asked: Erasure, cursor: EraseCursor | None) -> Erased:
        """Do one step."""
        if cursor is None:
            return self._begin(asked)
        if cursor.phase == "clean":
            self._cleaning.release()
            return Erased(cursor=cursor if self._cleaning.pending else None)
        if cursor.phase == "waiting":
            return self._waiting(asked, cursor)
        deadline = time.monotonic() + STEP_MILLISECONDS / 1000
        after, calls, looked_at = cursor.after, 0, 0
        while after < cursor.through and looked_at < STEP_CALLS and time.monotonic() < deadline:
            found = self._found(asked, cursor.phase, after, cursor.through)
            calls += self._erase(asked, found)
            looked_at += SCANNED_CALLS
            after = max((seq for seq, _, _ in found), default=cursor.through)
        return Erased(cursor=_next(asked, cursor, after), calls=calls)

    def _begin(self, asked: Erasure) -> Erased:
        """Erase the ids that are named, also those whose call has not come yet."""
        through = int(self._connection.execute(QUERIES["watermark"]).get)
        calls = 0
        if not asked.dry_run:
            self._cleaning.begin()
            if named := self._named(asked):
                calls = self._delete(named)
        only_ids = not (asked.wanted or asked.thread or asked.dry_run)
        return Erased(cursor=EraseCursor("runs" if only_ids else "calls", 0, through), calls=calls)

    def _named(self, asked: Erasure) -> dict[str, list[str]]:
        """Return the projects that have something of the ids, or the one that is asked for, with the ids."""
        if asked.project_id is not None:
            return {asked.project_id: list(asked.calls)} if asked.calls else {}
        projects: dict[str, list[str]] = {}
        for call_id in asked.calls:
            for (name,) in self._connection.execute(QUERIES["holders"], (pack(call_id),)):
                projects.setdefault(str(name), []).append(call_id)
        return projects

    def _waiting(self, asked: Erasure, cursor: EraseCursor) -> Erased:
        """Erase some of the log records that wait for their span."""
        found = self._connection.execute(QUERIES["waiting_frames"], (cursor.after, STEP_CALLS))
        rows: list[Any] = found.fetchall()
        for number, frame in rows:
            if asked.wanted and are_meant(asked, self._unpacked(frame) or b""):
                self._connection.execute(QUERIES["drop_waiting_frame"], (number,))
        if rows:
            return Erased(cursor=EraseCursor("waiting", rows[-1][0], cursor.through))
        return Erased(cursor=EraseCursor("clean", 0, cursor.through))

    def _found(
        self, asked: Erasure, phase: str, after: int, through: int
    ) -> list[tuple[int, str, str | None]]:
        """Return arrival numbers, projects and ids; the id is None where a call is not meant."""
        args = (after, through, asked.project_id, SCANNED_CALLS)
        if phase == "runs":
            rows: list[Any] = self._connection.execute(QUERIES["erasable_runs"], args).fetchall()
            return [
                (seq, name, self._run(name, stored, attributes)) for seq, name, stored, attributes in rows
            ]
        found: list[Any] = self._connection.execute(QUERIES["erasable"], args).fetchall()
        return [(seq, name, self._meant(asked, name, row)) for seq, name, *row in found]

    def _meant(self, asked: Erasure, project_id: str, row: list[Any]) -> str | None:
        stored, user, thread, attributes, dump, logs = row
        seen = Seen(
            project_id=project_id,
            id=unpack(stored) or "",
            wb_user_id=user,
            thread_id=thread,
            attributes=attributes,
            record=self._unpacked(dump) if asked.wanted else None,
            logs=self._unpacked(logs) if asked.wanted else None,
        )
        return seen.id if is_meant(asked, seen) else None

    def _run(self, project_id: str, stored: Any, attributes: bytes | None) -> str | None:
        scored = scored_call(attributes)
        if scored is None:
            return None
        gone = self._connection.execute(QUERIES["is_deleted"], (project_id, pack(scored))).get
        return unpack(stored) if gone else None

    def _unpacked(self, frame: bytes | None) -> bytes | None:
        try:
            return None if frame is None else self._book.codec.unpack(frame)
        except UnreadableSpan:
            return None

    def _erase(self, asked: Erasure, found: list[tuple[int, str, str | None]]) -> int:
        projects: dict[str, list[str]] = {}
        for _, project_id, call_id in found:
            if call_id is not None:
                projects.setdefault(project_id, []).append(call_id)
        if asked.dry_run:
            return sum(map(len, projects.values()))
        return self._delete(projects) if projects else 0

    def _delete(self, projects: dict[str, list[str]]) -> int:
        """Delete calls and all below them, as the API does; return how many went."""
        received_at = time.time_ns() // 1000
        slots = SqliteSlots(self._connection, self._book, received_at=received_at)
        changes = [DeletedCalls(project_id=name, ids=tuple(ids)) for name, ids in projects.items()]
        slots.look_up(changes)
        apply_changes(slots, changes, self._deriver)
        slots.flush()
        gone = list(slots.visible())
        if gone:
            self._cleaning.deleted(min(gone))
        return len(gone)


def _next(asked: Erasure, cursor: EraseCursor, after: int) -> EraseCursor | None:
    if after < cursor.through:
        return EraseCursor(cursor.phase, after, cursor.through)
    if asked.dry_run:
        return None
    return EraseCursor("runs" if cursor.phase == "calls" else "waiting", 0, cursor.through)
