"""Applies changes to whatever keeps the slots: the one engine behind every implementation of a store."""

from __future__ import annotations

from collections import defaultdict
from functools import partial
from typing import TYPE_CHECKING, Protocol, assert_never

from otel_bridge.model.call import Change, CompletedCall, DeletedCalls, EndedCall, StartedCall, UpdatedCall
from otel_bridge.store import merge
from otel_bridge.store.base import Applied
from otel_bridge.store.merge import Gone, Held, Slot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence


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


class Tally:
    """Counts while a request is applied."""

    __slots__ = ("collisions", "created", "merged", "unchanged")

    def __init__(self) -> None:
        self.created = self.merged = self.unchanged = self.collisions = 0

    def applied(self) -> Applied:
        """Return the counts so far."""
        return Applied(self.created, self.merged, self.unchanged, self.collisions)


def apply_changes(slots: Slots, changes: Sequence[Change]) -> Applied:
    """Apply `changes` in order by the rules of `store.base`."""
    tally = Tally()
    for change in changes:
        match change:
            case CompletedCall(start=start, end=end):
                _start(slots, tally, start, end)
            case StartedCall():
                _start(slots, tally, change, None)
            case EndedCall():
                _amend(slots, tally, change, partial(merge.with_end, end=change))
            case UpdatedCall():
                _amend(slots, tally, change, partial(merge.with_name, update=change))
            case DeletedCalls():
                _delete(slots, tally, change)
            case _:
                assert_never(change)
    return tally.applied()


def _start(slots: Slots, tally: Tally, start: StartedCall, end: EndedCall | None) -> None:
    call_id, plain_id = start.id, None
    slot = slots.get(start.project_id, call_id)
    if _lives_elsewhere(slots, slot, start):
        call_id, plain_id = merge.derived_id(start), start.id
        slot = slots.get(start.project_id, call_id)
        tally.collisions += slot is None
    if slot is None:
        tally.created += 1
        slots.put(merge.first(start, end, id=call_id, plain_id=plain_id))
    elif isinstance(slot, Gone):
        tally.unchanged += 1
        _remember(slots, slot, start)
    else:
        _keep(slots, tally, slot, merge.with_start(slot, start, end))


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
    while parents:
        below: defaultdict[str, list[str]] = defaultdict(list)
        for held in parents:
            slots.put(merge.gone(held))
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
