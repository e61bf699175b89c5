"""Scoring tasks in the SQLite file: slots for the writer (`store.scoring.base.TaskSlots`)."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

import msgspec

from otel_bridge.model.scoring import EndedCall, Task
from otel_bridge.model.tasks import Backlog
from otel_bridge.store.scoring.base import MANY_ENDED, STATES, Entry, key_of
from otel_bridge.store.sqlite.ids import pack, unpack
from otel_bridge.store.sqlite.queries import ANNEX, SCORING

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    import apsw

    from otel_bridge.store.scoring.base import Key
    from otel_bridge.store.sqlite.book import Book

NUMBERS: Final = {state: number for number, state in enumerate(STATES)}
"""A state is stored as its place in `STATES`."""

_Asker = tuple[str, str, str | None, str | None]
"""Project, job, trigger and user."""


class SqliteTaskSlots:
    """`scoring.base.TaskSlots` inside the writer's open transaction."""

    def __init__(self, connection: apsw.Connection, book: Book) -> None:
        self._connection = connection
        self._book = book
        self._places: dict[Key, tuple[int, int, int]] = {}
        """Number, request and generation of what was read."""
        self._requests: dict[_Asker, int] = {}

    def tasks(self, keys: Collection[Key]) -> dict[Key, Entry]:
        """Return those of the tasks that are kept."""
        asked: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
        for project_id, call_id, scorer_ref in keys:
            asked[project_id, scorer_ref].append(call_id)
        found: dict[Key, Entry] = {}
        for (project_id, scorer_ref), call_ids in asked.items():
            project, scorer = self._book.project(project_id), self._book.scorer(scorer_ref)
            for entry in self._entries("tasks_of", project, scorer, _json(call_ids)):
                found[key_of(entry.task)] = entry
        return found

    def keep(self, entries: Sequence[Entry]) -> None:
        """Keep tasks: those that were read in this request in their places, the others as new ones."""
        new: list[tuple[Any, ...]] = []
        changed: list[tuple[Any, ...]] = []
        renewed: list[tuple[Any, ...]] = []
        for entry in entries:
            key = key_of(entry.task)
            place = self._places.get(key)
            if place is None:
                new.append(self._new_row(entry))
            elif place[2] == entry.task.generation:
                changed.append((place[0], *_state_of(entry)))
            else:
                request = self._requests.get(_asker(entry.task), place[1])
                renewed.append((place[0], *_state_of(entry), entry.asked_at, request))
        for name, rows in (("add_task", new), ("put_task", changed), ("put_task_again", renewed)):
            if rows:
                self._connection.executemany(SCORING[name], rows)
        if new:
            self._book.any_scoring = True

    def ask(self, tasks: Sequence[Task], *, now: int) -> None:
        """Remember what was asked for together, in one row for all scorers that are to see the same calls."""
        asked: defaultdict[_Asker, defaultdict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        for task in tasks:
            asked[_asker(task)][task.scorer_ref].append(task.call_id)
        for asker, calls_of in asked.items():
            scorers_of: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
            for ref, call_ids in calls_of.items():
                scorers_of[tuple(call_ids)].append(self._book.scorer(ref))
            for calls, scorers in scorers_of.items():
                self._requests[asker] = self._add_request(asker, calls, scorers, now)
        if tasks:
            self._book.any_scoring = True

    def seen_calls(self, keys: Collection[Key]) -> set[tuple[str, str]]:
        """Return which calls of these tasks can be seen."""
        asked: defaultdict[str, set[str]] = defaultdict(set)
        for project_id, call_id, _ in keys:
            asked[project_id].add(call_id)
        return {
            (project_id, call_id)
            for project_id, call_ids in asked.items()
            for (call_id,) in self._connection.execute(
                ANNEX["known_calls"], (self._book.project(project_id), _json(call_ids))
            )
        }

    def waiting_scorers(self) -> list[str]:
        """Return the scorers with tasks that are queued or leased."""
        return [ref for (ref,) in self._connection.execute(SCORING["waiting_scorers"])]

    def due(self, scorer_ref: str, *, now: int, limit: int) -> list[Entry]:
        """Return the tasks of a scorer that may be lent now."""
        return self._entries("due_tasks", scorer_ref, now, limit)

    def next_due(self, scorer_refs: Collection[str]) -> int | None:
        """Return when the first task of these scorers is due."""
        found: int | None = self._connection.execute(SCORING["next_due"], (_json(scorer_refs),)).get
        return found

    def due_ended(self, *, now: int, limit: int) -> list[EndedCall]:
        """Return ended calls that may be lent now."""
        found: list[Any] = self._connection.execute(SCORING["due_ended"], (now, limit)).fetchall()
        return [EndedCall(name, unpack(call_id) or "", ended_at) for name, call_id, ended_at in found]

    def lend_ended(self, calls: Sequence[EndedCall], *, until: int) -> None:
        """Offer these ended calls to nobody until then."""
        rows = [(self._book.project(call.project_id), pack(call.call_id), until) for call in calls]
        self._connection.executemany(SCORING["lend_ended"], rows)

    def drop_ended(self, calls: Sequence[EndedCall]) -> None:
        """Forget ended calls."""
        rows = [(self._book.project(call.project_id), pack(call.call_id)) for call in calls]
        self._connection.executemany(SCORING["drop_ended"], rows)

    def next_ended(self) -> int | None:
        """Return when the first ended call may be lent."""
        found: int | None = self._connection.execute(SCORING["next_ended"]).get
        return found

    def _entries(self, query: str, *args: Any) -> list[Entry]:
        entries: list[Entry] = []
        for row in self._connection.execute(SCORING[query], args):
            entry = entry_of(row)
            key = key_of(entry.task)
            self._places[key] = (row[0], row[1], entry.task.generation)
            entries.append(entry)
        return entries

    def _new_row(self, entry: Entry) -> tuple[Any, ...]:
        task = entry.task
        state, generation, attempt, lapsed, due_at, changed_at, worker, error = _state_of(entry)
        return (
            self._book.project(task.project_id), pack(task.call_id), self._book.scorer(task.scorer_ref),
            state, generation, attempt, lapsed, due_at, entry.asked_at, changed_at,
            self._requests[_asker(task)], worker, error,
        )  # fmt: skip

    def _add_request(self, asker: _Asker, call_ids: tuple[str, ...], scorers: Sequence[int], now: int) -> int:
        project_id, job_id, trigger_ref, wb_user_id = asker
        scope = (_json(scorers), _json(call_ids)) if job_id else (None, None)
        size = len(call_ids) * len(scorers)
        row = (self._book.project(project_id), job_id, trigger_ref, wb_user_id, now, size, *scope)
        return int(self._connection.execute(SCORING["add_request"], row).get)


def backlog(connection: apsw.Connection) -> Backlog:
    """Count what is to be done."""
    row: Any = connection.execute(SCORING["backlog"], (MANY_ENDED,)).fetchone()
    queued, leased, ended, *moments = row
    due_at = min((moment for moment in moments if moment is not None), default=None)
    return Backlog(queued=queued, leased=leased, ended=ended, due_at=due_at)


def entry_of(row: tuple[Any, ...]) -> Entry:
    """Read a row of `named_tasks`."""
    (
        _, _, project_id, call_id, scorer_ref, state, generation, attempt, lapsed, due_at, asked_at,
        changed_at, worker, error, job_id, trigger_ref, wb_user_id, _, _,
    ) = row  # fmt: skip
    task = Task(
        project_id=project_id,
        call_id=unpack(call_id) or "",
        scorer_ref=scorer_ref,
        generation=generation,
        job_id=job_id or "",
        trigger_ref=trigger_ref,
        wb_user_id=wb_user_id,
    )
    return Entry(
        task=task,
        asked_at=asked_at,
        changed_at=changed_at,
        due_at=due_at,
        state=STATES[state],
        attempt=attempt,
        lapsed=lapsed,
        worker=worker,
        error=error,
    )


def _state_of(entry: Entry) -> tuple[Any, ...]:
    return (
        NUMBERS[entry.state],
        entry.task.generation,
        entry.attempt,
        entry.lapsed,
        entry.due_at,
        entry.changed_at,
        entry.worker,
        entry.error,
    )


def _asker(task: Task) -> _Asker:
    return (task.project_id, task.job_id, task.trigger_ref, task.wb_user_id)


def _json(values: Collection[Any]) -> str:
    return msgspec.json.encode(list(values)).decode()
