"""Applies changes to whatever keeps the slots: the one engine behind every implementation of a store."""

from __future__ import annotations

from collections import defaultdict
from functools import partial
from typing import TYPE_CHECKING, Protocol, assert_never

from msgspec.structs import replace

from otel_bridge.model.call import (
    Change,
    CompletedCall,
    DeletedCalls,
    EndedCall,
    LoggedSpan,
    StartedCall,
    UpdatedCall,
)
from otel_bridge.store import merge
from otel_bridge.store.base import Applied
from otel_bridge.store.derive import joined_logs
from otel_bridge.store.merge import Gone, Held, Slot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from otel_bridge.store.derive import Deriver


class Slots(Protocol):
    """What the engine needs from a store inside a transaction."""

    def get(self, project_id: str, call_id: str) -> Slot | None:
        """Return what is kept under an id, changes of this transaction included."""

    def put(self, slot: Slot) -> None:
        """Keep `slot` under its id, in place of what was there."""

    def children(self, project_id: str, trace_id: str, span_ids: Sequence[str]) -> Iterable[Held]:
        """Return the calls of a trace whose parent is one of `span_ids`."""

    def has_derived(self, project_id: str, call_id: str) -> bool:
        """Tell whether any visible call holds `call_id` as its `plain_id`."""

    def namesakes(self, project_id: str, trace_id: str, span_id: str) -> Iterable[Held]:
        """Return the calls of spans of this id that live under derived ids."""

    def waiting_logs(self, project_id: str, trace_id: str, span_id: str) -> bytes | None:
        """Return the log records that wait for this span, changes of this transaction included."""

    def keep_waiting_logs(self, project_id: str, trace_id: str, span_id: str, logs: bytes | None) -> None:
        """Let these log records wait for their span in place of those that did; None: no longer any."""

    def drop_waiting_logs(self, project_id: str, trace_id: str | None, span_id: str) -> None:
        """Forget the log records that wait for this span; no trace id: for any span of the id."""


class Tally:
    """Counts while a request is applied."""

    __slots__ = ("collisions", "created", "cut", "merged", "unchanged")

    def __init__(self) -> None:
        self.created = self.merged = self.unchanged = self.collisions = self.cut = 0

    def applied(self) -> Applied:
        """Return the counts so far."""
        return Applied(self.created, self.merged, self.unchanged, self.collisions, self.cut)


def apply_changes(slots: Slots, changes: Sequence[Change], deriver: Deriver) -> Applied:
    """Apply `changes` in order by the rules of `store.base`."""
    tally = Tally()
    for change in changes:
        match change:
            case CompletedCall(start=start, end=end):
                _start(slots, tally, deriver, start, end)
            case StartedCall():
                _start(slots, tally, deriver, change, None)
            case EndedCall():
                _amend(slots, tally, change, partial(merge.with_end, end=change))
            case UpdatedCall():
                _amend(slots, tally, change, partial(merge.with_name, update=change))
            case DeletedCalls():
                _delete(slots, tally, change)
            case LoggedSpan():
                _logged(slots, tally, deriver, change)
            case _:
                assert_never(change)
    return tally.applied()


def _start(slots: Slots, tally: Tally, deriver: Deriver, start: StartedCall, end: EndedCall | None) -> None:
    call_id, plain_id, logs = start.id, None, None
    slot = slots.get(start.project_id, call_id)
    if _lives_elsewhere(slots, slot, start):
        call_id, plain_id = merge.derived_id(start), start.id
        logs = _logs_of_both(slot, start)
        slot = slots.get(start.project_id, call_id)
        tally.collisions += slot is None
    if slot is None:
        tally.created += 1
        first = merge.first(start, end, id=call_id, plain_id=plain_id)
        slots.put(_with_logs(slots, tally, deriver, replace(first, logs=logs) if logs else first))
    elif isinstance(slot, Gone):
        tally.unchanged += 1
        _remember(slots, slot, start)
    else:
        merged = merge.with_start(slot, start, end)
        _keep(slots, tally, slot, _with_logs(slots, tally, deriver, merged))


def _with_logs(slots: Slots, tally: Tally, deriver: Deriver, held: Held) -> Held:
    """Give a span the log records that waited for it, and its call what they say."""
    if not held.is_span or held.trace_id is None:
        return held
    waited = slots.waiting_logs(held.project_id, held.trace_id, held.span_id)
    if waited is not None:
        logs, cut = joined_logs(held.logs, waited)
        held = replace(held, logs=logs)
        tally.cut += cut
        slots.keep_waiting_logs(held.project_id, held.trace_id or "", held.span_id, None)
    return deriver.with_logs(held)


def _logs_of_both(slot: Slot | None, start: StartedCall) -> bytes | None:
    """Return the log records of a span that shares trace and id with `start`: they may be either's."""
    return slot.logs if isinstance(slot, Held) and slot.trace_id == start.trace_id else None


def _logged(slots: Slots, tally: Tally, deriver: Deriver, change: LoggedSpan) -> None:
    """Give log records to their span, or let them wait for it."""
    slot = slots.get(change.project_id, change.id)
    homes = list(slots.namesakes(change.project_id, change.trace_id, change.id))
    if isinstance(slot, Held) and slot.is_span and slot.trace_id == change.trace_id:
        homes.insert(0, slot)
    if not homes:
        _wait(slots, tally, slot, change)
        return
    merged = False
    for held in homes:
        logs, cut = joined_logs(held.logs, change.logs)
        tally.cut += cut
        if logs != held.logs:
            merged = True
            slots.put(deriver.with_logs(replace(held, logs=logs)))
    tally.merged += merged
    tally.unchanged += not merged


def _wait(slots: Slots, tally: Tally, slot: Slot | None, change: LoggedSpan) -> None:
    if isinstance(slot, Gone) and slot.trace_id in {None, change.trace_id}:
        tally.unchanged += 1
        return
    waits = slots.waiting_logs(change.project_id, change.trace_id, change.id)
    logs, cut = joined_logs(waits, change.logs)
    tally.cut += cut
    tally.created += waits is None and logs is not None
    tally.merged += waits is not None and logs != waits
    tally.unchanged += logs == waits
    if logs != waits:
        slots.keep_waiting_logs(change.project_id, change.trace_id, change.id, logs)


def _lives_elsewhere(slots: Slots, slot: Slot | None, start: StartedCall) -> bool:
    """Tell whether a span lives under its derived id: its own is taken, or was when the span came first."""
    if slot is not None:
        return merge.is_other_span(slot, start)
    if not slots.has_derived(start.project_id, start.id):
        return False
    return slots.get(start.project_id, merge.derived_id(start)) is not None


def _remember(slots: Slots, deleted: Gone, start: StartedCall) -> None:
    """Take the first span that asks for a deleted id as the one that was deleted."""
    if not deleted.whole and (start.span is not None or start.otel_dump is not None):
        slots.put(merge.gone(merge.first(start, None, id=deleted.id)))


def _amend(
    slots: Slots, tally: Tally, change: EndedCall | UpdatedCall, merged: Callable[[Held], Held]
) -> None:
    slot = slots.get(change.project_id, change.id)
    if slot is None:
        tally.created += 1
        slots.put(merged(Held(project_id=change.project_id, id=change.id)))
    elif isinstance(slot, Gone):
        tally.unchanged += 1
    else:
        _keep(slots, tally, slot, merged(slot))


def _keep(slots: Slots, tally: Tally, before: Held, after: Held) -> None:
    if after == before:
        tally.unchanged += 1
    else:
        tally.merged += 1
        slots.put(after)


def _delete(slots: Slots, tally: Tally, change: DeletedCalls) -> None:
    """Delete calls and, level by level, what hangs below them in their traces."""
    before = {call_id: slots.get(change.project_id, call_id) for call_id in change.ids}
    parents = [slot for slot in before.values() if isinstance(slot, Held)]
    fresh = [call_id for call_id, slot in before.items() if slot is None]
    for call_id in fresh:
        slots.put(Gone(project_id=change.project_id, id=call_id))
        slots.drop_waiting_logs(change.project_id, None, call_id)
    while parents:
        below: defaultdict[str, list[str]] = defaultdict(list)
        for held in parents:
            slots.put(merge.gone(held))
            slots.drop_waiting_logs(held.project_id, held.trace_id, held.span_id)
            if held.trace_id is not None:
                below[held.trace_id].append(held.plain_id or held.id)
        fresh = fresh or [held.id for held in parents]
        parents = [
            child
            for trace_id, span_ids in below.items()
            for child in slots.children(change.project_id, trace_id, span_ids)
        ]
    tally.merged += bool(fresh)
    tally.unchanged += not fresh
