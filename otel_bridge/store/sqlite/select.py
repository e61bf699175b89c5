"""The statements that select calls: page by page along an index, window by window, or all at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
from msgspec import Struct

from otel_bridge.model.query import CallsQuery, Column, SortBy
from otel_bridge.query.ordering import PlainKey, plain_keys
from otel_bridge.store.asked import names_and_prefixes, order
from otel_bridge.store.sqlite.conditions import is_selective
from otel_bridge.store.sqlite.fragments import Sql, joined
from otel_bridge.store.sqlite.ids import pack, unpack
from otel_bridge.store.sqlite.narrow import Narrowed, is_beyond_sql, joins_for, narrowed
from otel_bridge.store.sqlite.readings import reading

if TYPE_CHECKING:
    from collections.abc import Sequence

_WALKS: Final = frozenset((*((SortBy("started_at", way), SortBy("id", way)) for way in ("asc", "desc")),))
_BODY_COLUMNS: Final = frozenset({"exception"})
_NEVER_NULL: Final = frozenset({"id", "started_at", "trace_id", "op_name"})


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
        """Whether more than the narrow rows of calls is read to decide which are meant."""
        return self.narrowed.residual is not None or bool(joins_for(self.narrowed.where))


def search(query: CallsQuery, project: int) -> Search:
    """Compile a query; raise UnknownField for a sort key that is no field."""
    keys = order(query)
    walk = _is_walk(query, keys)
    plain = plain_keys(keys)
    by_reference = any(is_beyond_sql(key.field, query) for key in plain)
    order_by = None if by_reference else _order_by(plain, walk=walk)
    return Search(query, project, narrowed(query, project), tuple(plain), order_by, walk)


def _is_walk(query: CallsQuery, keys: tuple[SortBy, ...]) -> bool:
    """Tell whether an index holds the calls of this query in the order asked for."""
    exact, prefixes = names_and_prefixes(query.filter.op_names or ())
    ordered = not prefixes and len(exact) <= 1
    return ordered and keys in _WALKS and not is_selective(query.filter)


def all_at_once(asked: Search, *, limit: int | None, offset: int) -> Sql:
    """Select sequence numbers, in order unless that is left to the reference."""
    pieces = [_where("c.seq", asked)]
    if asked.order_by is not None:
        pieces.append(asked.order_by)
    return joined(" ", [*pieces, Sql("LIMIT ? OFFSET ?", (-1 if limit is None else limit, offset))])


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


def counted(asked: Search, *, limit: int | None) -> Sql:
    """Count the calls that SQL selects, up to a limit."""
    inner = _where("1", asked)
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


def _where(selected: str, asked: Search) -> Sql:
    where = asked.narrowed.where
    named = (where,) if asked.order_by is None else (where, asked.order_by)
    text = f"SELECT {selected} FROM calls AS c {joins_for(*named)} WHERE {where.text}"  # noqa: S608
    return Sql(text, where.args)


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


def _order_by(keys: Sequence[PlainKey], *, walk: bool) -> Sql | None:
    """Order by `keys`; `walk` lets an index give the order, else the calls found are sorted."""
    terms = [_term(key, walk=walk) for key in keys]
    known = [term for term in terms if term is not None]
    if len(known) < len(terms):
        return None
    by = joined(", ", known)
    return Sql(f"ORDER BY {by.text}", by.args)


def _term(key: PlainKey, *, walk: bool) -> Sql | None:
    way = "DESC" if key.descending else "ASC"
    if isinstance(key.field, Column):
        name = key.field.name
        plus = "" if walk else "+"
        nulls = "" if name in _NEVER_NULL else " NULLS LAST"
        return Sql(f"{plus}{'b' if name in _BODY_COLUMNS else 'c'}.{name} {way}{nulls}")
    read = reading(key.field, key.kind)
    return None if read is None else Sql(f"{read.text} {way} NULLS LAST", read.args)
