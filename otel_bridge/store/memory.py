"""Calls in memory: the store's promise but for durability and the cap on bytes, for tests and trials."""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from otel_bridge.costs.defaults import DefaultPrices
from otel_bridge.costs.prices import Prices
from otel_bridge.errors import Unavailable
from otel_bridge.model.annex import ANNEX_CHANGES
from otel_bridge.model.stats import StatsQuery
from otel_bridge.query.evaluate import reference
from otel_bridge.query.ordering import in_order, key_values, plain_keys
from otel_bridge.query.resolve import resolve
from otel_bridge.stats.answer import answer as statistics
from otel_bridge.store.annex.answers import answer
from otel_bridge.store.annex.changes import apply_annex
from otel_bridge.store.annex.memory import MemoryAnnex
from otel_bridge.store.annex.memory_reads import MemoryReads, size_of, trace_sizes
from otel_bridge.store.annex.resolving import Resolver
from otel_bridge.store.asked import order
from otel_bridge.store.base import Applied, Plan
from otel_bridge.store.changes import apply_changes
from otel_bridge.store.dumps import default_render, otel_span
from otel_bridge.store.expanding import Expander
from otel_bridge.store.extras import Extras, wants_extras
from otel_bridge.store.limits import StoreLimits
from otel_bridge.store.lines import Line, line_of, render_line, wanted_columns
from otel_bridge.store.matching import matches
from otel_bridge.store.measuring import measure
from otel_bridge.store.merge import DumpKind, Gone, Held, Slot
from otel_bridge.store.remarks import remarks_on
from otel_bridge.store.seen import SeenCall

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from otel_bridge.model.annex import AnnexChange
    from otel_bridge.model.call import Change
    from otel_bridge.model.query import CallsQuery
    from otel_bridge.model.questions import Question
    from otel_bridge.query.evaluate import Remark
    from otel_bridge.stats.measure import Measure, Measured
    from otel_bridge.store.dumps import Render
    from otel_bridge.store.seen import Remarks

_MICROS: Final = 1_000_000
_Key = tuple[str, str]


class _Layer:
    """Slots that a transaction changed, over those below (`store.changes.Slots`)."""

    def __init__(self, below: _Layer | None = None) -> None:
        self.below = below
        self.slots: dict[_Key, Slot] = {}
        self.received_at: dict[_Key, int] = {}
        self.plain_ids: set[_Key] = set()
        self.now = 0

    def get(self, project_id: str, call_id: str) -> Slot | None:
        slot = self.slots.get((project_id, call_id))
        if slot is None and self.below is not None:
            return self.below.get(project_id, call_id)
        return slot

    def put(self, slot: Slot) -> None:
        self.slots[slot.project_id, slot.id] = slot
        self.received_at[slot.project_id, slot.id] = self.now
        if isinstance(slot, Held) and slot.plain_id is not None:
            self.plain_ids.add((slot.project_id, slot.plain_id))

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


class MemoryStore:
    """A `CallWriter` and a `CallReader` in one, over dictionaries."""

    def __init__(self, limits: StoreLimits | None = None, *, render: Render | None = None) -> None:
        self._limits = limits or StoreLimits()
        self._render = render
        self._kept = _Layer()
        self._open: _Layer | None = None
        self._annex = MemoryAnnex()
        self._open_annex = self._annex
        self._prices = DefaultPrices()
        self._numbers: dict[_Key, int] = {}
        self._calls: dict[int, _Key] = {}
        self._next = 1
        self._lock = threading.Lock()
        self.expired = 0

    def prepare(self, changes: Sequence[Change | AnnexChange]) -> None:
        """Do nothing: there is nothing to do ahead."""

    def begin(self) -> None:
        """Open a transaction."""
        self._open = _Layer(self._kept)
        self._open_annex = self._annex.copy()

    def apply(self, changes: Sequence[Change | AnnexChange], *, received_at: int) -> Applied:
        """Apply the changes of one request, all or none of them."""
        if self._open is None:
            raise Unavailable("no transaction is open")
        if changes and isinstance(changes[0], ANNEX_CHANGES):
            slots = self._open_annex.copy()
            applied = apply_annex(slots, changes, received_at=received_at)  # type: ignore[arg-type]  # of one kind throughout
            self._open_annex = slots
            return applied
        layer = _Layer(self._open)
        layer.now = received_at
        applied = apply_changes(layer, changes)  # type: ignore[arg-type]  # as above
        self._open.slots.update(layer.slots)
        self._open.received_at.update(layer.received_at)
        self._open.plain_ids |= layer.plain_ids
        self._open_annex.drop_feedback_of(k for k, slot in layer.slots.items() if isinstance(slot, Gone))
        return applied

    def commit(self) -> None:
        """Let readers see everything applied."""
        if self._open is None:
            raise Unavailable("no transaction is open")
        with self._lock:
            self._annex = self._open_annex
            for key, slot in self._open.slots.items():
                self._number(key, slot)
                first_seen = self._kept.received_at.get(key)
                self._kept.slots[key] = slot
                if first_seen is None or key not in self._numbers:
                    self._kept.received_at[key] = self._open.received_at[key]
        self._kept.plain_ids |= self._open.plain_ids
        self._open = None

    def rollback(self) -> None:
        """Forget the open transaction."""
        self._open = None

    def maintain(self, *, now: int) -> bool:
        """Drop what is older than the retention."""
        if self._limits.retention_seconds is None:
            return False
        oldest = now - self._limits.retention_seconds * _MICROS
        with self._lock:
            held = [k for k, slot in self._kept.slots.items() if isinstance(slot, Held)]
            old = [key for key in held if self._kept.received_at[key] < oldest]
            self._annex.drop_feedback_of(key for key in old if key in self._numbers)
            self._annex.drop_feedback_before(oldest)
            for key in old:
                self.expired += key in self._numbers
                self._forget(key)
        return False

    def plan(self, query: CallsQuery, *, after: bytes | None = None) -> Plan:  # noqa: ARG002 - one part is all
        """Select the calls of a query, all of them in one part."""
        keys = plain_keys(order(query))
        values = key_values(keys)
        with self._lock:
            found = in_order(keys, [(values(call), number) for number, call in self._matching(query)])
            end = None if query.limit is None else query.offset + query.limit
            return Plan(tuple(found[query.offset : end]))

    def lines(self, query: CallsQuery, seqs: Sequence[int]) -> bytes:
        """Render calls as JSONL."""
        wanted = wanted_columns(query.columns)
        with self._lock:
            keys = [key for seq in seqs if (key := self._calls.get(seq)) and key[0] == query.project_id]
            lines = [self._line(self._kept.slots[key], sized=query.include_storage_size) for key in keys]
            if wants_extras(query):
                sizes = partial(self._trace_sizes, query.project_id)
                lines = Extras(query, self._annex, self._prices, sizes).added(lines)
        return b"".join(render_line(line, wanted) for line in lines)

    def _trace_sizes(self, project_id: str, traces: Sequence[str]) -> dict[str, int]:
        calls = (self._kept.slots[key] for key in self._numbers if key[0] == project_id)
        return trace_sizes((call for call in calls if isinstance(call, Held)), traces)

    def spans(self, project_id: str, seqs: Sequence[int]) -> bytes:
        """Return the stored spans of these calls."""
        with self._lock:
            slots = [self._kept.slots[self._calls[seq]] for seq in seqs if seq in self._calls]
        dumps = (slot.dump for slot in slots if isinstance(slot, Held) and slot.project_id == project_id)
        return b"".join(dump.data for dump in dumps if dump is not None and dump.kind is DumpKind.OTLP)

    def count(self, query: CallsQuery) -> int:
        """Count the calls that match the filter."""
        with self._lock:
            found = sum(1 for _ in self._matching(query))
        return found if query.limit is None else min(found, query.limit)

    def answer(self, question: Question) -> bytes:
        """Answer a question."""
        if isinstance(question, StatsQuery):
            own = self._annex.prices(question.project_id)
            return statistics(question, self.measure, Prices(own, self._prices))
        with self._lock:
            annex, numbers, slots = self._annex, dict(self._numbers), dict(self._kept.slots)
            calls = dict(self._calls)

        def of_project(project_id: str) -> list[Held]:
            found = (slots[key] for key in numbers if key[0] == project_id)
            return [slot for slot in found if isinstance(slot, Held)]

        def select(query: CallsQuery) -> list[Held]:
            found = (slots[calls[number]] for number in self.plan(query).seqs if number in calls)
            return [slot for slot in found if isinstance(slot, Held)]

        return answer(MemoryReads(annex, of_project, select), question, self._prices)

    def measure(self, asked: Measure) -> Measured:
        """Add up calls and their usage, bucket by bucket."""
        with self._lock:
            slots = [self._kept.slots[key] for key in self._numbers if key[0] == asked.project_id]
        return measure((s for s in slots if isinstance(s, Held) and matches(s, asked.filter)), asked)

    def close(self) -> None:
        """Forget what was not committed."""
        self._open = None

    def _number(self, key: _Key, slot: Slot) -> None:
        """Give a call its number: a new one when it becomes visible and when its start time moves."""
        before = self._kept.slots.get(key)
        if isinstance(slot, Gone):
            self._calls.pop(self._numbers.pop(key, 0), None)
        elif slot.started_at is not None and (
            not isinstance(before, Held) or before.started_at != slot.started_at
        ):
            self._calls.pop(self._numbers.pop(key, 0), None)
            self._kept.received_at.pop(key, None)
            self._numbers[key], self._calls[self._next] = self._next, key
            self._next += 1

    def _forget(self, key: _Key) -> None:
        self._calls.pop(self._numbers.pop(key, 0), None)
        del self._kept.slots[key], self._kept.received_at[key]

    def _matching(self, query: CallsQuery) -> Iterator[tuple[int, SeenCall]]:
        """Yield the number of each call that matches, and the call."""
        test = None if query.query is None else reference(resolve(query.query))
        expander = Expander(query.expand, Resolver(self._annex))
        for (project_id, call_id), number in self._numbers.items():
            slot = self._kept.slots[project_id, call_id]
            if project_id == query.project_id and isinstance(slot, Held) and matches(slot, query.filter):
                call = SeenCall(line_of(slot, None), self._remarks(project_id), expander)
                if test is None or test(call):
                    yield number, call

    def _remarks(self, project_id: str) -> Remarks:
        def of(call_id: str, kind: str) -> Sequence[Remark]:
            return remarks_on(self._annex, project_id, [call_id])(call_id, kind)

        return of

    def _line(self, call: Slot, *, sized: bool = False) -> Line:
        assert isinstance(call, Held)
        if call.dump is not None and self._render is None:
            self._render = default_render()
        line = line_of(call, None if self._render is None else otel_span(call.dump, self._render))
        return replace(line, storage_size_bytes=size_of(call)) if sized else line
