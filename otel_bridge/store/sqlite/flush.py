"""What becomes of changed slots, collected and written with one call of `executemany` a statement."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from otel_bridge.store.merge import Gone, Held, Slot, is_same_start
from otel_bridge.store.scoring.base import CALL_IS_GONE
from otel_bridge.store.sqlite import rows
from otel_bridge.store.sqlite.ids import pack
from otel_bridge.store.sqlite.queries import ANNEX, QUERIES, SCORING
from otel_bridge.store.trees import Flag, refs

if TYPE_CHECKING:
    import apsw

    from otel_bridge.store.sqlite.book import Book
    from otel_bridge.store.sqlite.rows import Row

_IN_ORDER: Final = (
    "delete_usages", "delete_call", "delete_body", "delete_result", "delete_refs", "delete_pending",
    "delete_waiting_logs", "put_tombstone",
    "end_call", "end_body", "end_result", "replace_call", "put_pending", "put_waiting_logs",
    "redo_call", "redo_body", "redo_result", "stamp_result",
    "insert_call", "insert_body", "insert_result", "insert_ref", "insert_usage", "drop_feedback_of",
    "drop_done_tasks_of", "fail_open_tasks_of", "drop_ended", "put_ended",
)  # fmt: skip
"""What makes room comes first."""
_STATEMENTS: Final = {**ANNEX, **SCORING, **QUERIES}


def _counted(call: Held) -> tuple[object, ...]:
    """Return what decides where and how much usage counts."""
    return call.started_at, call.summary, rows.call_flags(call) // Flag.SAMPLED


class Flush:
    """The statements of one flush."""

    def __init__(self, book: Book, *, received_at: int) -> None:
        self._book = book
        self._received_at = received_at
        self._work: defaultdict[str, list[Row]] = defaultdict(list)

    def change(self, before: Slot | None, now: Slot, seq: int | None) -> int | None:
        """Take one changed slot; `seq` numbers the call that it was, the answer the call that it is."""
        project = self._book.project(now.project_id)
        if isinstance(now, Gone):
            self._delete(before, seq, project)
            self._do("put_tombstone", rows.tombstone_row(now, project=project))
            self._do("drop_feedback_of", (project, pack(now.id)))
            if self._book.any_scoring:
                self._forget_tasks(project, pack(now.id))
            return None
        if now.started_at is None:
            self._do("put_pending", rows.pending_row(now, project=project, received_at=self._received_at))
            return None
        if seq is not None and isinstance(before, Held) and before.started_at == now.started_at:
            self._update(before, now, seq, project)
            return seq
        if before is not None:
            self._delete(before, seq, project)
        return self._insert(now, project)

    def redo(self, before: Held, now: Held, seq: int, received_at: int) -> None:
        """Take a call that arrived then and was translated again: it and its span stay where they are."""
        translator = self._book.translator
        if before == now:
            self._do("stamp_result", (seq, translator))
            return
        project = self._book.project(now.project_id)
        self._do("redo_call", rows.redone_call_row(now, seq=seq, received_at=received_at))
        self._do("redo_body", (seq, now.inputs, now.attributes, now.summary, now.exception, now.ranks))
        self._do("redo_result", (seq, now.output, translator))
        if (refs(before.inputs), refs(before.output)) != (refs(now.inputs), refs(now.output)):
            self._do("delete_refs", (seq,))
            self._work["insert_ref"].extend(rows.ref_rows(now, seq=seq, project=project))
        if _counted(before) != _counted(now):
            self._do("delete_usages", (seq,))
            self._insert_usages(now, seq, project)

    def wait(self, project_id: str, trace_id: str, span_id: str, logs: bytes | None) -> None:
        """Take log records that wait for their span, or (None) no longer do."""
        span = (self._book.project(project_id), pack(span_id), pack(trace_id))
        if logs is None:
            self._do("delete_waiting_logs", span)
            return
        self._do("put_waiting_logs", (*span, self._received_at, self._book.codec.pack(logs)))
        self._book.any_waiting_logs = True

    def end(self, now: Held) -> None:
        """Take a call that has ended in a project that is watched."""
        call = (self._book.project(now.project_id), pack(now.id))
        self._do("put_ended", (*call, self._received_at, now.ended_at))
        self._book.any_scoring = self._book.backlog_changed = True

    def run(self, connection: apsw.Connection) -> None:
        """Execute what was collected."""
        for name in _IN_ORDER:
            if name in self._work:
                connection.executemany(_STATEMENTS[name], self._work[name])
        if "delete_call" in self._work:
            self._book.keep_next_seq()

    def _forget_tasks(self, project: int, call_id: str | bytes) -> None:
        self._do("drop_done_tasks_of", (project, call_id))
        self._do("fail_open_tasks_of", (project, call_id, CALL_IS_GONE, self._received_at))
        self._do("drop_ended", (project, call_id))
        self._book.backlog_changed = True

    def _do(self, name: str, row: Row) -> None:
        self._work[name].append(row)

    def _insert(self, now: Held, project: int) -> int:
        seq = self._book.new_seq()
        self._do("insert_call", rows.call_row(now, seq=seq, project=project, received_at=self._received_at))
        self._insert_body(now, seq, project)
        if now.plain_id is not None:
            self._book.any_derived = True
        return seq

    def _insert_body(self, now: Held, seq: int, project: int) -> None:
        book = self._book
        self._do("insert_body", rows.body_row(now, seq=seq))
        result = rows.result_row(now, seq=seq, codec=book.codec, translator=book.translator)
        self._do("insert_result", result)
        if found := rows.ref_rows(now, seq=seq, project=project):
            self._work["insert_ref"].extend(found)
        self._insert_usages(now, seq, project)

    def _insert_usages(self, now: Held, seq: int, project: int) -> None:
        if found := rows.usage_rows(now, seq=seq, project=project):
            self._work["insert_usage"].extend(found)

    def _update(self, before: Held, now: Held, seq: int, project: int) -> None:
        if not is_same_start(before, now):
            row = rows.call_row(now, seq=seq, project=project, received_at=self._received_at)
            self._do("replace_call", row[:-1])
            self._delete_body(seq)
            self._insert_body(now, seq, project)
            return
        flags = rows.call_flags(now)
        self._do("end_call", (seq, now.ended_at, now.wb_run_step_end, now.display_name, flags))
        self._do("end_body", (seq, now.summary, now.exception, now.ranks))
        self._do("end_result", (seq, now.output))
        if refs(before.output) != refs(now.output):
            self._do("delete_refs", (seq,))
            self._work["insert_ref"].extend(rows.ref_rows(now, seq=seq, project=project))
        if before.summary != now.summary:
            self._do("delete_usages", (seq,))
            self._insert_usages(now, seq, project)

    def _delete(self, before: Slot | None, seq: int | None, project: int) -> None:
        if seq is not None and isinstance(before, Held):
            self._do("delete_call", (seq,))
            self._delete_body(seq)
        elif isinstance(before, Held):
            self._do("delete_pending", (project, pack(before.id)))

    def _delete_body(self, seq: int) -> None:
        for statement in ("delete_usages", "delete_body", "delete_result", "delete_refs"):
            self._do(statement, (seq,))
