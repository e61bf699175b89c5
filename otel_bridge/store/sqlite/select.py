"""The statements that select calls: page by page along an index, window by window, or all at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
from msgspec import Struct

from otel_bridge.model.query import CallsFilter, CallsQuery, Column, Derived, SortBy
from otel_bridge.query.ordering import PlainKey, plain_keys
from otel_bridge.store.asked import names_and_prefixes, order
from otel_bridge.store.sqlite.conditions import is_selective
from otel_bridge.store.sqlite.fragments import Sql, joined
from otel_bridge.store.sqlite.ids import pack, unpack
from otel_bridge.store.sqlite.narrow import Narrowed, is_beyond_sql, joins_for, narrowed
from otel_bridge.store.sqlite.ranking import BODY_COLUMNS, Ranking
from otel_bridge.store.sqlite.readings import reading

if TYPE_CHECKING:
    from collections.abc import Sequence

_WALKS: Final = frozenset((*((SortBy("started_at", way), SortBy("id", way)) for way in ("asc", "desc")),))
_NEVER_NULL: Final = frozenset({"id", "started_at", "trace_id", "op_name"})
_SLOWEST: Final = [(Derived("latency_ms"), True), (Column("id"), True)]
_EMPTY_MATCHES_NOTHING: Final = frozenset({"thread_ids", "turn_ids"})
_WALKED: Final = (frozenset[str](), frozenset({"trace_roots_only"}), frozenset({"op_names"}))
"""Filters for which an index by time holds nothing but the calls that are meant."""


class Stretch(Struct, frozen=True):
    """Calls by their sequence numbers: above `low`, up to `high`."""

    low: int
    high: int


class Place(Struct, frozen=True, array_like=True):
    """Where a walk goes on: behind the call (`started_at`, `id`), among the arrivals up to `watermark`.

    `skip` calls are still to be passed over, `left` may still be answered (None: any number).
    """

    watermark: int
    started_at: int | None
    id: str
    left: int | None
    skip: int


class Search(Struct, frozen=True):
    """A query that is ready to be run. `order_by` None: the calls are put in order by the reference."""

    query: CallsQuery
    project: int
    narrowed: Narrowed
    keys: tuple[PlainKey, ...]
    order_by: Sql | None
    is_walk: bool

    @property
    def is_heavy(self) -> bool:
        """Whether more than narrow rows is read to decide which calls are meant, and in which order."""
        named = (self.narrowed.where,) if self.order_by is None else (self.narrowed.where, self.order_by)
        return self.narrowed.residual is not None or bool(joins_for(*named))

    @property
    def is_direct(self) -> bool:
        """Whether the index of a walk holds nothing but the calls that are meant, or few others."""
        if self.narrowed.is_rare and not self.is_heavy:
            return True
        return self.query.query is None and _filtered_by(self.query.filter) in _WALKED

    @property
    def is_selective(self) -> bool:
        """Whether an index finds the calls of the filter, few in most cases."""
        return is_selective(self.query.filter)


def search(query: CallsQuery, project: int) -> Search:
    """Compile a query; raise UnknownField for a sort key that is no field."""
    keys = order(query)
    walk = _is_walk(query, keys)
    plain = plain_keys(keys)
    by_reference = any(is_beyond_sql(key.field, query) for key in plain)
    order_by = None if by_reference else _order_by(plain, indexed=walk or _is_slowest(query, plain))
    return Search(query, project, narrowed(query, project), tuple(plain), order_by, walk)


def _filtered_by(asked: CallsFilter) -> frozenset[str]:
    """Return the members that leave anything out."""
    return frozenset(
        name
        for name in asked.__struct_fields__
        if getattr(asked, name) or (name in _EMPTY_MATCHES_NOTHING and getattr(asked, name) is not None)
    )


def _is_slowest(query: CallsQuery, keys: Sequence[PlainKey]) -> bool:
    """Tell whether these are the slowest roots, which an index holds in this order."""
    roots = query.query is None and _filtered_by(query.filter) == {"trace_roots_only"}
    return roots and [(key.field, key.descending) for key in keys] == _SLOWEST


def _is_walk(query: CallsQuery, keys: tuple[SortBy, ...]) -> bool:
    """Tell whether an index holds the calls of this query in the order asked for."""
    exact, prefixes = names_and_prefixes(query.filter.op_names or ())
    ordered = not prefixes and len(exact) <= 1
    return ordered and keys in _WALKS and not is_selective(query.filter)


def all_at_once(asked: Search, *, limit: int | None, offset: int, within: Stretch | None = None) -> Sql:
    """Select sequence numbers, in order unless that is left to the reference."""
    pieces = [_where("c.seq", asked, within)]
    if asked.order_by is not None:
        pieces.append(asked.order_by)
    return joined(" ", [*pieces, Sql("LIMIT ? OFFSET ?", (-1 if limit is None else limit, offset))])


def ranked(asked: Search, within: Stretch, *, limit: int | None) -> Sql:
    """Select (seq, value of each key) in order."""
    ranking = Ranking(asked.keys)
    looked_up = ranking.looked_up()
    found = _where(looked_up.text, asked, within)
    return ranking.around(Sql(found.text, (*looked_up.args, *found.args)), limit)


def window_end(asked: Search, place: Place, calls: int) -> Sql:
    """Select the (started_at, id) of the call that many calls behind `place`, whatever it is like."""
    roots = " AND c.parent_id IS NULL" if asked.query.filter.trace_roots_only else ""
    pieces = [
        Sql(f"SELECT c.started_at, c.id FROM calls AS c WHERE c.project = ?{roots}", (asked.project,)),  # noqa: S608
        *_behind(asked, place),
        _in_order(asked),
        Sql("LIMIT 1 OFFSET ?", (calls - 1,)),
    ]
    return joined(" ", pieces)


def part(
    asked: Search,
    place: Place,
    *,
    end: tuple[int, str | bytes] | None = None,
    limit: int = -1,
    offset: int = 0,
) -> Sql:
    """Select calls of a walk behind `place` and up to `end`: (seq, started_at, id)."""
    pieces = [_where("c.seq, c.started_at, c.id", asked), *_behind(asked, place)]
    if end is not None:
        sign = "<=" if _ascends(asked) else ">="
        pieces.append(Sql(f"AND (c.started_at, c.id) {sign} (?, ?)", end))
    pieces += [
        Sql("AND c.seq <= ?", (place.watermark,)),
        _in_order(asked),
        Sql("LIMIT ? OFFSET ?", (limit, offset)),
    ]
    return joined(" ", pieces)


def counted(asked: Search, *, limit: int | None, within: Stretch | None = None) -> Sql:
    """Count the calls that SQL selects, up to a limit."""
    inner = _where("1", asked, within, ordered=False)
    if limit is None:
        return Sql(inner.text.replace("SELECT 1", "SELECT count(*)", 1), inner.args)
    return Sql(f"SELECT count(*) FROM ({inner.text} LIMIT ?)", (*inner.args, limit))  # noqa: S608


def packed(place: Place) -> bytes:
    """Write down where a walk goes on."""
    return msgspec.msgpack.encode(place)


def place_of(after: bytes) -> Place:
    """Read where a walk goes on."""
    return msgspec.msgpack.decode(after, type=Place)


def behind(place: Place, row: tuple[int, str | bytes], *, left: int | None, skip: int) -> Place:
    """Return the place behind a call, of which `row` is (started_at, id)."""
    return Place(place.watermark, row[0], unpack(row[1]) or "", left, skip)


def _where(selected: str, asked: Search, within: Stretch | None = None, *, ordered: bool = True) -> Sql:
    where = asked.narrowed.where
    named = (where, asked.order_by) if ordered and asked.order_by is not None else (where,)
    source = f"{selected} FROM calls AS c {_hint(asked, within)} {joins_for(*named)}"
    if within is None:
        return Sql(f"SELECT {source} WHERE {where.text}", where.args)
    text = f"SELECT {source} WHERE c.seq > ? AND c.seq <= ? AND {where.text}"
    return Sql(text, (within.low, within.high, *where.args))


def _hint(asked: Search, within: Stretch | None) -> str:
    """Keep SQLite from an index in whose order it would meet the bodies of a stretch all over the file."""
    return "NOT INDEXED" if within is not None and not asked.is_selective else ""


def _ascends(asked: Search) -> bool:
    return not asked.keys[0].descending


def _behind(asked: Search, place: Place) -> list[Sql]:
    if place.started_at is None:
        return []
    sign = ">" if _ascends(asked) else "<"
    return [Sql(f"AND (c.started_at, c.id) {sign} (?, ?)", (place.started_at, pack(place.id)))]


def _in_order(asked: Search) -> Sql:
    assert asked.order_by is not None  # a walk has columns as its keys
    return asked.order_by


def _order_by(keys: Sequence[PlainKey], *, indexed: bool) -> Sql | None:
    """Order by `keys`; `indexed` lets an index give the order, else the calls found are sorted."""
    terms = [_term(key, indexed=indexed) for key in keys]
    known = [term for term in terms if term is not None]
    if len(known) < len(terms):
        return None
    by = joined(", ", known)
    return Sql(f"ORDER BY {by.text}", by.args)


def _term(key: PlainKey, *, indexed: bool) -> Sql | None:
    way = "DESC" if key.descending else "ASC"
    if isinstance(key.field, Column):
        name = key.field.name
        plus = "" if indexed else "+"
        nulls = "" if name in _NEVER_NULL else " NULLS LAST"
        return Sql(f"{plus}{'b' if name in BODY_COLUMNS else 'c'}.{name} {way}{nulls}")
    read = reading(key.field, key.kind)
    return None if read is None else Sql(f"{read.text} {way} NULLS LAST", read.args)
