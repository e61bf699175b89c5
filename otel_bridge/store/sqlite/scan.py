"""Finds the calls of a query: how far one statement goes, and what the reference decides after it.

Nothing is held between two statements: a long scan is many short ones, under a watermark.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias

from otel_bridge.errors import QueryTimeout
from otel_bridge.query.ordering import in_order
from otel_bridge.store.base import Plan
from otel_bridge.store.sqlite import select

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from otel_bridge.store.sqlite.fragments import Sql
    from otel_bridge.store.sqlite.select import Place, Search

PART_CALLS: Final = 500
"""Calls in one part of a plan that is walked along an index."""
WINDOW_CALLS: Final = 20_000
"""How many calls one statement looks through where it reads their bodies: some tens of milliseconds."""
WEIGHED_CALLS: Final = 2_000
"""The same where the reference decides about each."""
SCAN_DEADLINE_SECONDS: Final = 20.0
"""What the next part of an answer may take; SDKs wait 30 s for a byte (`weave-api.md` §1.2)."""
SLICE_CALLS: Final = 100
"""Calls that are read for the reference by one statement."""
_EARLY_SECONDS: Final = 0.5
"""A part that has something is answered after so long, full or not."""

_TOO_LONG: Final = f"the query took longer than {SCAN_DEADLINE_SECONDS:g} s to find more calls; narrow it"

_InTime: TypeAlias = "Callable[[Iterable[Any]], Iterator[Any]]"


class Table(Protocol):
    """What a scan needs from the one who reads."""

    def run(self, sql: Sql) -> list[Any]:
        """Run one statement."""

    def passing(self, asked: Search, seqs: Sequence[int]) -> Collection[int]:
        """Return those of the calls that the reference lets pass."""

    def ranked(self, asked: Search, seqs: Sequence[int]) -> list[tuple[tuple[Any, ...], int]]:
        """Return the values that the reference orders calls by, and their numbers, of those still there."""


def everything(table: Table, asked: Search, clock: Callable[[], float]) -> Plan:
    """Select all calls of a query in one part; raise QueryTimeout."""
    query = asked.query
    if asked.narrowed.residual is None and asked.order_by is not None:
        sql = select.all_at_once(asked, limit=query.limit, offset=query.offset)
        return Plan(tuple(row[0] for row in table.run(sql)))
    found = table.run(select.all_at_once(asked, limit=None, offset=0))
    end = None if query.limit is None else query.offset + query.limit
    in_time = _in_time(clock)
    passing = (row[0] for row in _passing(table, asked, found, in_time))
    if asked.order_by is not None:
        return Plan(tuple(islice(passing, query.offset, end)))
    values = [value for some in in_time(_slices([*passing])) for value in table.ranked(asked, some)]
    return Plan(tuple(in_order(asked.keys, values)[query.offset : end]))


def walk(table: Table, asked: Search, place: Place, clock: Callable[[], float]) -> Plan:
    """Select the next part along the index, behind `place`; raise QueryTimeout."""
    began = clock()
    found: list[int] = []
    wanted = PART_CALLS if place.left is None else min(place.left, PART_CALLS)
    for row, place in _along(table, asked, place, wanted):  # noqa: B020, PLR1704 - each place follows from the last
        if row is not None:
            found.append(row)
        if len(found) == wanted:
            return Plan(tuple(found), None if place.left == 0 else select.packed(place))
        spent = clock() - began
        if found and spent > _EARLY_SECONDS and row is None:
            return Plan(tuple(found), select.packed(place))
        if spent > SCAN_DEADLINE_SECONDS:
            raise QueryTimeout(_TOO_LONG)
    return Plan(tuple(found))


def _along(table: Table, asked: Search, place: Place, wanted: int) -> Iterator[tuple[int | None, Place]]:
    """Yield the calls of a walk, each with the place behind it, and None at the end of a window."""
    while True:
        end = _window_end(table, asked, place)
        rows = table.run(select.part(asked, place, end=end, limit=_enough(asked, place, wanted)))
        for row in _passing(table, asked, rows):
            if place.skip:
                place = select.behind(place, row[1:], left=place.left, skip=place.skip - 1)
                continue
            left = None if place.left is None else place.left - 1
            place = select.behind(place, row[1:], left=left, skip=0)
            yield row[0], place
        if end is None:
            return
        place = select.behind(place, end, left=place.left, skip=place.skip)
        yield None, place


def _window_end(table: Table, asked: Search, place: Place) -> tuple[int, str | bytes] | None:
    if not asked.is_heavy:
        return None
    calls = WINDOW_CALLS if asked.narrowed.residual is None else WEIGHED_CALLS
    rows = table.run(select.window_end(asked, place, calls))
    return rows[0] if rows else None


def count(table: Table, asked: Search, clock: Callable[[], float]) -> int:
    """Count the calls of a query, up to its limit; raise QueryTimeout."""
    limit = asked.query.limit
    if asked.narrowed.residual is None:
        found: int = table.run(select.counted(asked, limit=limit))[0][0]
        return found
    rows = table.run(select.all_at_once(asked, limit=None, offset=0))
    return sum(1 for _ in islice(_passing(table, asked, rows, _in_time(clock)), limit))


def _enough(asked: Search, place: Place, wanted: int) -> int:
    """Return how many calls are asked of one statement: what the reference refuses cannot be known before."""
    return -1 if asked.narrowed.residual is not None else place.skip + wanted


def _passing(table: Table, asked: Search, rows: Sequence[Any], in_time: _InTime = iter) -> Iterator[Any]:
    """Yield the rows of calls that the reference lets pass, a slice at a time."""
    if asked.narrowed.residual is None:
        yield from rows
        return
    for some in in_time(_slices(rows)):
        passing = table.passing(asked, [row[0] for row in some])
        yield from (row for row in some if row[0] in passing)


def _in_time(clock: Callable[[], float]) -> _InTime:
    """Return what passes items on until the deadline of a scan, then raises QueryTimeout."""
    deadline = clock() + SCAN_DEADLINE_SECONDS

    def passing_on(items: Iterable[Any]) -> Iterator[Any]:
        for item in items:
            if clock() > deadline:
                raise QueryTimeout(_TOO_LONG)
            yield item

    return passing_on


def _slices(rows: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (rows[at : at + SLICE_CALLS] for at in range(0, len(rows), SLICE_CALLS))
