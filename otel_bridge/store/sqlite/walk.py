"""The statements of a walk along an index by time, or along two where some calls are listed elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from otel_bridge.store.sqlite.fragments import Sql, joined
from otel_bridge.store.sqlite.ids import pack, unpack
from otel_bridge.store.sqlite.readings import MISPLACED, PLACED
from otel_bridge.store.sqlite.select import selecting

if TYPE_CHECKING:
    from otel_bridge.store.sqlite.narrow import Narrowed
    from otel_bridge.store.sqlite.select import Search


class Place(Struct, frozen=True, array_like=True):
    """Where a walk goes on: behind the call (`at`, `id`), among the arrivals up to `watermark`.

    `at` is when it started, or where it is listed and when it started. `skip` calls are still to be passed
    over, `left` may still be answered (None: any number).
    """

    watermark: int
    at: tuple[int, ...] | None
    id: str
    left: int | None
    skip: int


def window_end(asked: Search, place: Place, calls: int) -> Sql:
    """Select (when, id) of the call that many calls behind `place`, whatever it is like."""
    roots = " AND c.parent_id IS NULL" if asked.query.filter.trace_roots_only else ""
    selects = [
        joined(
            " ",
            [
                Sql(
                    f"SELECT {source.key} FROM calls AS c WHERE c.project = ?{roots}{source.only}",  # noqa: S608 - our own words
                    (asked.project,),
                ),
                *_behind(asked, place, source),
            ],
        )
        for source in _sources(asked)
    ]
    return joined(
        " ", [joined(" UNION ALL ", selects), _in_order(asked, 1), Sql("LIMIT 1 OFFSET ?", (calls - 1,))]
    )


def part(
    asked: Search,
    place: Place,
    *,
    end: tuple[Any, ...] | None = None,
    limit: int = -1,
    offset: int = 0,
) -> Sql:
    """Select calls of a walk behind `place` and up to `end`: (seq, when, id)."""
    selects: list[Sql] = []
    for source in _sources(asked):
        pieces = [
            selecting(f"c.seq, {source.key}", asked, narrowed=source.narrowed),
            *_behind(asked, place, source),
        ]
        if end is not None:
            pieces += source.beyond("<=" if _ascends(asked) else ">=", end)
        selects.append(joined(" ", [*pieces, Sql("AND c.seq <= ?", (place.watermark,))]))
    found = [joined(" UNION ALL ", selects), _in_order(asked, 2), Sql("LIMIT ? OFFSET ?", (limit, offset))]
    return joined(" ", found)


def packed(place: Place) -> bytes:
    """Write down where a walk goes on."""
    return msgspec.msgpack.encode(place)


def place_of(after: bytes) -> Place:
    """Read where a walk goes on."""
    return msgspec.msgpack.decode(after, type=Place)


def behind(place: Place, row: tuple[Any, ...], *, left: int | None, skip: int) -> Place:
    """Return the place behind a call, of which `row` is (when, id)."""
    *at, call_id = row
    return Place(place.watermark, tuple(at), unpack(call_id) or "", left, skip)


class _Source(Struct, frozen=True):
    """One index that a walk goes along: what selects calls in it, and what it is in the order of."""

    narrowed: Narrowed
    at: tuple[str, ...]
    only: str = ""

    @property
    def key(self) -> str:
        return ", ".join((*self.at, "c.id"))

    def beyond(self, sign: str, place: tuple[Any, ...]) -> list[Sql]:
        """Compare the key; where it names a column twice, SQLite is told where to look for the first."""
        found = [Sql(f"AND ({self.key}) {sign} ({', '.join('?' for _ in place)})", place)]
        if len(set(self.at)) < len(self.at):
            found.append(Sql(f"AND {self.at[0]} {sign[0]}= ?", place[:1]))
        return found


def _sources(asked: Search) -> list[_Source]:
    if asked.apart is None:
        return [_Source(asked.narrowed, ("c.started_at",))]
    placed, misplaced = asked.apart
    return [
        _Source(placed, ("c.started_at", "c.started_at"), f" AND {PLACED}"),
        _Source(misplaced, ("c.received_at", "c.started_at"), f" AND {MISPLACED}"),
    ]


def _ascends(asked: Search) -> bool:
    return not asked.keys[0].descending


def _behind(asked: Search, place: Place, source: _Source) -> list[Sql]:
    if place.at is None:
        return []
    at = place.at[:1] if len(source.at) == 1 else (place.at[0], place.at[-1])
    return source.beyond(">" if _ascends(asked) else "<", (*at, pack(place.id)))


def _in_order(asked: Search, first: int) -> Sql:
    """Order a walk, of which the key is selected from the column of this number on."""
    if asked.apart is not None:
        way = "ASC" if _ascends(asked) else "DESC"
        return Sql("ORDER BY " + ", ".join(f"{first + at} {way}" for at in range(3)))
    assert asked.order_by is not None  # a walk has columns as its keys
    return asked.order_by
