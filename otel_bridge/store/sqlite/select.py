"""The statements that select calls: page by page along an index, window by window, or all at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import Struct
from msgspec.structs import replace

from otel_bridge.model.query import OWN_COLUMNS, CallsFilter, CallsQuery, Column, Derived, SortBy
from otel_bridge.query.clocks import by_start, sorted_by_start
from otel_bridge.query.ordering import PlainKey, plain_keys
from otel_bridge.store.asked import names_and_prefixes, order
from otel_bridge.store.sqlite.conditions import is_selective
from otel_bridge.store.sqlite.fragments import Sql, joined
from otel_bridge.store.sqlite.narrow import Narrowed, is_beyond_sql, joins_for, narrowed
from otel_bridge.store.sqlite.ranking import BODY_COLUMNS, Ranking
from otel_bridge.store.sqlite.readings import MISPLACED, PLACED, plain_column, reading

if TYPE_CHECKING:
    from collections.abc import Sequence

_WALKS: Final = frozenset((*((SortBy("started_at", way), SortBy("id", way)) for way in ("asc", "desc")),))
_LISTED: Final = frozenset(
    (*((SortBy("listed_at", way), SortBy("started_at", way), SortBy("id", way)) for way in ("asc", "desc")),)
)
"""Walks along two indexes at once, while some calls are listed where they arrived."""
_NEVER_NULL: Final = frozenset({"id", "started_at", "trace_id", "op_name", *OWN_COLUMNS})
_SLOWEST: Final = [(Derived("latency_ms"), True), (Column("id"), True)]
_EMPTY_MATCHES_NOTHING: Final = frozenset({"thread_ids", "turn_ids"})
_WALKED: Final = (frozenset[str](), frozenset({"trace_roots_only"}), frozenset({"op_names"}))
"""Filters for which an index by time holds nothing but the calls that are meant."""


class Stretch(Struct, frozen=True):
    """Calls by their sequence numbers: above `low`, up to `high`."""

    low: int
    high: int


class Search(Struct, frozen=True):
    """A query that is ready to be run. `order_by` None: the calls are put in order by the reference.

    `apart`: what selects the calls that are listed at their start, and those that are listed where they
    arrived, if that is to be looked up in two indexes.
    """

    query: CallsQuery
    project: int
    narrowed: Narrowed
    keys: tuple[PlainKey, ...]
    order_by: Sql | None
    is_walk: bool
    apart: tuple[Narrowed, Narrowed] | None = None

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


def search(query: CallsQuery, project: int, *, any_misplaced: bool = False, counting: bool = False) -> Search:
    """Compile a query; raise UnknownField for a sort key that is no field.

    `any_misplaced`: the project has calls that are listed where they arrived. `counting`: in any order.
    """
    keys = order(query)
    if not any_misplaced:
        query, keys = by_start(query), sorted_by_start(keys)
    walk = _is_walk(query, keys)
    apart = _apart(query, project) if any_misplaced and (counting or (walk and keys in _LISTED)) else None
    plain = plain_keys(keys)
    by_reference = any(is_beyond_sql(key.field, query) for key in plain)
    order_by = None if by_reference else _order_by(plain, indexed=walk or _is_slowest(query, plain))
    return Search(query, project, narrowed(query, project), tuple(plain), order_by, walk, apart)


def _apart(query: CallsQuery, project: int) -> tuple[Narrowed, Narrowed]:
    placed, misplaced = narrowed(by_start(query), project), narrowed(query, project)
    return _also(placed, PLACED), _also(misplaced, MISPLACED)


def _also(found: Narrowed, condition: str) -> Narrowed:
    return replace(found, where=Sql(f"{found.where.text} AND {condition}", found.where.args))


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
    return ordered and keys in _WALKS | _LISTED and not is_selective(query.filter)


def all_at_once(asked: Search, *, limit: int | None, offset: int, within: Stretch | None = None) -> Sql:
    """Select sequence numbers, in order unless that is left to the reference."""
    pieces = [selecting("c.seq", asked, within)]
    if asked.order_by is not None:
        pieces.append(asked.order_by)
    return joined(" ", [*pieces, Sql("LIMIT ? OFFSET ?", (-1 if limit is None else limit, offset))])


def ranked(asked: Search, within: Stretch, *, limit: int | None) -> Sql:
    """Select (seq, value of each key) in order."""
    ranking = Ranking(asked.keys)
    looked_up = ranking.looked_up()
    found = selecting(looked_up.text, asked, within)
    return ranking.around(Sql(found.text, (*looked_up.args, *found.args)), limit)


def counted(asked: Search, *, limit: int | None, within: Stretch | None = None) -> Sql:
    """Count the calls that SQL selects, up to a limit."""
    if within is None and asked.apart is not None:
        selects = [selecting("1", asked, ordered=False, narrowed=some) for some in asked.apart]
        inner = joined(" UNION ALL ", selects)
        limit = -1 if limit is None else limit
    else:
        inner = selecting("1", asked, within, ordered=False)
    if limit is None:
        return Sql(inner.text.replace("SELECT 1", "SELECT count(*)", 1), inner.args)
    return Sql(f"SELECT count(*) FROM ({inner.text} LIMIT ?)", (*inner.args, limit))  # noqa: S608


def selecting(
    selected: str,
    asked: Search,
    within: Stretch | None = None,
    *,
    ordered: bool = True,
    narrowed: Narrowed | None = None,
) -> Sql:
    """Select from the calls of a query, or from those that `narrowed` selects in its place."""
    where = (narrowed or asked.narrowed).where
    named = (where, asked.order_by) if ordered and asked.order_by is not None else (where,)
    source = f"{selected} FROM calls AS c {_hint(asked, within)} {joins_for(*named)}"
    if within is None:
        return Sql(f"SELECT {source} WHERE {where.text}", where.args)
    text = f"SELECT {source} WHERE c.seq > ? AND c.seq <= ? AND {where.text}"
    return Sql(text, (within.low, within.high, *where.args))


def _hint(asked: Search, within: Stretch | None) -> str:
    """Keep SQLite from an index in whose order it would meet the bodies of a stretch all over the file."""
    return "NOT INDEXED" if within is not None and not asked.is_selective else ""


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
        return Sql(f"{plus}{f'b.{name}' if name in BODY_COLUMNS else plain_column(name)} {way}{nulls}")
    read = reading(key.field, key.kind)
    return None if read is None else Sql(f"{read.text} {way} NULLS LAST", read.args)
