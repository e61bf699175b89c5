"""The slots of one request, between the merge engine and the tables: read what exists, write at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from otel_bridge.model.call import CompletedCall, DeletedCalls
from otel_bridge.store.merge import Held, Slot
from otel_bridge.store.scoring.watching import newly_ended
from otel_bridge.store.sqlite import rows
from otel_bridge.store.sqlite.flush import Flush
from otel_bridge.store.sqlite.ids import pack, unpack
from otel_bridge.store.sqlite.queries import QUERIES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import apsw

    from otel_bridge.model.call import Change
    from otel_bridge.store.scoring.watching import Watch
    from otel_bridge.store.sqlite.book import Book

_Key = tuple[str, str]
_SpanKey = tuple[str, str, str]


class SqliteSlots:
    """`store.changes.Slots` over the tables, inside the open transaction.

    Calls that end in a project that `watch` sees are kept as ended calls.
    """

    def __init__(
        self, connection: apsw.Connection, book: Book, *, received_at: int, watch: Watch | None = None
    ) -> None:
        self._connection = connection
        self._watch = watch
        self._book = book
        self._received_at = received_at
        self._seqs: dict[_Key, int] = {}
        self._derived: set[_Key] = set()
        self._derived_here = False
        self._before: dict[_Key, Slot | None] = {}
        self._changed: dict[_Key, Slot] = {}
        self._waiting: dict[_SpanKey, bytes | None] = {}
        self._waiting_changed: dict[_SpanKey, bytes | None] = {}

    def look_up(self, changes: Sequence[Change]) -> None:
        """Learn, in few statements for each project, which ids of these changes are kept in any way."""
        asked: dict[str, set[str]] = {}
        for change in changes:
            record = change.start if isinstance(change, CompletedCall) else change
            ids = asked.setdefault(record.project_id, set())
            if isinstance(record, DeletedCalls):
                ids.update(record.ids)
            else:
                ids.add(record.id)
        for project_id, ids in asked.items():
            absent = ids.difference(self._which("present", project_id, ids))
            if self._book.any_derived:
                self._derived.update((project_id, c) for c in self._which("derived", project_id, ids))
            if self._book.any_waiting_logs:
                self._look_up_waiting(project_id, ids)
            self._before.update(((project_id, call_id), None) for call_id in absent)

    def get(self, project_id: str, call_id: str) -> Slot | None:
        """Return what is kept under an id; read from the tables once."""
        key = (project_id, call_id)
        slot = self._changed.get(key)
        if slot is not None:
            return slot
        if key not in self._before:
            self._before[key] = self._load(project_id, call_id)
        return self._before[key]

    def put(self, slot: Slot) -> None:
        """Keep `slot` until `flush`; its id was asked for before."""
        self._changed[slot.project_id, slot.id] = slot
        self._derived_here = self._derived_here or (isinstance(slot, Held) and slot.plain_id is not None)

    def children(self, project_id: str, trace_id: str, span_ids: Sequence[str]) -> list[Held]:
        """Return the calls of a trace whose parent is one of `span_ids`."""
        self.flush()
        text = msgspec.json.encode(list(span_ids)).decode()
        found = self._connection.execute(
            QUERIES["children"], (self._book.project(project_id), pack(trace_id), text)
        ).fetchall()
        slots = (self.get(project_id, call_id) for (stored,) in found if (call_id := unpack(stored)))
        return [slot for slot in slots if isinstance(slot, Held)]

    def has_derived(self, project_id: str, call_id: str) -> bool:
        """Tell whether any visible call, but for those of this request, holds `call_id` as its `plain_id`."""
        return (project_id, call_id) in self._derived

    def namesakes(self, project_id: str, trace_id: str, span_id: str) -> list[Held]:
        """Return the calls of spans of this id that live under derived ids."""
        if not (self._derived_here or self.has_derived(project_id, span_id)):
            return []
        self.flush()
        found = self._connection.execute(
            QUERIES["namesakes"], (self._book.project(project_id), pack(span_id), pack(trace_id))
        ).fetchall()
        slots = (self.get(project_id, call_id) for (stored,) in found if (call_id := unpack(stored)))
        return [slot for slot in slots if isinstance(slot, Held)]

    def waiting_logs(self, project_id: str, trace_id: str, span_id: str) -> bytes | None:
        """Return the log records that wait for this span; its id was among the changes."""
        return self._waiting.get((project_id, trace_id, span_id)) if self._waiting else None

    def keep_waiting_logs(self, project_id: str, trace_id: str, span_id: str, logs: bytes | None) -> None:
        """Let these log records wait for their span until `flush`, and then in the tables."""
        key = (project_id, trace_id, span_id)
        self._waiting[key] = self._waiting_changed[key] = logs

    def drop_waiting_logs(self, project_id: str, trace_id: str | None, span_id: str) -> None:
        """Forget the log records that wait for this span; no trace id: for any span of the id."""
        if not (self._book.any_waiting_logs or self._waiting):
            return
        for key in self._waiting:
            if (key[0], key[2]) == (project_id, span_id) and trace_id in {None, key[1]}:
                self._waiting[key] = self._waiting_changed[key] = None
        args = (self._book.project(project_id), pack(span_id), pack(trace_id))
        self._connection.execute(QUERIES["delete_waiting_logs"], args)

    def flush(self) -> None:
        """Write what changed."""
        flush = Flush(self._book, received_at=self._received_at)
        for key, slot in self._changed.items():
            seq = flush.change(self._before[key], slot, self._seqs.get(key))
            if seq is not None:
                self._seqs[key] = seq
        if self._watch:
            self._note_ended(flush, self._watch)
        for span, logs in self._waiting_changed.items():
            flush.wait(*span, logs)
        self._waiting_changed.clear()
        flush.run(self._connection)
        self._before.update(self._changed)
        self._changed.clear()

    def visible(self) -> Iterable[int]:
        """Return the arrival numbers of the visible calls that were looked at."""
        return self._seqs.values()

    def _note_ended(self, flush: Flush, watch: Watch) -> None:
        for key, slot in self._changed.items():
            if watch.sees(key[0]) and isinstance(slot, Held) and newly_ended(self._before[key], slot):
                flush.end(slot)

    def _which(self, query: str, project_id: str, ids: set[str]) -> list[str]:
        text = msgspec.json.encode(list(ids)).decode()
        found: list[Any] = self._connection.execute(
            QUERIES[query], (self._book.project(project_id), text)
        ).fetchall()
        return [row[0] for row in found]

    def _look_up_waiting(self, project_id: str, ids: set[str]) -> None:
        text = msgspec.json.encode(list(ids)).decode()
        found: list[Any] = self._connection.execute(
            QUERIES["waiting_logs"], (self._book.project(project_id), text)
        ).fetchall()
        for trace_id, span_id, frame in found:
            key = (project_id, unpack(trace_id) or "", unpack(span_id) or "")
            self._waiting[key] = rows.unpacked_logs(frame, self._book.codec)

    def _load(self, project_id: str, call_id: str) -> Slot | None:
        number = self._book.project(project_id)
        if row := self._row("load_call", number, call_id):
            self._seqs[project_id, call_id] = row[0]
            return rows.held_call(project_id, call_id, row[1:], self._book.codec)
        if row := self._row("load_pending", number, call_id):
            return rows.held_pending(project_id, call_id, row)
        if row := self._row("load_tombstone", number, call_id):
            return rows.gone_slot(project_id, call_id, row)
        return None

    def _row(self, query: str, project: int, call_id: str) -> tuple[Any, ...] | None:
        row: tuple[Any, ...] | None = self._connection.execute(
            QUERIES[query], (project, pack(call_id))
        ).fetchone()
        return row
