"""Chooses how to walk through the calls of a query: page by page along an index, or all at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
from msgspec import Struct

from otel_bridge.errors import NotBuilt
from otel_bridge.model.query import SORTABLE, SortBy
from otel_bridge.store.asked import names_and_prefixes, order
from otel_bridge.store.sqlite.conditions import conditions, is_selective
from otel_bridge.store.sqlite.fragments import Sql, joined
from otel_bridge.store.sqlite.ids import pack, unpack

if TYPE_CHECKING:
    from collections.abc import Sequence

    from otel_bridge.model.query import CallsQuery

PART_CALLS: Final = 500
"""Calls in one part of a plan that is walked along an index."""

_WALKS: Final = frozenset((*((SortBy("started_at", way), SortBy("id", way)) for way in ("asc", "desc")),))
_BODY_COLUMNS: Final = frozenset({"exception"})


class Place(Struct, frozen=True, array_like=True):
    """Where a walk goes on: behind the call (`started_at`, `id`), among the arrivals up to `watermark`."""

    watermark: int
    started_at: int
    id: str
    left: int | None


def is_walk(query: CallsQuery) -> bool:
    """Tell whether an index holds the calls of this query in the order asked for."""
    exact, prefixes = names_and_prefixes(query.filter.op_names or ())
    ordered = not prefixes and len(exact) <= 1
    return ordered and order(query) in _WALKS and not is_selective(query.filter)


def all_at_once(query: CallsQuery, project: int) -> Sql:
    """Select every sequence number of a query."""
    pieces = [_where("SELECT c.seq FROM calls AS c", query, project), _order_by(order(query), walk=False)]
    return joined(" ", [*pieces, Sql("LIMIT ? OFFSET ?", (_limit(query.limit), query.offset))])


def first_part(query: CallsQuery, project: int) -> Sql:
    """Select the first part of a walk, and one call more: (seq, started_at, id)."""
    pieces = [
        _where("SELECT c.seq, c.started_at, c.id FROM calls AS c", query, project),
        _order_by(order(query)),
    ]
    return joined(" ", [*pieces, Sql("LIMIT ? OFFSET ?", (_part(query.limit) + 1, query.offset))])


def next_part(query: CallsQuery, project: int, place: Place) -> Sql:
    """Select the part behind `place`, and one call more."""
    sign = ">" if order(query)[0].direction == "asc" else "<"
    pieces = [
        _where("SELECT c.seq, c.started_at, c.id FROM calls AS c", query, project),
        Sql(f"AND (c.started_at, c.id) {sign} (?, ?)", (place.started_at, pack(place.id))),
        Sql("AND c.seq <= ?", (place.watermark,)),
        _order_by(order(query)),
        Sql("LIMIT ?", (_part(place.left) + 1,)),
    ]
    return joined(" ", pieces)


def counted(query: CallsQuery, project: int) -> Sql:
    """Count the calls of a query, up to its limit."""
    inner = _where("SELECT 1 FROM calls AS c", query, project)
    if query.limit is None:
        return Sql(inner.text.replace("SELECT 1", "SELECT count(*)", 1), inner.args)
    return Sql(f"SELECT count(*) FROM ({inner.text} LIMIT ?)", (*inner.args, query.limit))  # noqa: S608


def cut(
    found: Sequence[tuple[int, int, str | bytes]], limit: int | None, watermark: int
) -> tuple[tuple[int, ...], bytes | None]:
    """Cut what a part's statement found into the part and the place to go on, None at the end."""
    part = found[: _part(limit)]
    left = None if limit is None else limit - len(part)
    seqs = tuple(row[0] for row in part)
    if len(found) == len(part) or left == 0:
        return seqs, None
    _, started_at, stored = part[-1]
    return seqs, msgspec.msgpack.encode(Place(watermark, started_at, unpack(stored) or "", left))


def place_of(after: bytes) -> Place:
    """Read where a walk goes on."""
    return msgspec.msgpack.decode(after, type=Place)


def _where(select: str, query: CallsQuery, project: int) -> Sql:
    joins = ""
    if any(key.field in _BODY_COLUMNS for key in order(query)):
        joins = " JOIN bodies AS b ON b.seq = c.seq"
    if query.query is not None:
        raise NotBuilt("query is not offered yet; ask without it")
    where = conditions(query, project)
    return Sql(f"{select}{joins} WHERE {where.text}", where.args)


def _order_by(keys: Sequence[SortBy], *, walk: bool = True) -> Sql:
    """Order by `keys`; `walk` lets an index give the order, else the calls found are sorted."""
    plus = "" if walk else "+"
    terms = [f"{plus}{_column(key.field)} {key.direction.upper()}{_nulls(key.field)}" for key in keys]
    return Sql("ORDER BY " + ", ".join(terms))


def _column(field: str) -> str:
    """Name a column; `field` is one of `SORTABLE`, which `asked.order` made sure of."""
    if field not in SORTABLE:
        raise NotBuilt(f"sorting by {field} is not offered yet; ask without it")
    return f"b.{field}" if field in _BODY_COLUMNS else f"c.{field}"


def _nulls(field: str) -> str:
    return "" if field in {"id", "started_at", "trace_id", "op_name"} else " NULLS LAST"


def _part(left: int | None) -> int:
    return PART_CALLS if left is None else min(left, PART_CALLS)


def _limit(limit: int | None) -> int:
    return -1 if limit is None else limit
