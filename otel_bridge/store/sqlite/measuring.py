"""Adds up calls for statistics (`store.base.CallReader.measure`): slice after slice of time along an index.

A slice is a statement of its own, so no snapshot outlives it and nothing has to be sorted by time. Calls
that an index finds by something else than time are gathered at once.
"""

from __future__ import annotations

import operator
from array import array
from bisect import bisect_right
from collections import defaultdict
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec import Struct

from otel_bridge.model.query import CallsFilter, CallsQuery
from otel_bridge.stats.measure import Measured
from otel_bridge.stats.tally import PARTS, Cell, Tally, counted, weighed
from otel_bridge.store.sqlite.conditions import conditions, is_selective
from otel_bridge.store.sqlite.deadlines import Deadline, StatementTimeout
from otel_bridge.store.sqlite.fragments import Sql, joined
from otel_bridge.store.sqlite.readings import HAPPENED_AT, LATENCY, MISPLACED, WEIGHT
from otel_bridge.store.trees import Flag

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    import apsw

    from otel_bridge.stats.measure import Measure
    from otel_bridge.stats.metrics import Wanted

    Reading = Callable[[], AbstractContextManager[apsw.Connection]]

MEASURE_SECONDS: Final = 20.0
"""All buckets together; an SDK waits 30 s for an answer."""

SLICE_MICROS: Final = 3600 * 1_000_000
"""Calls of at most so much time are added up by one statement: what it holds in memory is bounded."""

_CACHED: Final = "(u.cache_read_input_tokens + u.cache_creation_input_tokens)"
_VALUES: Final[Mapping[str, str]] = {
    "latency_ms": LATENCY,
    "call_count": "1",
    "error_count": f"((c.flags & {Flag.FAILED}) > 0)",
    "uncached_tokens": f"(u.input_tokens - iif({_CACHED} <= u.input_tokens, {_CACHED}, 0))",
}
_PART: Final[Mapping[str, str]] = {
    "count": "count({0})",
    "sum": "total({0})",
    "min": "min({0})",
    "max": "max({0})",
    "ones": "total({0} = 1)",
    "zeros": "total({0} = 0)",
}
"""`sum` would fail where it passes 64 bits; `total` is exact as far as floating point numbers are."""
_WEIGHED: Final[Mapping[str, str]] = {
    "count": "total(iif({0} IS NULL, 0, {1}))",
    "sum": "total({0} * {1})",
    "min": "min({0})",
    "max": "max({0})",
    "ones": "total(({0} = 1) * {1})",
    "zeros": "total(({0} = 0) * {1})",
}
"""The same where each row stands for so many."""
_JOIN: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "count": operator.add,
    "sum": operator.add,
    "min": lambda one, other: one if other is None else min(one, other),
    "max": lambda one, other: one if other is None else max(one, other),
    "ones": operator.add,
    "zeros": operator.add,
}
_EXACT: Final = 1 << 53
_integers: Final = msgspec.json.Decoder(list[int]).decode
_weights: Final = msgspec.json.Decoder(list[float]).decode
_no_values: Final = partial(array, "q")


class _When(Struct, frozen=True):
    """Some calls, and what says when they happened."""

    time: str
    only: str = ""


_AT_START: Final = _When("c.started_at")
_USAGE: Final = _When("u.started_at")
_ANYHOW: Final = _When(HAPPENED_AT)
_APART: Final = (
    _When("c.started_at", f" AND (c.flags & {Flag.MISDATED}) = 0"),
    _When("c.received_at", f" AND {MISPLACED} AND (c.flags & {Flag.MISDATED}) <> 0"),
)
"""Each lies in an index in the order of its time."""


def measure(
    reading: Reading,
    asked: Measure,
    project: int,
    clock: Callable[[], float],
    *,
    any_misplaced: bool = False,
    any_sampled: bool = False,
) -> Measured:
    """Measure what is asked for; raise QueryTimeout when that takes too long.

    `any_misplaced`: some calls of the project may be counted where they arrived (`store.clocks`);
    `any_sampled`: some may stand for others (`model.thresholds`).
    """
    work = _Work(reading, asked, project, clock, any_misplaced=any_misplaced, any_sampled=any_sampled)
    calls = {key[0]: cell for key, cell in work.cells(asked.calls, usage=False).items()}
    usage = {(key[0], key[1], key[2]): cell for key, cell in work.cells(asked.usage, usage=True).items()}
    return Measured(calls, usage, sampled=work.sampled)


def _no_weights() -> array[float]:
    return array("d")


class _Sums:
    """What is known of one cell while it is added up, slice by slice."""

    __slots__ = ("numbers", "rows", "values", "weights")

    def __init__(self) -> None:
        self.rows: int | float = 0
        self.weights: defaultdict[str, array[float]] = defaultdict(_no_weights)
        self.numbers: dict[tuple[str, str], Any] = {}
        self.values: defaultdict[str, array[int]] = defaultdict(_no_values)

    def add_values(self, listed: Sequence[str], columns: Sequence[Any]) -> None:
        """Take the lists of values of metrics."""
        for metric, texts in zip(listed, columns, strict=False):
            if texts is not None:
                self.values[metric].fromlist(_integers(f"[{texts}]"))

    def add_weights(self, listed: Sequence[str], columns: Sequence[Any]) -> None:
        """Take for how many each of those values stands."""
        for metric, texts in zip(listed, columns, strict=False):
            if texts is not None:
                self.weights[metric].fromlist(_weights(f"[{texts}]"))

    def add_numbers(self, parts: Sequence[tuple[str, str]], columns: Sequence[Any]) -> None:
        """Take the parts of tallies."""
        for place, number in zip(parts, columns, strict=False):
            have = self.numbers.get(place)
            self.numbers[place] = number if have is None else _JOIN[place[1]](have, number)

    def cell(self, wanted: tuple[Wanted, ...]) -> Cell:
        return Cell(self.rows, {one.metric: self._tally(one) for one in wanted})

    def _tally(self, one: Wanted) -> Tally:
        if one.values and one.metric in self.weights:
            return weighed(self.values[one.metric], self.weights[one.metric])
        if one.values:
            return counted(self.values[one.metric])
        return Tally(**{part: _whole(self.numbers[one.metric, part]) for part in one.parts})


class _Work:
    def __init__(
        self,
        reading: Reading,
        asked: Measure,
        project: int,
        clock: Callable[[], float],
        *,
        any_misplaced: bool,
        any_sampled: bool,
    ) -> None:
        self.sampled = False
        self._any_sampled = any_sampled
        self._reading = reading
        self._any_misplaced = any_misplaced
        self._edges = asked.edges
        self._deadline = Deadline(clock, MEASURE_SECONDS)
        self._where = conditions(CallsQuery(project_id=asked.project_id, filter=asked.filter), project)
        self._everything = asked.filter == CallsFilter()
        self._at_once = is_selective(asked.filter)
        self._size = _size(asked.sizes)

    def cells(self, wanted: tuple[Wanted, ...], *, usage: bool) -> dict[tuple[Any, ...], Cell]:
        """Measure calls by (bucket,), or usage by (bucket, model, size)."""
        if not wanted:
            return {}
        listed = [one.metric for one in wanted if one.values]
        parts = [
            (one.metric, part) for one in wanted if not one.values for part in PARTS if part in one.parts
        ]
        picked = self._picked(listed, parts, "ifnull(u.weight, 1.0)" if usage else WEIGHT)
        keys = 3 if usage else 1
        found: defaultdict[tuple[Any, ...], _Sums] = defaultdict(_Sums)
        for row in self._rows(picked, usage=usage):
            sums, columns = found[row[:keys]], row[keys + 1 :]
            sums.rows += row[keys]
            sums.add_values(listed, columns)
            sums.add_numbers(parts, columns[len(listed) :])
            if self._any_sampled:
                sums.add_weights(listed, columns[len(listed) + len(parts) :])
                self.sampled |= columns[-1] > 1
        return {key: sums.cell(wanted) for key, sums in found.items()}

    def _picked(self, listed: Sequence[str], parts: Sequence[tuple[str, str]], weight: str) -> list[str]:
        """Return the columns: rows, values, parts; where calls were sampled weights, and the heaviest."""
        values = [f"group_concat({_value(metric)})" for metric in listed]
        if not self._any_sampled:
            return ["count(*)", *values, *(_PART[part].format(_value(metric)) for metric, part in parts)]
        weights = [f"group_concat(iif({_value(metric)} IS NULL, NULL, {weight}))" for metric in listed]
        sums = [_WEIGHED[part].format(_value(metric), weight) for metric, part in parts]
        return [f"total({weight})", *values, *sums, *weights, f"max({weight})"]

    def _rows(self, picked: list[str], *, usage: bool) -> Iterator[tuple[Any, ...]]:
        """Yield (bucket, model and size of usage, what is picked), for each slice of time."""
        groups = ["u.model", self._size.text] if usage else []
        if self._at_once:
            when = _ANYHOW if self._any_misplaced else _AT_START
            keys = [f"bucket_of({when.time})", *groups]
            yield from self._read(self._statement(when, picked, keys, usage=usage))
            return
        for bucket, low, high in self._slices():
            for row in self._slice(picked, groups, low, high, usage=usage):
                if groups or row[0]:
                    yield (bucket, *row)

    def _slice(
        self, picked: list[str], groups: list[str], low: int, high: int, *, usage: bool
    ) -> Iterator[tuple[Any, ...]]:
        """Read what started within a slice of time; one that takes too long is read in halves."""
        self._deadline.check()
        try:
            for when in self._whens(usage=usage):
                yield from self._read(self._statement(when, picked, groups, usage=usage, low=low, high=high))
        except StatementTimeout:
            middle = (low + high) // 2
            if middle == low:
                raise
            yield from self._slice(picked, groups, low, middle, usage=usage)
            yield from self._slice(picked, groups, middle, high, usage=usage)

    def _whens(self, *, usage: bool) -> Sequence[_When]:
        if usage and self._everything:
            return (_USAGE,)
        return _APART if self._any_misplaced else (_AT_START,)

    def _slices(self) -> Iterator[tuple[int, int, int]]:
        for bucket, (begin, end) in enumerate(pairwise(self._edges)):
            for low in range(begin, end, SLICE_MICROS):
                yield bucket, low, min(low + SLICE_MICROS, end)

    def _read(self, sql: Sql) -> list[Any]:
        with self._reading() as connection:
            if self._at_once:
                connection.create_scalar_function("bucket_of", self._bucket, 1, deterministic=True)
            return connection.execute(sql.text, sql.args).fetchall()

    def _bucket(self, *started_at: Any) -> int:
        return bisect_right(self._edges, started_at[0]) - 1

    def _statement(
        self, when: _When, picked: list[str], groups: list[str], *, usage: bool, low: int = 0, high: int = 0
    ) -> Sql:
        low, high = (self._edges[0], self._edges[-1]) if self._at_once else (low, high)
        alone = usage and self._everything
        source = "usages AS u" if alone else "calls AS c"
        if usage and not alone:
            source += (
                f" JOIN usages AS u ON u.project = c.project AND u.started_at = {when.time} AND u.seq = c.seq"
            )
        where = Sql("u.project = ?", self._where.args) if alone else self._where
        pieces = [
            Sql(f"SELECT {', '.join([*groups, *picked])}", self._size.args if usage else ()),
            Sql(f"FROM {source} WHERE {where.text}", where.args),
            Sql(f"AND {when.time} >= ? AND {when.time} < ?{when.only}", (low, high)),
        ]
        if groups:
            numbers = ", ".join(str(n + 1) for n in range(len(groups)))
            pieces.append(Sql(f"GROUP BY {numbers}"))
        return joined(" ", pieces)


def _value(metric: str) -> str:
    return _VALUES.get(metric) or f"u.{metric}"


def _whole(number: Any) -> Any:
    """Give back the integer that `total` made a floating point number of."""
    return int(number) if type(number) is float and abs(number) <= _EXACT else number


def _size(sizes: Sequence[int]) -> Sql:
    """Count the sizes that a request exceeds."""
    return Sql(" + ".join("(u.input_tokens > ?)" for _ in sizes) or "0", tuple(sizes))
