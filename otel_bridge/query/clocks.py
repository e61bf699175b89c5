"""Own fields of calls about the clocks of their senders, and what they come to where all clocks are right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct
from msgspec.structs import replace

from otel_bridge.model.query import Column, SortBy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from otel_bridge.model.query import CallsQuery

_PLACES: Final = frozenset({"listed_at", "happened_at"})
"""Fields that are the start of a call, but for calls whose start is far from their arrival."""


def asks_for_places(query: CallsQuery) -> bool:
    """Tell whether a query sorts or filters by where calls are listed or counted."""
    sorts = any(key.field in _PLACES for key in query.sort_by or ())
    return sorts or (query.query is not None and _by_start(query.query) != query.query)


def by_start(query: CallsQuery) -> CallsQuery:
    """Select the same of calls that are all listed and counted at their start."""
    return replace(query, query=_by_start(query.query))


def sorted_by_start(keys: Sequence[SortBy]) -> tuple[SortBy, ...]:
    """Put calls that are all listed and counted at their start in the same order; the last key is the id."""
    named: dict[str, SortBy] = {}
    for key in keys:
        field = _named(key.field)
        named.setdefault(field, SortBy(field, key.direction))
    return tuple(named.values())


def _by_start(node: Any) -> Any:
    match node:
        case Column(name=name):
            return Column(_named(name))
        case tuple():
            return tuple(map(_by_start, node))
        case Struct():
            members = {name: _by_start(getattr(node, name)) for name in node.__struct_fields__}
            return type(node)(**members)
        case _:
            return node


def _named(field: str) -> str:
    return "started_at" if field in _PLACES else field
