"""Calls in memory: the store's promise but for durability and the cap on bytes, for tests and trials."""

from __future__ import annotations

import threading
from functools import cmp_to_key, partial
from typing import TYPE_CHECKING, Any, Final

from otel_bridge.errors import Unavailable
from otel_bridge.store.asked import ID_FIELDS, id_key, order
from otel_bridge.store.base import Applied, Plan
from otel_bridge.store.changes import apply_changes
from otel_bridge.store.derive import Deriver
from otel_bridge.store.dumps import default_render, otel_span
from otel_bridge.store.layers import Key, Layer
from otel_bridge.store.limits import StoreLimits
from otel_bridge.store.lines import Line, render_line, wanted_columns
from otel_bridge.store.matching import matches
from otel_bridge.store.merge import Gone, Held, Slot, is_same_start
from otel_bridge.store.retranslation import STEP_CALLS, Count, Cursor, Retranslated, Stopped
from otel_bridge.store.trees import flags
from otel_bridge.translate.options import DEFAULT

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from otel_bridge.model.call import Change
    from otel_bridge.model.query import CallsQuery, SortBy
    from otel_bridge.store.derive import Translate
    from otel_bridge.store.dumps import Render
    from otel_bridge.store.retranslation import Retranslation

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
    ) -> None:
        self._limits = limits or StoreLimits()
        self._render = render
        self._deriver = Deriver(translate)
        self._translator = translator
        self._made_by: dict[Key, int] = {}
        self._stopped: dict[tuple[str | None, bool], Stopped] = {}
        self._kept = Layer()
        self._open: Layer | None = None
        self._numbers: dict[Key, int] = {}
        self._calls: dict[int, Key] = {}
        self._next = 1
        self._lock = threading.Lock()
        self.expired = 0

    def prepare(self, changes: Sequence[Change]) -> None:
        """Do nothing: there is nothing to do ahead."""

    def begin(self) -> None:
        """Open a transaction."""
        self._open = Layer(self._kept)

    def apply(self, changes: Sequence[Change], *, received_at: int) -> Applied:
        """Apply the changes of one request, all or none of them."""
        if self._open is None:
            raise Unavailable("no transaction is open")
        layer = Layer(self._open)
        layer.now = received_at
        applied = apply_changes(layer, changes, self._deriver)
        for slot in layer.slots.values():
            self._open.now = received_at
            self._open.put(slot)
        self._open.take(layer)
        return applied

    def retranslate(self, asked: Retranslation, cursor: Cursor | None = None) -> Retranslated:
        """Translate some calls again inside the open transaction."""
        if self._open is None:
            raise Unavailable("no transaction is open")
        kind = (asked.project_id, asked.everything)
        stopped = self._stopped.get(kind)
        resumed = cursor is None and stopped is not None and stopped.serves(asked, self._translator)
        if cursor is None:
            cursor = stopped.cursor if resumed and stopped else Cursor(0, self._next - 1)
        count, after = Count(), cursor.through
        for number in sorted(n for n in self._calls if cursor.after < n <= cursor.through):
            if count.translated >= STEP_CALLS:
                break
            after = number
            self._again(self._calls[number], asked, count)
        else:
            after = cursor.through
        left = Cursor(after, cursor.through) if after < cursor.through else None
        self._stopped.pop(kind, None)
        if left is not None:
            self._stopped[kind] = Stopped(self._translator, asked.since, left)
        return count.result(left, cursor, resumed=resumed)

    def _again(self, key: Key, asked: Retranslation, count: Count) -> None:
        assert self._open is not None
        held = self._open.get(*key)
        if not isinstance(held, Held) or not held.is_span or asked.project_id not in {None, key[0]}:
            return
        if asked.since is not None and self._kept.received_at[key] < asked.since:
            return
        if not asked.everything and self._made_by.get(key) == self._translator:
            count.current += 1
            return
        again = self._deriver.again(held)
        count.note(held, again)
        if again is not None:
            self._open.put_in_place(again)

    def commit(self) -> None:
        """Let readers see everything applied."""
        if self._open is None:
            raise Unavailable("no transaction is open")
        with self._lock:
            for key, slot in self._open.slots.items():
                self._stamp(key, slot)
                if key not in self._open.in_place:
                    self._number(key, slot)
                first_seen = self._kept.received_at.get(key)
                self._kept.slots[key] = slot
                if first_seen is None or key not in self._numbers:
                    self._kept.received_at[key] = self._open.received_at[key]
            self._kept.take(self._open)
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
            old = [k for k, slot in self._kept.slots.items() if isinstance(slot, Held)]
            for key in old:
                if self._kept.received_at[key] < oldest:
                    self.expired += key in self._numbers
                    self._forget(key)
            for waiting, since in list(self._kept.waiting_since.items()):
                if since < oldest:
                    del self._kept.waiting[waiting], self._kept.waiting_since[waiting]
        return False

    def plan(self, query: CallsQuery, *, after: bytes | None = None) -> Plan:  # noqa: ARG002 - one part is all
        """Select the calls of a query, all of them in one part."""
        keys = order(query)
        with self._lock:
            found = sorted(self._matching(query), key=cmp_to_key(partial(_compare, keys)))
            end = None if query.limit is None else query.offset + query.limit
            return Plan(tuple(self._numbers[c.project_id, c.id] for c in found[query.offset : end]))

    def lines(self, query: CallsQuery, seqs: Sequence[int]) -> bytes:
        """Render calls as JSONL."""
        wanted = wanted_columns(query.columns)
        with self._lock:
            keys = [key for seq in seqs if (key := self._calls.get(seq)) and key[0] == query.project_id]
            return b"".join(render_line(self._line(self._kept.slots[key]), wanted) for key in keys)

    def count(self, query: CallsQuery) -> int:
        """Count the calls that match the filter."""
        with self._lock:
            found = sum(1 for _ in self._matching(query))
        return found if query.limit is None else min(found, query.limit)

    def close(self) -> None:
        """Forget what was not committed."""
        self._open = None

    def _stamp(self, key: Key, slot: Slot) -> None:
        """Remember which version made a call; an end that comes on its own makes nothing."""
        before = self._kept.slots.get(key)
        assert self._open is not None
        same = isinstance(before, Held) and isinstance(slot, Held) and is_same_start(before, slot)
        if not same or key in self._open.in_place:
            self._made_by[key] = self._translator

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

    def _matching(self, query: CallsQuery) -> Iterable[Held]:
        for project_id, call_id in self._numbers:
            slot = self._kept.slots[project_id, call_id]
            if project_id == query.project_id and isinstance(slot, Held) and matches(slot, query.filter):
                yield slot

    def _line(self, call: Slot) -> Line:
        assert isinstance(call, Held)
        assert call.trace_id is not None
        assert call.op_name is not None
        assert call.started_at is not None
        if call.dump is not None and self._render is None:
            self._render = default_render()
        return Line(
            id=call.id,
            project_id=call.project_id,
            op_name=call.op_name,
            display_name=call.display_name,
            trace_id=call.trace_id,
            parent_id=call.parent_id,
            thread_id=call.thread_id,
            turn_id=call.turn_id,
            started_at=call.started_at,
            attributes=call.attributes,
            inputs=call.inputs,
            ended_at=call.ended_at,
            exception=call.exception,
            output=call.output,
            summary=call.summary,
            wb_user_id=call.wb_user_id,
            wb_run_id=call.wb_run_id,
            wb_run_step=call.wb_run_step,
            wb_run_step_end=call.wb_run_step_end,
            flags=flags(attributes=call.attributes, summary=call.summary, exception=call.exception),
            otel_span=None if self._render is None else otel_span(call.dump, self._render, call.logs),
        )


def _compare(keys: Sequence[SortBy], one: Held, other: Held) -> int:
    """Order two calls; nulls come last in both directions."""
    for key in keys:
        a: Any = getattr(one, key.field)
        b: Any = getattr(other, key.field)
        if a == b:
            continue
        if a is None or b is None:
            return 1 if a is None else -1
        if key.field in ID_FIELDS:
            a, b = id_key(a), id_key(b)
        return (1 if a > b else -1) * (1 if key.direction == "asc" else -1)
    return 0
