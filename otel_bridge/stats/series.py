"""The answer of `/feedback/stats`: values of feedback over time, in a grid without gaps, and all together.

Grid, zones and the names of columns are those of `/calls/stats` (`contract/weave-api.md` §3.2). Sums are
those of the exact numbers, rounded once, so no order of the feedback changes them.
"""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import orjson

from otel_bridge.stats import grid
from otel_bridge.stats.answer import bound, iso
from otel_bridge.stats.payloads import OTHER, Reading, categories, numbers
from otel_bridge.stats.tally import place_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from otel_bridge.model.questions import AskFeedbackStats
    from otel_bridge.model.stats import FeedbackMetric
    from otel_bridge.stats.payloads import Stretch

MAX_CATEGORIES: Final = 50
"""Those counted by name, the most frequent of the whole range; the rest are counted together."""
MAX_KNOWN_CATEGORIES: Final = 10_000
"""Those told apart while they are counted, the first ones: what takes part in finding the most frequent."""
_MICROS: Final = 1_000_000
Number: TypeAlias = float | None
Values: TypeAlias = "array[float]"
Counts: TypeAlias = "Counter[str | None]"


def _sum(values: Sequence[float]) -> Number:
    try:
        return math.fsum(values)
    except OverflowError:  # no number is that large
        return None


def _avg(values: Sequence[float]) -> Number:
    total = _sum(values)
    return None if total is None or not values else total / len(values)


AGGREGATIONS: Final[Mapping[str, Callable[[Sequence[float]], Number]]] = {
    "sum": _sum,
    "avg": _avg,
    "min": lambda values: min(values, default=None),
    "max": lambda values: max(values, default=None),
    "count": len,
    "count_true": lambda values: sum(value == 1 for value in values),
    "count_false": lambda values: sum(value == 0 for value in values),
}
"""What becomes of numbers; of none, all but sums and counts are null."""


def columns(metric: FeedbackMetric) -> list[str]:
    """Name what a bucket tells of a metric."""
    slug = slug_of(metric.name)
    if metric.value_type == "categorical":
        counted = [f"count_{slug}"] if "count" in metric.aggregations else []
        return [*counted, f"counts_{slug}", f"other_{slug}"]
    parts = [*metric.aggregations, *(f"p{percent}" for percent in metric.percentiles)]
    return [f"{part}_{slug}" for part in parts]


def slug_of(name: str) -> str:
    """Write a path as it stands in names of columns: `output.score` is `output_score`."""
    return "".join(one if one.isalnum() else "_" for one in name)


def answer(asked: AskFeedbackStats, read: Callable[[Reading], Iterable[Stretch]]) -> bytes:
    """Read what is asked for and write it as JSON; raise InvalidRequest when that were too many values."""
    seconds = grid.width(asked.start, asked.end, asked.granularity)
    starts = grid.starts(asked.start, asked.end, seconds, asked.timezone) if asked.metrics else []
    body: dict[str, Any] = {
        "start": iso(asked.start),
        "end": iso(asked.end),
        "granularity": seconds,
        "timezone": asked.timezone,
        "buckets": [],
        "window_stats": None,
        "window_counts": {},
    }
    if not starts:
        return orjson.dumps(body)
    bound(len(starts) * (2 + sum(len(columns(metric)) for metric in asked.metrics)))
    first, end = asked.start * _MICROS, asked.end * _MICROS
    edges = [*(max(at * _MICROS, first) for at in starts), end]
    gathered = _gather(asked, edges, read)
    body["buckets"] = [
        {"timestamp": grid.shown(at, asked.timezone)} | gathered.bucket(number)
        for number, at in enumerate(starts)
    ]
    body["window_stats"] = gathered.window_stats()
    body["window_counts"] = gathered.window_counts()
    return orjson.dumps(body)


def _gather(
    asked: AskFeedbackStats, edges: Sequence[int], read: Callable[[Reading], Iterable[Stretch]]
) -> _Gathered:
    gathered = _Gathered(asked.metrics)
    reading = Reading(
        project_id=asked.project_id,
        start=edges[0],
        end=edges[-1],
        choice=asked.choice,
        metrics=asked.metrics,
    )
    for stretch in read(reading):
        for number, low, high in _parts(stretch.times, edges):
            gathered.add(number, high - low, [islice(values, low, high) for values in stretch.values])
    gathered.close()
    return gathered


def _parts(times: Sequence[int], edges: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    """Yield which bucket holds which part of the times, which ascend."""
    low = 0
    while low < len(times):
        number = bisect_right(edges, times[low]) - 1
        high = bisect_left(times, edges[number + 1], low)
        yield number, low, high
        low = high


class _Gathered:
    """What was found so far: rows by bucket, and a column for each metric."""

    def __init__(self, metrics: Sequence[FeedbackMetric]) -> None:
        self._rows: Counter[int] = Counter()
        self._columns = [
            _Categories(metric) if metric.value_type == "categorical" else _Numbers(metric)
            for metric in metrics
        ]

    def add(self, number: int, rows: int, values: Iterable[Iterable[Any]]) -> None:
        self._rows[number] += rows
        for column, part in zip(self._columns, values, strict=True):
            column.add(number, part)

    def close(self) -> None:
        for column in self._columns:
            column.close()

    def bucket(self, number: int) -> dict[str, Any]:
        told: dict[str, Any] = {}
        for column in self._columns:
            told |= column.bucket(number)
        return told | {"count": self._rows[number]}

    def window_stats(self) -> dict[str, dict[str, Number]]:
        return {column.slug: column.window() for column in self._columns}

    def window_counts(self) -> dict[str, dict[str, int]]:
        return {column.slug: column.top for column in self._columns if isinstance(column, _Categories)}


class _Numbers:
    """The numbers of one metric, by bucket."""

    def __init__(self, metric: FeedbackMetric) -> None:
        self.slug = slug_of(metric.name)
        self._metric = metric
        self._values: defaultdict[int, Values] = defaultdict(lambda: array("d"))

    def add(self, number: int, values: Iterable[Any]) -> None:
        self._values[number].extend(numbers(values, self._metric.value_type))

    def close(self) -> None:
        if self._metric.percentiles:
            for number, values in self._values.items():
                self._values[number] = array("d", sorted(values))

    def bucket(self, number: int) -> dict[str, Number]:
        values = self._values.get(number, ())
        told = {f"{name}_{self.slug}": one for name, one in self._told(values).items()}
        return told if values or f"avg_{self.slug}" not in told else told | {f"avg_{self.slug}": 0}

    def window(self) -> dict[str, Number]:
        together = array("d", chain.from_iterable(self._values.values()))
        return self._told(sorted(together) if self._metric.percentiles else together)

    def _told(self, values: Sequence[float]) -> dict[str, Number]:
        told = {name: AGGREGATIONS[name](values) for name in self._metric.aggregations}
        return told | {f"p{percent}": quantile(values, percent) for percent in self._metric.percentiles}


class _Categories:
    """How often each category was met, by bucket."""

    def __init__(self, metric: FeedbackMetric) -> None:
        self.slug = slug_of(metric.name)
        self.top: dict[str, int] = {}
        self._metric = metric
        self._counted: Counter[int] = Counter()
        self._counts: defaultdict[int, Counts] = defaultdict(Counter)
        self._known: set[str | None] = set()

    def add(self, number: int, values: Iterable[Any]) -> None:
        counts = self._counts[number]
        texts: Counter[str] = Counter()
        for raw in values:
            if type(raw) is str:
                texts[raw] += 1
            elif raw is not None:
                found = categories(raw)
                self._counted[number] += bool(found)
                counts.update(map(self._told_apart, found))
        for text, times in texts.items():
            counts[self._told_apart(categories(text)[0])] += times
        self._counted[number] += texts.total()

    def _told_apart(self, category: str | None) -> str | None:
        if category not in self._known:
            if len(self._known) >= MAX_KNOWN_CATEGORIES:
                return OTHER
            self._known.add(category)
        return category

    def close(self) -> None:
        together: Counts = Counter()
        for counts in self._counts.values():
            together.update(counts)
        named = ((name, times) for name, times in together.items() if name is not OTHER)
        ranked = sorted(named, key=lambda one: (-one[1], one[0]))
        self.top = dict(ranked[:MAX_CATEGORIES])

    def bucket(self, number: int) -> dict[str, Any]:
        counts = self._counts.get(number) or Counter()
        shown = {name: counts[name] for name in self.top if counts[name]}
        told: dict[str, Any] = {f"counts_{self.slug}": shown}
        told[f"other_{self.slug}"] = counts.total() - sum(shown.values())
        if "count" in self._metric.aggregations:
            return {f"count_{self.slug}": self._counted[number]} | told
        return told

    def window(self) -> dict[str, Number]:
        met = sum(counts.total() for counts in self._counts.values())
        return {"count": self._counted.total(), "other": met - sum(self.top.values())}


def quantile(values: Sequence[float], percent: str) -> Number:
    """Interpolate linearly at h = (n - 1) * p / 100 over ascending values, exactly, and round once.

    `percent` is a decimal number as text, for example "99.9".
    """
    if not values:
        return None
    place, rest, per_one = place_of(len(values), percent)
    if not rest or values[place] == values[place + 1]:
        return values[place]
    below, of = values[place].as_integer_ratio()
    above, of_above = values[place + 1].as_integer_ratio()
    return (below * of_above * (per_one - rest) + above * of * rest) / (of * of_above * per_one)
