"""Erases calls of a store in memory (`store.base.CallWriter.erase`): nothing is left to clean."""

from __future__ import annotations

from typing import TYPE_CHECKING

from otel_bridge.model.call import DeletedCalls
from otel_bridge.store.erasure import Erased
from otel_bridge.store.meant import Seen, are_meant, is_meant, scored_call
from otel_bridge.store.merge import Gone, Held

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from otel_bridge.store.erasure import Erasure
    from otel_bridge.store.layers import Key, Layer


def erase(open_: Layer, asked: Erasure, delete: Callable[[DeletedCalls], object]) -> Erased:
    """Erase calls of the open transaction, all in one step; `delete` deletes calls there as the API does."""
    wanted = [held for held in open_.held() if asked.project_id in {None, held.project_id}]
    meant = [(held.project_id, held.id) for held in wanted if is_meant(asked, _seen(held))]
    if asked.dry_run:
        visible = {(held.project_id, held.id) for held in wanted if held.started_at is not None}
        return Erased(cursor=None, calls=len(visible.intersection(meant)))
    before = _visible(open_)
    if asked.project_id is not None:
        meant += [(asked.project_id, call_id) for call_id in asked.calls]
    for deletion in _deletions(meant):
        delete(deletion)
    for deletion in _deletions(
        [(held.project_id, held.id) for held in wanted if _is_run_of_gone(open_, held)]
    ):
        delete(deletion)
    for project_id, trace_id, span_id in open_.waiting_spans():
        logs = open_.waiting_logs(project_id, trace_id, span_id)
        if asked.project_id in {None, project_id} and logs and are_meant(asked, logs):
            open_.keep_waiting_logs(project_id, trace_id, span_id, None)
    return Erased(cursor=None, calls=before - _visible(open_))


def _deletions(keys: list[Key]) -> Iterator[DeletedCalls]:
    for project_id in {name for name, _ in keys}:
        ids = tuple(call_id for name, call_id in keys if name == project_id)
        yield DeletedCalls(project_id=project_id, ids=ids)


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
