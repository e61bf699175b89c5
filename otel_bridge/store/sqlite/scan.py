"""Finds the calls of a query: how far one statement goes, and what the reference decides after it.

Nothing is held between two statements: a long scan is many short ones, under a watermark.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, Final, Protocol

from otel_bridge.query.ordering import in_order
from otel_bridge.store.base import Plan
from otel_bridge.store.sqlite import select
from otel_bridge.store.sqlite import walk as walks
from otel_bridge.store.sqlite.deadlines import Deadline, Pace, StatementTimeout
from otel_bridge.store.sqlite.fragments import Sql
from otel_bridge.store.sqlite.queries import QUERIES
from otel_bridge.store.sqlite.sorter import sorter

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from otel_bridge.store.sqlite.select import Search, Stretch
    from otel_bridge.store.sqlite.walk import Place

PART_CALLS: Final = 500
"""Calls in one part of a plan that is walked along an index."""
WINDOW_CALLS: Final = 5_000
"""How many calls one statement looks through where it reads their bodies: some milliseconds. While it runs,
the log of recent writes cannot start over."""
NARROW_CALLS: Final = 50_000
"""The same where it does not."""
WEIGHED_CALLS: Final = 2_000
"""The same where the reference decides about each."""
SLICE_CALLS: Final = 100
"""Calls that are read for the reference by one statement."""
_FIRST_SHARE: Final = 8
"""The first window of a walk is this much shorter: most walks find what they look for at once."""
_EARLY_SECONDS: Final = 0.5
"""A part that has something is answered after so long, full or not."""


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
    query, deadline = asked.query, Deadline(clock)
    end = None if query.limit is None else query.offset + query.limit
    if asked.order_by is None:
        found = (row[0] for rows in _everywhere(table, asked, deadline) for row in rows)
        weighed = deadline.passing_on(_slices([*found]))
        values = [value for some in weighed for value in table.ranked(asked, some)]
        return Plan(tuple(in_order(asked.keys, values)[query.offset : end]))
    if asked.narrowed.residual is None:
        whole = _whole(table, asked, select.all_at_once(asked, limit=query.limit, offset=query.offset))
        if whole is not None:
            return Plan(tuple(row[0] for row in whole))
    else:
        whole = _whole(table, asked, select.all_at_once(asked, limit=None, offset=0))
        if whole is not None:
            passing = (row[0] for row in _passing(table, asked, whole, deadline))
            return Plan(tuple(islice(passing, query.offset, end)))
    return Plan(_sorted(table, asked, deadline, end))


def _sorted(table: Table, asked: Search, deadline: Deadline, end: int | None) -> tuple[int, ...]:
    """Sort what is found stretch by stretch, of each no more than can be asked for."""
    most = end if asked.narrowed.residual is None else None
    with sorter([key.descending for key in asked.keys]) as found:
        for rows in _stretches(table, deadline, _pace(asked), lambda s: select.ranked(asked, s, limit=most)):
            found.add(islice(_passing(table, asked, rows, deadline), end))
        return found.seqs(limit=asked.query.limit, offset=asked.query.offset)


def _everywhere(table: Table, asked: Search, deadline: Deadline) -> Iterator[Iterator[Any]]:
    """Find calls in any order: all at once where they are few, else stretch by stretch."""
    whole = _whole(table, asked, select.all_at_once(asked, limit=None, offset=0))
    if whole is not None:
        yield _passing(table, asked, whole, deadline)
        return
    for rows in _stretches(
        table, deadline, _pace(asked), lambda s: select.all_at_once(asked, limit=None, offset=0, within=s)
    ):
        yield _passing(table, asked, rows, deadline)


def _whole(table: Table, asked: Search, sql: Sql) -> list[Any] | None:
    """Run a statement about all calls; None when that takes, or would take, too long."""
    if asked.is_heavy and not asked.is_selective:
        return None
    try:
        return table.run(sql)
    except StatementTimeout:
        return None


def _stretches(
    table: Table, deadline: Deadline, pace: Pace, statement: Callable[[Stretch], Sql]
) -> Iterator[list[Any]]:
    """Run a statement about one stretch of calls after the other; raise QueryTimeout."""
    low, high = table.run(Sql(QUERIES["arrivals"]))[0]
    while low < high:
        deadline.check()
        stretch = select.Stretch(low, min(low + pace.calls, high))
        try:
            rows = table.run(statement(stretch))
        except StatementTimeout as error:
            pace.slow_down(error)
            continue
        yield rows
        low = stretch.high


def walk(table: Table, asked: Search, place: Place, clock: Callable[[], float]) -> Plan:
    """Select the next part along the index, behind `place`; raise QueryTimeout."""
    began, deadline = clock(), Deadline(clock)
    found: list[int] = []
    wanted = PART_CALLS if place.left is None else min(place.left, PART_CALLS)
    for row, place in _along(table, asked, place, wanted):  # noqa: B020, PLR1704 - each place follows from the last
        if row is not None:
            found.append(row)
        if len(found) == wanted:
            return Plan(tuple(found), None if place.left == 0 else walks.packed(place))
        if found and row is None and clock() - began > _EARLY_SECONDS:
            return Plan(tuple(found), walks.packed(place))
        deadline.check()
    return Plan(tuple(found))


def _along(table: Table, asked: Search, place: Place, wanted: int) -> Iterator[tuple[int | None, Place]]:
    """Yield the calls of a walk, each with the place behind it, and None at the end of a window."""
    pace = _pace(asked, first_share=_FIRST_SHARE)
    while True:
        try:
            end, rows = _window(table, asked, place, pace, wanted)
        except StatementTimeout as error:
            pace.slow_down(error)
            yield None, place
            continue
        for row in _passing(table, asked, rows):
            if place.skip:
                place = walks.behind(place, row[1:], left=place.left, skip=place.skip - 1)
                continue
            left = None if place.left is None else place.left - 1
            place = walks.behind(place, row[1:], left=left, skip=0)
            yield row[0], place
        if end is None:
            return
        place = walks.behind(place, end, left=place.left, skip=place.skip)
        yield None, place
        pace.speed_up()


def _window(
    table: Table, asked: Search, place: Place, pace: Pace, wanted: int
) -> tuple[tuple[Any, ...] | None, list[Any]]:
    """Return where the next window of a walk ends, None for the end of all calls, and what is found in it."""
    ends = [] if asked.is_direct else table.run(walks.window_end(asked, place, pace.calls))
    end = ends[0] if ends else None
    return end, table.run(walks.part(asked, place, end=end, limit=_enough(asked, place, wanted)))


def count(table: Table, asked: Search, clock: Callable[[], float]) -> int:
    """Count the calls of a query, up to its limit; raise QueryTimeout."""
    limit, deadline = asked.query.limit, Deadline(clock)
    if asked.narrowed.residual is not None:
        found = (row for rows in _everywhere(table, asked, deadline) for row in rows)
        return sum(1 for _ in islice(found, limit))
    whole = _whole(table, asked, select.counted(asked, limit=limit))
    if whole is not None:
        return int(whole[0][0])
    counts = _stretches(
        table, deadline, _pace(asked), lambda within: select.counted(asked, limit=limit, within=within)
    )
    total = 0
    for rows in counts:
        total += rows[0][0]
        if limit is not None and total >= limit:
            return limit
    return total


def _pace(asked: Search, *, first_share: int = 1) -> Pace:
    if asked.narrowed.residual is not None:
        most = WEIGHED_CALLS
    else:
        most = WINDOW_CALLS if asked.is_heavy else NARROW_CALLS
    return Pace(most, first=-(-most // first_share))


def _enough(asked: Search, place: Place, wanted: int) -> int:
    """Return how many calls are asked of one statement: what the reference refuses cannot be known before."""
    return -1 if asked.narrowed.residual is not None else place.skip + wanted


def _passing(
    table: Table, asked: Search, rows: Sequence[Any], deadline: Deadline | None = None
) -> Iterator[Any]:
    """Yield the rows of calls that the reference lets pass, a slice at a time."""
    if asked.narrowed.residual is None:
        yield from rows
        return
    for some in _slices(rows) if deadline is None else deadline.passing_on(_slices(rows)):
        passing = table.passing(asked, [row[0] for row in some])
        yield from (row for row in some if row[0] in passing)


def _slices(rows: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (rows[at : at + SLICE_CALLS] for at in range(0, len(rows), SLICE_CALLS))
