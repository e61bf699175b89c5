"""What a transaction in memory changed, laid over what is kept (`store.changes.Slots`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from otel_bridge.store.clocks import clock_flags, happened_at
from otel_bridge.store.merge import Held

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from otel_bridge.store.merge import Slot

Key = tuple[str, str]
"""Project and id."""

SpanKey = tuple[str, str, str]
"""Project, trace and span id."""


class Layer:
    """Slots and waiting log records that a transaction changed, over those below."""

    def __init__(self, below: Layer | None = None) -> None:
        self.below = below
        self.slots: dict[Key, Slot] = {}
        self.received_at: dict[Key, int] = {}
        self.plain_ids: set[Key] = set()
        self.waiting: dict[SpanKey, bytes | None] = {}
        self.waiting_since: dict[SpanKey, int] = {}
        self.in_place: set[Key] = set()
        """Calls that were only translated again: they keep their numbers."""
        self.now = 0

    def get(self, project_id: str, call_id: str) -> Slot | None:
        slot = self.slots.get((project_id, call_id))
        if slot is None and self.below is not None:
            return self.below.get(project_id, call_id)
        return slot

    def put(self, slot: Slot) -> None:
        key = (slot.project_id, slot.id)
        self.slots[key] = slot
        self.received_at[key] = self.now
        self.in_place.discard(key)
        if isinstance(slot, Held) and slot.plain_id is not None:
            self.plain_ids.add((slot.project_id, slot.plain_id))

    def put_in_place(self, slot: Held) -> None:
        """Keep `slot` without taking it for an arrival."""
        key = (slot.project_id, slot.id)
        if key not in self.slots:
            self.in_place.add(key)
        self.slots[key] = slot

    def arrived(self, keys: Iterable[Key]) -> dict[Key, tuple[Held, int]]:
        """Return the calls of these keys, each with the time of its arrival."""
        slots = ((key, self.slots[key]) for key in keys)
        return {key: (slot, self.received_at[key]) for key, slot in slots if isinstance(slot, Held)}

    def older(self, before: Callable[[str], int]) -> list[Key]:
        """Return the calls that came before the time that holds for their project."""
        arrived = self.arrived(self.slots).items()
        return [key for key, (_, received_at) in arrived if received_at < before(key[0])]

    def happened_at(self, call: Held) -> int:
        """Return when a call that can be seen is counted."""
        received_at, started_at = self.received_at[call.project_id, call.id], call.started_at or 0
        return happened_at(started_at, received_at, clock_flags(started_at, received_at))

    def held(self) -> Iterator[Held]:
        """Yield the newest state of every call, visible or waiting."""
        yield from (slot for slot in self.slots.values() if isinstance(slot, Held))
        if self.below is not None:
            yield from (h for h in self.below.held() if (h.project_id, h.id) not in self.slots)

    def children(self, project_id: str, trace_id: str, span_ids: Sequence[str]) -> list[Held]:
        return [
            call
            for call in self.held()
            if (call.project_id, call.trace_id) == (project_id, trace_id) and call.parent_id in span_ids
        ]

    def has_derived(self, project_id: str, call_id: str) -> bool:
        if (project_id, call_id) in self.plain_ids:
            return True
        return self.below is not None and self.below.has_derived(project_id, call_id)

    def namesakes(self, project_id: str, trace_id: str, span_id: str) -> list[Held]:
        if not self.has_derived(project_id, span_id):
            return []
        wanted = (project_id, trace_id, span_id)
        return [call for call in self.held() if (call.project_id, call.trace_id, call.plain_id) == wanted]

    def waiting_logs(self, project_id: str, trace_id: str, span_id: str) -> bytes | None:
        key = (project_id, trace_id, span_id)
        if key in self.waiting or self.below is None:
            return self.waiting.get(key)
        return self.below.waiting_logs(project_id, trace_id, span_id)

    def keep_waiting_logs(self, project_id: str, trace_id: str, span_id: str, logs: bytes | None) -> None:
        self.waiting[project_id, trace_id, span_id] = logs
        self.waiting_since[project_id, trace_id, span_id] = self.now

    def drop_waiting_logs(self, project_id: str, trace_id: str | None, span_id: str) -> None:
        for key in self.waiting_spans():
            if (key[0], key[2]) == (project_id, span_id) and trace_id in {None, key[1]}:
                self.waiting[key] = None

    def take(self, above: Layer) -> None:
        """Take over what a layer above changed, but for what the one below all others keeps by itself."""
        self.plain_ids |= above.plain_ids
        for key, logs in above.waiting.items():
            if logs is None and self.below is None:
                self.waiting.pop(key, None)
                self.waiting_since.pop(key, None)
                continue
            self.waiting[key] = logs
            self.waiting_since.setdefault(key, above.waiting_since.get(key, above.now))

    def waiting_spans(self) -> list[SpanKey]:
        """Return the spans that log records wait for, or waited for in this transaction."""
        below = self.below.waiting_spans() if self.below is not None else []
        return [*self.waiting, *(key for key in below if key not in self.waiting)]

    def forget_waiting(self, before: Callable[[str], int]) -> None:
        """Forget the log records that have waited since before the time that holds for their project."""
        for key in [key for key, since in self.waiting_since.items() if since < before(key[0])]:
            del self.waiting[key], self.waiting_since[key]
