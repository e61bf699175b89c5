"""Changes scoring tasks by the rules of `scoring.base`; the one engine behind every store."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from otel_bridge.model import tasks as t
from otel_bridge.model.scoring import Leased, Task
from otel_bridge.store.scoring.base import CALL_IS_GONE, Entry, key_of
from otel_bridge.store.scoring.results import MAX_ERROR_CHARS, Results, too_large

if TYPE_CHECKING:
    from collections.abc import Callable

    from otel_bridge.model.scoring import Outcome
    from otel_bridge.store.scoring.base import Key, TaskSlots

_MICROS: Final = 1_000_000


def apply_scoring(
    slots: TaskSlots, change: t.ScoringChange, *, now: int, keep: Callable[[Results], None]
) -> t.ScoringAnswer:
    """Apply a change at `now` (microseconds); `keep` keeps runs and feedback in the same transaction."""
    match change:
        case t.EnqueueTasks():
            return enqueue(slots, change, now)
        case t.ClaimTasks():
            return claim(slots, change, now)
        case t.RenewTasks():
            return renew(slots, change, now)
        case t.SettleTasks():
            settled, results = settle(slots, change, now)
            keep(results)
            return settled


def size_of_scoring(change: t.ScoringChange) -> int:
    """Return about how many rows a change adds."""
    match change:
        case t.EnqueueTasks(tasks=tasks):
            return len(tasks)
        case t.SettleTasks(outcomes=outcomes):
            return len(outcomes)
        case _:
            return 0


def enqueue(slots: TaskSlots, asked: t.EnqueueTasks, now: int) -> t.Enqueued:
    """Queue what is not known or has failed, or is done and is asked for again."""
    wanted: dict[Key, Task] = {}
    for task in asked.tasks:
        wanted.setdefault(key_of(task), task)
    have = slots.tasks(wanted)
    fresh: dict[Key, Entry] = {}
    for key, task in wanted.items():
        entry = have.get(key)
        if entry is None:
            fresh[key] = _queued(task, 0, now)
        elif entry.state == "failed" or (asked.again and entry.state == "done"):
            fresh[key] = _queued(task, entry.task.generation + 1, now)
    slots.ask([task for key, task in wanted.items() if task.job_id or key in fresh], now=now)
    slots.keep(list(fresh.values()))
    slots.drop_ended(asked.ended)
    waiting: tuple[Task, ...] = ()
    if asked.tell:
        found = ((fresh.get(key) or have[key]) for key in wanted)
        waiting = tuple(entry.task for entry in found if entry.state == "queued")
    return t.Enqueued(queued=len(fresh), tasks=waiting)


def claim(slots: TaskSlots, asked: t.ClaimTasks, now: int) -> t.Claimed:
    """Lend tasks and ended calls."""
    ended = slots.due_ended(now=now, limit=asked.ended) if asked.ended else ()
    if ended:
        slots.lend_ended(ended, until=now + asked.lease_seconds * _MICROS)
    moments = [slots.next_ended() if asked.ended else None]
    worn: list[Task] = []
    if asked.keys is not None:
        touched, due_at = _claim_keys(slots, asked, asked.keys, now)
        worn += [one.task for one in touched if one.state == "failed"]
        moments.append(due_at)
    else:
        rooms = {ref: _room(asked, ref) for ref in slots.waiting_scorers()} if asked.limit else {}
        rooms = {ref: room for ref, room in rooms.items() if room > 0}
        touched = _claim_in_turn(slots, asked, rooms, now)
        moments.append(slots.next_due(rooms) if rooms else None)
    lent = [one for one in touched if one.state == "leased"]
    return t.Claimed(
        leased=tuple(Leased(task=one.task, attempt=one.attempt, until=one.due_at) for one in lent),
        ended=tuple(ended),
        worn=tuple(worn),
        due_at=min((moment for moment in moments if moment is not None), default=None),
    )


def renew(slots: TaskSlots, asked: t.RenewTasks, now: int) -> t.Renewed:
    """Let the leases that the worker holds end later."""
    have = slots.tasks({key_of(task) for task in asked.tasks})
    until = now + asked.lease_seconds * _MICROS
    held: dict[Key, Entry] = {}
    lost: list[Task] = []
    for task in asked.tasks:
        entry = have.get(key_of(task))
        if (
            entry is not None
            and entry.state == "leased"
            and entry.worker == asked.worker
            and entry.task.generation == task.generation
        ):
            held[key_of(task)] = replace(entry, due_at=until)
        else:
            lost.append(task)
    slots.keep(list(held.values()))
    return t.Renewed(renewed=len(held), lost=tuple(lost))


def settle(slots: TaskSlots, asked: t.SettleTasks, now: int) -> tuple[t.Settled, Results]:
    """Take outcomes; return what they leave beside the states of their tasks."""
    keys = {key_of(outcome.task) for outcome in asked.outcomes}
    have = dict(slots.tasks(keys))
    known = slots.seen_calls(keys)
    changed: dict[Key, Entry] = {}
    results, kept = Results([], []), Counter[str]()
    for outcome in asked.outcomes:
        key = key_of(outcome.task)
        entry = have.get(key)
        if entry is None or not _counts(entry, outcome):
            continue
        if key[:2] in known:
            have[key] = changed[key] = _settled(entry, outcome, now)
            results.add(entry.task, outcome)
        else:
            have[key] = changed[key] = _failed(entry, CALL_IS_GONE, now)
        kept[changed[key].state] += 1
    slots.keep(list(changed.values()))
    count = kept.total()
    return t.Settled(kept=count, ignored=len(asked.outcomes) - count, **kept), results


def _queued(task: Task, generation: int, now: int) -> Entry:
    if task.generation != generation:
        task = replace(task, generation=generation)
    return Entry(task=task, asked_at=now, changed_at=now, due_at=now)


def _failed(entry: Entry, error: str, now: int) -> Entry:
    return replace(entry, state="failed", worker=None, error=error[:MAX_ERROR_CHARS], changed_at=now)


def _lent(entry: Entry, asked: t.ClaimTasks, now: int) -> Entry:
    return Entry(
        task=entry.task,
        asked_at=entry.asked_at,
        changed_at=now,
        due_at=now + asked.lease_seconds * _MICROS,
        state="leased",
        attempt=entry.attempt + 1,
        lapsed=entry.lapsed,
        worker=asked.worker,
        error=entry.error,
    )


def _lapsed(entry: Entry, now: int) -> Entry:
    """Count a lease that ran out or was taken over; the last of them makes the task fail."""
    entry = replace(entry, lapsed=entry.lapsed + 1)
    if entry.lapsed < t.MAX_ATTEMPTS:
        return entry
    return _failed(entry, f"the worker died {entry.lapsed} times while it scored this call", now)


def _room(asked: t.ClaimTasks, scorer_ref: str) -> int:
    return min(asked.limit, asked.rooms.get(scorer_ref, asked.limit if asked.each is None else asked.each))


def _claim_in_turn(slots: TaskSlots, asked: t.ClaimTasks, rooms: dict[str, int], now: int) -> list[Entry]:
    """Take the oldest tasks of each scorer, so many of each that all have about the same share."""
    touched: list[Entry] = []
    left = asked.limit
    while rooms and left > 0:
        share = max(1, left // len(rooms))
        more: dict[str, int] = {}
        changed: list[Entry] = []
        for ref, room in rooms.items():
            want = min(share, room, left)
            found = [_of_due(entry, asked, now) for entry in slots.due(ref, now=now, limit=want)]
            changed += found
            lent = sum(entry.state == "leased" for entry in found)
            left -= lent
            if len(found) == want and room > lent:
                more[ref] = room - lent
            if not left:
                break
        slots.keep(changed)
        touched += changed
        rooms = more
    return touched


def _of_due(entry: Entry, asked: t.ClaimTasks, now: int) -> Entry:
    if entry.state == "leased":
        entry = _lapsed(entry, now)
    return entry if entry.state == "failed" else _lent(entry, asked, now)


def _claim_keys(
    slots: TaskSlots, asked: t.ClaimTasks, keys: tuple[Task, ...], now: int
) -> tuple[list[Entry], int | None]:
    """Lend exactly these, unless they are finished or out of date; also return when others are due."""
    wanted: dict[Key, Task] = {}
    for task in keys:
        before = wanted.get(key_of(task))
        if before is None or before.generation < task.generation:
            wanted[key_of(task)] = task
    have = slots.tasks(wanted)
    changed: list[Entry] = []
    fresh: list[Task] = []
    later: list[int] = []
    for key, task in wanted.items():
        entry = have.get(key)
        if entry is None or entry.task.generation < task.generation:
            fresh.append(task)
            changed.append(_lent(_queued(task, task.generation, now), asked, now))
        elif entry.task.generation > task.generation or entry.state in {"done", "failed"}:
            continue
        elif entry.state == "queued" and entry.due_at > now:
            later.append(entry.due_at)
        else:
            changed.append(_taken(entry, asked, now))
    slots.ask(fresh, now=now)
    slots.keep(changed)
    return changed, min(later, default=None)


def _taken(entry: Entry, asked: t.ClaimTasks, now: int) -> Entry:
    """Lend a task that another may hold; one that its worker asks for again never reached it."""
    ran_out = entry.due_at <= now or entry.worker != asked.worker
    if entry.state == "leased" and ran_out:
        entry = _lapsed(entry, now)
    return entry if entry.state == "failed" else _lent(entry, asked, now)


def _counts(entry: Entry, outcome: Outcome) -> bool:
    """Tell whether an outcome changes its task."""
    if entry.task.generation != outcome.task.generation or entry.state in {"done", "failed"}:
        return False
    return outcome.state == "done" or (entry.state == "leased" and entry.attempt == outcome.attempt)


def _settled(entry: Entry, outcome: Outcome, now: int) -> Entry:
    error = too_large(outcome) if outcome.state == "done" else outcome.error
    if outcome.state == "queued":
        return Entry(
            task=entry.task,
            asked_at=entry.asked_at,
            changed_at=now,
            due_at=now if outcome.due_at is None else outcome.due_at,
            attempt=entry.attempt - (error is None),
            lapsed=entry.lapsed,
            error=entry.error if error is None else error[:MAX_ERROR_CHARS],
        )
    if outcome.state == "failed" or error is not None:
        return _failed(entry, error or "the scorer failed", now)
    return replace(entry, state="done", worker=None, error=None, changed_at=now)
