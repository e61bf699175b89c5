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
from otel_bridge.store.derive import Deriver
from otel_bridge.store.dumps import default_render, otel_span
from otel_bridge.store.expanding import Expander
from otel_bridge.store.extras import Extras, wants_extras
from otel_bridge.store.layers import Key, Layer
from otel_bridge.store.limits import StoreLimits
from otel_bridge.store.lines import Line, line_of, render_line, wanted_columns
from otel_bridge.store.matching import matches
from otel_bridge.store.measuring import measure
from otel_bridge.store.memory_again import MemoryAgain
from otel_bridge.store.memory_erasing import erase
from otel_bridge.store.merge import DumpKind, Gone, Held, Slot
from otel_bridge.store.remarks import remarks_on
from otel_bridge.store.scoring.changes import apply_scoring
from otel_bridge.store.scoring.memory import MemoryTasks
from otel_bridge.store.scoring.watching import Watch, can_be_seen, newly_ended
from otel_bridge.store.seen import SeenCall
from otel_bridge.translate.options import DEFAULT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from otel_bridge.model.annex import AnnexChange
    from otel_bridge.model.call import Change
    from otel_bridge.model.query import CallsQuery
    from otel_bridge.model.questions import Question
    from otel_bridge.model.tasks import Backlog, ScoringAnswer, ScoringChange
    from otel_bridge.stats.measure import Measure, Measured
    from otel_bridge.store.derive import Translate
    from otel_bridge.store.dumps import Render
    from otel_bridge.store.erasure import EraseCursor, Erased, Erasure
    from otel_bridge.store.retranslation import Cursor, Retranslated, Retranslation
    from otel_bridge.store.scoring.results import Results
    from otel_bridge.store.scoring.watching import Watched
    from otel_bridge.store.seen import Remarks

_MICROS: Final = 1_000_000


class MemoryStore:
    """A `CallWriter` and a `CallReader` in one, over dictionaries."""

    def __init__(
        self,
        limits: StoreLimits | None = None,
        *,
        render: Render | None = None,
        translate: Translate | None = None,
        translator: int = DEFAULT.stamp,
        watched: Watched | None = None,
    ) -> None:
        self._limits = limits or StoreLimits()
        self._render = render
        self._deriver = Deriver(translate)
        self._translator = translator
        self._again = MemoryAgain()
        self._kept = Layer()
        self._open: Layer | None = None
        self._numbers: dict[Key, int] = {}
        self._calls: dict[int, Key] = {}
        self._annex = MemoryAnnex()
        self._open_annex = self._annex
        self._tasks = self._open_tasks = MemoryTasks()
        self._watch = Watch(watched)
        self._prices = DefaultPrices()
        self._lock = threading.Lock()
        self._next, self.expired = 1, 0

    def prepare(self, changes: Sequence[Change | AnnexChange]) -> None:
        """Do nothing: there is nothing to do ahead."""

    def begin(self) -> None:
        """Open a transaction."""
        self._open = Layer(self._kept)
        self._open_annex, self._open_tasks = self._annex.copy(), self._tasks.copy()

    def apply(self, changes: Sequence[Change | AnnexChange], *, received_at: int) -> Applied:
        """Apply the changes of one request, all or none of them."""
        open_ = self._in_transaction()
        if changes and isinstance(changes[0], ANNEX_CHANGES):
            slots = self._open_annex.copy()
            applied = apply_annex(slots, changes, received_at=received_at)  # type: ignore[arg-type]  # of one kind throughout
            self._watch.look_after(slots, changes)  # type: ignore[arg-type]  # as above
            self._open_annex = slots
            return applied
        return self._apply_calls(open_, changes, received_at, self._watch)  # type: ignore[arg-type]  # as above

    def _apply_calls(
        self, open_: Layer, changes: Sequence[Change], received_at: int, watch: Watch | None
    ) -> Applied:
        layer = Layer(open_)
        layer.now = received_at
        applied = apply_changes(layer, changes, self._deriver)
        changed = layer.slots.items()
        if watch:
            held = [(k, slot) for k, slot in changed if watch.sees(k[0]) and isinstance(slot, Held)]
            ended = (slot for k, slot in held if newly_ended(open_.get(*k), slot))
            self._open_tasks.put_ended(ended, now=received_at)
        open_.now = received_at
        for slot in layer.slots.values():
            open_.put(slot)
        open_.take(layer)
        gone = {key for key, slot in changed if isinstance(slot, Gone)}
        self._open_annex.drop_feedback_of(gone)
        self._open_tasks.calls_deleted(gone, now=received_at)
        return applied

    def retranslate(self, asked: Retranslation, cursor: Cursor | None = None) -> Retranslated:
        """Translate some calls again inside the open transaction."""
        by = (self._deriver, self._translator)
        return self._again.step(self._in_transaction(), self._calls, self._next - 1, *by, asked, cursor)

    def erase(self, asked: Erasure, _cursor: EraseCursor | None = None) -> Erased:
        """Erase calls inside the open transaction, all in one step."""
        open_ = self._in_transaction()
        return erase(open_, asked, lambda deletion: self._apply_calls(open_, [deletion], open_.now, None))

    def apply_scoring(self, change: ScoringChange, *, now: int) -> ScoringAnswer:
        """Change scoring tasks, and what hangs on them, all or nothing."""
        open_ = self._in_transaction()
        self._open_tasks.known = lambda call: can_be_seen(open_.get(*call))
        return apply_scoring(self._open_tasks, change, now=now, keep=partial(self._keep_results, open_, now))

    def backlog(self) -> Backlog:
        """Return how much scoring is to be done."""
        return self._tasks.backlog()

    def _keep_results(self, open_: Layer, now: int, results: Results) -> None:
        self._apply_calls(open_, results.calls, now, None)
        self._open_annex.put_feedback([replace(row, created_at=now) for row in results.feedback])

    def commit(self) -> None:
        """Let readers see everything applied."""
        open_ = self._in_transaction()
        with self._lock:
            self._annex, self._tasks = self._open_annex, self._open_tasks
            self._watch.kept()
            for key, slot in open_.slots.items():
                self._again.stamp(key, self._kept.slots.get(key), slot, open_, self._translator)
                if key not in open_.in_place:
                    self._number(key, slot)
                self._kept.slots[key] = slot
                if key not in self._kept.received_at or key not in self._numbers:
                    self._kept.received_at[key] = open_.received_at[key]
            self._kept.take(open_)
        self._open = None

    def rollback(self) -> None:
        """Forget the open transaction."""
        self._open = None
        self._watch.rolled_back()

    def maintain(self, *, now: int) -> bool:
        """Drop what is older than the retention."""
        before, longest = partial(self._limits.before, now), self._limits.longest_seconds
        with self._lock:
            old = self._kept.older(before)
            gone = {key for key in old if key in self._numbers}
            self._annex.drop_feedback_of(gone)
            self._annex.drop_feedback_before(before)
            self._tasks.calls_expired(gone, before=0 if longest is None else now - longest * _MICROS)
            for key in old:
                self.expired += key in self._numbers
                self._forget(key)
            self._kept.forget_waiting(before)
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
                sizes = partial(trace_sizes, list(self._of_project(query.project_id)))
                lines = Extras(query, self._annex, self._prices, sizes).added(lines)
        return b"".join(render_line(line, wanted) for line in lines)

    def _of_project(self, project_id: str) -> Iterator[Held]:
        keys = (key for key in self._numbers if key[0] == project_id)
        return (held for held, _ in self._kept.arrived(keys).values())

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
            annex, tasks, calls = self._annex, self._tasks, dict(self._calls)
            arrived = self._kept.arrived(self._numbers)

        def select(query: CallsQuery) -> list[Key]:
            return [calls[number] for number in self.plan(query).seqs if number in calls]

        return answer(MemoryReads(annex, tasks, arrived, select), question, self._prices)

    def measure(self, asked: Measure) -> Measured:
        """Add up calls and their usage, bucket by bucket."""
        with self._lock:
            held = [one for one in self._of_project(asked.project_id) if matches(one, asked.filter)]
            return measure([(one, self._kept.happened_at(one)) for one in held], asked)

    def close(self) -> None:
        """Forget what was not committed."""
        self._open = None

    def _in_transaction(self) -> Layer:
        if self._open is None:
            raise Unavailable("no transaction is open")
        return self._open

    def _number(self, key: Key, slot: Slot) -> None:
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

    def _forget(self, key: Key) -> None:
        self._calls.pop(self._numbers.pop(key, 0), None)
        del self._kept.slots[key], self._kept.received_at[key]

    def _matching(self, query: CallsQuery) -> Iterator[tuple[int, SeenCall]]:
        """Yield the number of each call that matches, and the call."""
        test = None if query.query is None else reference(resolve(query.query))
        expander = Expander(query.expand, Resolver(self._annex, query.projects))
        for (project_id, call_id), number in self._numbers.items():
            slot = self._kept.slots[project_id, call_id]
            if project_id == query.project_id and isinstance(slot, Held) and matches(slot, query.filter):
                call = SeenCall(self._line(slot), self._remarks(project_id), expander)
                if test is None or test(call):
                    yield number, call

    def _remarks(self, project_id: str) -> Remarks:
        return lambda call_id, kind: remarks_on(self._annex, project_id, [call_id])(call_id, kind)

    def _line(self, call: Slot, *, sized: bool = False) -> Line:
        assert isinstance(call, Held)
        if call.dump is not None and self._render is None:
            self._render = default_render()
        span = None if self._render is None else otel_span(call.dump, self._render, call.logs)
        line = line_of(call, span, received_at=self._kept.received_at[call.project_id, call.id])
        return replace(line, storage_size_bytes=size_of(call)) if sized else line
