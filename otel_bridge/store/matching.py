"""The reference meaning of a filter (`contract/weave-api.md` §2.2), one call at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from otel_bridge.store.asked import names_and_prefixes, run_ids
from otel_bridge.store.trees import refs

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from otel_bridge.model.query import CallsFilter
    from otel_bridge.store.merge import Held


def matches(call: Held, asked: CallsFilter) -> bool:
    """Tell whether a visible call of the project matches every member of the filter."""
    runs = asked.wb_run_ids and run_ids(call.project_id, asked.wb_run_ids)
    return (
        _is_one_of(call.id, asked.call_ids)
        and _is_one_of(call.trace_id, asked.trace_ids)
        and _is_one_of(call.parent_id, asked.parent_ids)
        and _is_one_of(call.wb_user_id, asked.wb_user_ids)
        and _is_one_of(call.wb_run_id, runs)
        and (asked.thread_ids is None or call.thread_id in asked.thread_ids)
        and (asked.turn_ids is None or call.turn_id in asked.turn_ids)
        and not (asked.trace_roots_only and call.parent_id is not None)
        and _has_name([call.op_name or ""], asked.op_names)
        and (not asked.input_refs or _has_name(refs(call.inputs), asked.input_refs))
        and (not asked.output_refs or _has_name(refs(call.output), asked.output_refs))
    )


def _is_one_of(value: str | None, entries: Sequence[str] | None) -> bool:
    return not entries or value in entries


def _has_name(values: Iterable[str], entries: Sequence[str] | None) -> bool:
    if not entries:
        return True
    exact, prefixes = names_and_prefixes(entries)
    return any(value in exact or value.startswith(tuple(prefixes)) for value in values)
