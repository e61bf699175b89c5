"""Takes erased calls out of what records hold; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from otel_bridge.model.call import CompletedCall, DeletedCalls, StartedCall
from otel_bridge.queue.payload import UnreadablePayload, pack_changes, pack_spans, read_changes, read_spans
from otel_bridge.store.meant import Seen, attributes_of, has_wanted, is_meant
from otel_bridge.translate.calls import translate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from otel_bridge.model.call import Change
    from otel_bridge.model.span import Span
    from otel_bridge.queue.base import Record
    from otel_bridge.store.erasure import Erasure


class Without:
    """Knows the ids that were found; asked again about all records, it finds what hangs below them, too."""

    def __init__(self, asked: Erasure) -> None:
        self.asked = asked
        self._ids: set[tuple[str, str]] = set()

    def less(self, record: Record, project_id: str) -> tuple[bytes, int] | None:
        """Return a record's payload without what is erased, and how many calls went; None: none did."""
        if self.asked.project_id not in {None, project_id}:
            return None
        try:
            if record.kind == "spans":
                spans = read_spans(record, project_id)
                left = self.spans(spans)
                return (pack_spans(left), len(spans) - len(left)) if len(left) < len(spans) else None
            changes = read_changes(record.payload)
            rest = self.changes(changes, project_id)
            return (pack_changes(rest), len(changes) - len(rest)) if len(rest) < len(changes) else None
        except UnreadablePayload:
            return None

    def spans(self, spans: Sequence[Span]) -> list[Span]:
        """Return the spans that stay."""
        return [span for span in spans if not self._is_span(span, span.origin.project_id)]

    def changes(self, changes: Sequence[Change], project_id: str | None = None) -> list[Change]:
        """Return the changes that stay; `project_id`: what each of them is about, if not what it says."""
        return [change for change in changes if not self._is_change(change, project_id or _project(change))]

    def _is_span(self, span: Span, project_id: str) -> bool:
        if self.asked.project_id not in {None, project_id}:
            return False
        if self._is_known(project_id, span.id, span.parent_id):
            return True
        call = translate(span)
        start = call.start if isinstance(call, CompletedCall) else call
        if self._is_start(start, project_id) or has_wanted(self.asked, attributes_of(span)):
            self._ids.add((project_id, span.id))
            return True
        return False

    def _is_change(self, change: Change, project_id: str) -> bool:
        if isinstance(change, DeletedCalls) or self.asked.project_id not in {None, project_id}:
            return False
        start = change.start if isinstance(change, CompletedCall) else change
        if isinstance(start, StartedCall):
            return self._is_known(project_id, start.id, start.parent_id) or self._is_start(start, project_id)
        return start.id in self.asked.calls or (project_id, start.id) in self._ids

    def _is_start(self, start: StartedCall, project_id: str) -> bool:
        seen = Seen(
            project_id=project_id,
            id=start.id,
            wb_user_id=start.wb_user_id,
            thread_id=start.thread_id,
            attributes=start.attributes,
            record=start.otel_dump,
            logs=None,
        )
        if not is_meant(self.asked, seen):
            return False
        self._ids.add((project_id, start.id))
        return True

    def _is_known(self, project_id: str, call_id: str, parent_id: str | None) -> bool:
        if (project_id, call_id) in self._ids:
            return True
        if parent_id is None or not ((project_id, parent_id) in self._ids or parent_id in self.asked.calls):
            return False
        self._ids.add((project_id, call_id))
        return True


def _project(change: Change) -> str:
    return change.start.project_id if isinstance(change, CompletedCall) else change.project_id
