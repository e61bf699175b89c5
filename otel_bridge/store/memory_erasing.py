"""Erases calls of a store in memory (`store.base.CallWriter.erase`): nothing is left to clean."""

from __future__ import annotations

from typing import TYPE_CHECKING

from otel_bridge.errors import Unavailable
from otel_bridge.model.call import DeletedCalls
from otel_bridge.store.erasure import Erased
from otel_bridge.store.meant import Seen, are_meant, is_meant, scored_call
from otel_bridge.store.merge import Gone, Held

if TYPE_CHECKING:
    from collections.abc import Sequence

    from otel_bridge.model.call import Change
    from otel_bridge.store.base import Applied
    from otel_bridge.store.erasure import EraseCursor, Erasure
    from otel_bridge.store.layers import Layer
    from otel_bridge.store.scoring.watching import Watch


class MemoryErasing:
    """What `MemoryStore` erases with; everything is one step."""

    _open: Layer | None

    def _apply_calls(
        self, open_: Layer, changes: Sequence[Change], received_at: int, watch: Watch | None
    ) -> Applied:
        raise NotImplementedError

    def erase(self, asked: Erasure, _cursor: EraseCursor | None = None) -> Erased:
        """Erase calls inside the open transaction."""
        if self._open is None:
            raise Unavailable("no transaction is open")
        wanted = [held for held in self._open.held() if asked.project_id in {None, held.project_id}]
        meant = [(held.project_id, held.id) for held in wanted if is_meant(asked, _seen(held))]
        if asked.dry_run:
            visible = {(held.project_id, held.id) for held in wanted if held.started_at is not None}
            return Erased(cursor=None, calls=len(visible.intersection(meant)))
        before = _visible(self._open)
        if asked.project_id is not None:
            meant += [(asked.project_id, call_id) for call_id in asked.calls]
        self._delete(self._open, meant)
        runs = [(held.project_id, held.id) for held in wanted if _is_run_of_gone(self._open, held)]
        self._delete(self._open, runs)
        for project_id, trace_id, span_id in self._open.waiting_spans():
            logs = self._open.waiting_logs(project_id, trace_id, span_id)
            if asked.project_id in {None, project_id} and logs and are_meant(asked, logs):
                self._open.keep_waiting_logs(project_id, trace_id, span_id, None)
        return Erased(cursor=None, calls=before - _visible(self._open))

    def _delete(self, open_: Layer, keys: list[tuple[str, str]]) -> None:
        for project_id in {name for name, _ in keys}:
            ids = tuple(call_id for name, call_id in keys if name == project_id)
            self._apply_calls(open_, [DeletedCalls(project_id=project_id, ids=ids)], open_.now, None)


def _visible(layer: Layer) -> int:
    return sum(held.started_at is not None for held in layer.held())


def _is_run_of_gone(open_: Layer, held: Held) -> bool:
    scored = scored_call(held.attributes)
    return scored is not None and isinstance(open_.get(held.project_id, scored), Gone)


def _seen(held: Held) -> Seen:
    return Seen(
        project_id=held.project_id,
        id=held.id,
        wb_user_id=held.wb_user_id,
        thread_id=held.thread_id,
        attributes=held.attributes,
        record=None if held.dump is None else held.dump.data,
        logs=held.logs,
    )
