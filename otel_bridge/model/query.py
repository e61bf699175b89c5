"""What one may ask of stored calls (`contract/weave-api.md` §2)."""

from __future__ import annotations

from typing import Final, Literal

from msgspec import Struct

COLUMNS: Final = (
    "id", "project_id", "op_name", "display_name", "trace_id", "parent_id", "thread_id", "turn_id",
    "started_at", "attributes", "inputs", "ended_at", "exception", "output", "summary", "wb_user_id",
    "wb_run_id", "wb_run_step", "wb_run_step_end", "deleted_at", "expire_at", "storage_size_bytes",
    "total_storage_size_bytes",
)  # fmt: skip
"""The members of a line of `/calls/stream_query`, in their order (§2.6)."""

ALWAYS_COLUMNS: Final = frozenset({"id", "project_id", "trace_id", "op_name", "started_at"})
"""Members that every answer carries, asked for or not (§2.5)."""

SORTABLE: Final = frozenset(COLUMNS) - {
    "attributes", "inputs", "output", "summary", "storage_size_bytes", "total_storage_size_bytes",
}  # fmt: skip
"""Columns one may sort by; members that hold a tree are sorted by path, which is another matter."""


class CallsFilter(Struct, frozen=True, kw_only=True):
    """All members are AND-ed, the entries of a list OR-ed (§2.2). None means "no filter".

    An empty list means "no filter" too, except in `thread_ids` and `turn_ids`, where it matches nothing.
    An entry of `op_names`, `input_refs` and `output_refs` that ends in `:*` is a prefix.
    """

    op_names: tuple[str, ...] | None = None
    input_refs: tuple[str, ...] | None = None
    output_refs: tuple[str, ...] | None = None
    parent_ids: tuple[str, ...] | None = None
    trace_ids: tuple[str, ...] | None = None
    call_ids: tuple[str, ...] | None = None
    thread_ids: tuple[str, ...] | None = None
    turn_ids: tuple[str, ...] | None = None
    wb_user_ids: tuple[str, ...] | None = None
    wb_run_ids: tuple[str, ...] | None = None
    trace_roots_only: bool | None = None


class SortBy(Struct, frozen=True):
    """One sort key: a name of `SORTABLE`; nulls come last in both directions (§2.4)."""

    field: str
    direction: Literal["asc", "desc"]


class CallsQuery(Struct, frozen=True, kw_only=True):
    """Which calls, in which order, and which of their members.

    `sort_by` None is `started_at asc, id asc`; a last key makes every order total (§2.4): `id` in the
    direction of `started_at` when that is the last key, else `id desc`.
    `columns` None is all of them.
    """

    project_id: str
    filter: CallsFilter = CallsFilter()
    sort_by: tuple[SortBy, ...] | None = None
    limit: int | None = None
    offset: int = 0
    columns: tuple[str, ...] | None = None
