"""What a query means to every engine: run ids, prefixes, total order (`contract/weave-api.md` §2.2, §2.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from otel_bridge.model.query import SortBy
from otel_bridge.query.fields import QUEUE_ID, field_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from otel_bridge.model.query import CallsQuery

_CONSTANT: Final = frozenset({"project_id", "deleted_at", "expire_at", QUEUE_ID})
"""Columns that are equal in all calls of an answer: sorting by them changes nothing."""


def order(query: CallsQuery) -> tuple[SortBy, ...]:
    """Return the sort keys of a query, with the last key that makes the order total.

    Raise UnknownField for a name that is no field.
    """
    keys: list[SortBy] = []
    for key in query.sort_by or (SortBy("started_at", "asc"),):
        field_of(key.field)
        if key.field not in _CONSTANT and all(key.field != earlier.field for earlier in keys):
            keys.append(key)
        if key.field == "id":
            return tuple(keys)
    follows_time = keys and keys[-1].field == "started_at"
    keys.append(SortBy("id", keys[-1].direction if follows_time else "desc"))
    return tuple(keys)


def names_and_prefixes(entries: Sequence[str]) -> tuple[list[str], list[str]]:
    """Split entries into exact names and, from those that end in `:*`, prefixes."""
    exact = [entry for entry in entries if not entry.endswith(":*")]
    return exact, [entry[:-1] for entry in entries if entry.endswith(":*")]


def run_ids(project_id: str, entries: Sequence[str]) -> list[str]:
    """Return every spelling under which a run of these ids may be stored: with its project, and bare."""
    own = f"{project_id}/"
    bare = [entry.removeprefix(own) for entry in entries if entry.startswith(own) or "/" not in entry]
    return [*dict.fromkeys([*(own + run for run in bare), *bare, *entries])]
