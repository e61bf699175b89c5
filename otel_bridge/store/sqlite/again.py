"""Translates stored spans again, in place and in short steps (`store.base.CallWriter.retranslate`)."""

from __future__ import annotations

import time
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

import msgspec

from otel_bridge.store.merge import DumpKind
from otel_bridge.store.retranslation import (
    SCANNED_CALLS,
    STEP_CALLS,
    STEP_MILLISECONDS,
    Count,
    Cursor,
    Retranslated,
    Retranslation,
    Stopped,
)
from otel_bridge.store.sqlite import rows
from otel_bridge.store.sqlite.flush import Flush
from otel_bridge.store.sqlite.ids import unpack
from otel_bridge.store.sqlite.queries import QUERIES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import apsw

    from otel_bridge.store.derive import Deriver
    from otel_bridge.store.merge import Held
    from otel_bridge.store.sqlite.book import Book

_NO_PROJECT: Final = -1


class _Work(Enum):
    """What is to be done with a call."""

    NOT_ASKED_FOR = 0
    DONE = 1
    TO_DO = 2


class Again:
    """One step at a time, inside the open transaction; `clock` counts seconds."""

    def __init__(
        self,
        connection: apsw.Connection,
        book: Book,
        deriver: Deriver,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connection = connection
        self._book = book
        self._deriver = deriver
        self._clock = clock

    def step(self, asked: Retranslation, cursor: Cursor | None) -> Retranslated:
        """Do one step; where it ended is remembered with it."""
        resumed = False
        if cursor is None:
            cursor, resumed = self._begin(asked)
        deadline = self._clock() + STEP_MILLISECONDS / 1000
        count, flush = Count(), Flush(self._book, received_at=0)
        after = cursor.after
        while after < cursor.through and count.translated < STEP_CALLS and self._clock() < deadline:
            after = self._some(asked, Cursor(after, cursor.through), count, flush, deadline)
        flush.run(self._connection)
        left = Cursor(after, cursor.through) if after < cursor.through else None
        self._remember(asked, left)
        return count.result(left, cursor, resumed=resumed)

    def _begin(self, asked: Retranslation) -> tuple[Cursor, bool]:
        found = self._connection.execute(QUERIES["stopped_run"], _kind(asked)).fetchone()
        if found is not None:
            translator, since, after, through = found
            stopped = Stopped(translator, since, Cursor(after, through))
            if stopped.serves(asked, self._book.translator):
                return stopped.cursor, True
        return Cursor(0, int(self._connection.execute(QUERIES["watermark"]).get)), False

    def _some(self, asked: Retranslation, cursor: Cursor, count: Count, flush: Flush, deadline: float) -> int:
        """Look at the next calls and translate those that are asked for; return the last one done with."""
        args = (cursor.after, cursor.through, SCANNED_CALLS)
        found = self._connection.execute(QUERIES["versions"], args).fetchall()
        arrivals: dict[Any, Any] = {row[0]: row[2] for row in found}
        works = list(self._asked_for(asked, found))
        held = self._load([seq for seq, work in works if work is _Work.TO_DO])
        after = cursor.after
        for seq, work in works:
            if count.translated >= STEP_CALLS or self._clock() >= deadline:
                return after
            count.current += work is _Work.DONE
            if seq in held:
                self._one(held[seq], (seq, arrivals[seq]), count, flush)
            after = seq
        return cursor.through if len(found) < SCANNED_CALLS else after

    def _asked_for(self, asked: Retranslation, found: list[tuple[Any, ...]]) -> Iterator[tuple[int, _Work]]:
        """Yield arrival numbers and what is to be done with them."""
        only = None if asked.project_id is None else self._project(asked.project_id)
        for seq, project, received_at, translator, kind in found:
            if (
                kind != DumpKind.OTLP
                or only not in {None, project}
                or (asked.since is not None and received_at < asked.since)
            ):
                yield seq, _Work.NOT_ASKED_FOR
            elif translator == self._book.translator and not asked.everything:
                yield seq, _Work.DONE
            else:
                yield seq, _Work.TO_DO

    def _project(self, name: str) -> int:
        number: int | None = self._connection.execute(QUERIES["find_project"], (name,)).get
        return _NO_PROJECT if number is None else number

    def _load(self, seqs: list[int]) -> dict[int, Held]:
        if not seqs:
            return {}
        text = msgspec.json.encode(seqs).decode()
        found: list[Any] = self._connection.execute(QUERIES["load_calls"], (text,)).fetchall()
        return {
            seq: rows.held_call(name, unpack(stored_id) or "", tuple(row), self._book.codec)
            for seq, name, stored_id, *row in found
        }

    def _one(self, held: Held, arrival: tuple[int, int], count: Count, flush: Flush) -> None:
        again = self._deriver.again(held)
        count.note(held, again)
        if again is not None:
            flush.redo(held, again, *arrival)

    def _remember(self, asked: Retranslation, left: Cursor | None) -> None:
        if left is None:
            self._connection.execute(QUERIES["end_run"], _kind(asked))
            return
        state = (self._book.translator, asked.since, left.after, left.through)
        self._connection.execute(QUERIES["keep_run"], (*_kind(asked), *state))


def _kind(asked: Retranslation) -> tuple[str, int]:
    return asked.project_id or "", int(asked.everything)
