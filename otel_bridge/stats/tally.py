"""What the values of one metric in one bucket come to, in exact integers."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections import Counter
from itertools import accumulate, chain, repeat
from math import fsum
from typing import TYPE_CHECKING, Final

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MANY_VALUES: Final = 1_000_000
"""More are counted before they are put in order: sorting takes five times their room."""


class Tally(Struct, frozen=True, kw_only=True, gc=False):
    """Values added up; None is no value and was left out. `values` are the values themselves, ascending.

    A store fills only what was asked for (`Wanted`). Where some values stand for more than one (calls that
    were sampled), `reach` says for each of `values` for how many it and those before it stand; counts and
    sums are then estimates, and need not be whole.
    """

    count: int | float = 0
    sum: int | float = 0
    min: int | None = None
    max: int | None = None
    ones: int | float = 0
    zeros: int | float = 0
    values: Sequence[int] = ()
    reach: Sequence[float] = ()


class Cell(Struct, frozen=True):
    """One bucket, or one bucket of one model: its rows (calls, or calls and models), its tallies."""

    rows: int | float
    tallies: dict[str, Tally]


PARTS: Final = ("count", "sum", "min", "max", "ones", "zeros")
"""The numbers of a tally."""


def tally(values: Iterable[int | None]) -> Tally:
    """Add up values."""
    return counted([value for value in values if value is not None])


def counted(values: Sequence[int]) -> Tally:
    """Add up values, in any order, of 64 bits each."""
    if not values:
        return Tally()
    ranked = _ranked(values)
    return Tally(
        count=len(ranked),
        sum=sum(ranked),
        min=ranked[0],
        max=ranked[-1],
        ones=bisect_left(ranked, 2) - bisect_left(ranked, 1),
        zeros=bisect_left(ranked, 1) - bisect_left(ranked, 0),
        values=ranked if isinstance(ranked, array) else array("q", ranked),
    )


def weighed(values: Sequence[int], weights: Sequence[float]) -> Tally:
    """Add up values that stand for so many each."""
    if not values:
        return Tally()
    ranked = sorted(zip(values, weights, strict=True))
    kept = array("q", (value for value, _ in ranked))
    reach = array("d", accumulate(weight for _, weight in ranked))

    def of(value: int) -> float:
        return fsum(w for v, w in ranked[bisect_left(kept, value) : bisect_left(kept, value + 1)])

    return Tally(
        count=fsum(weights),
        sum=fsum(value * weight for value, weight in ranked),
        min=kept[0],
        max=kept[-1],
        ones=of(1),
        zeros=of(0),
        values=kept,
        reach=reach,
    )


def _ranked(values: Sequence[int]) -> Sequence[int]:
    if len(values) <= MANY_VALUES:
        return sorted(values)
    often = Counter(values)
    return array("q", chain.from_iterable(repeat(value, times) for value, times in sorted(often.items())))


def place_of(count: int, percent: str) -> tuple[int, int, int]:
    """Return h = (n - 1) * p / 100 exactly: its whole part, and the rest as a numerator and a denominator."""
    whole, _, decimals = percent.partition(".")
    per_one: int = 100 * 10 ** len(decimals)
    return (*divmod((count - 1) * int(whole + decimals), per_one), per_one)


def percentile(values: Sequence[int], percent: str, reach: Sequence[float] = ()) -> float | None:
    """Interpolate linearly at h = (n - 1) * p / 100 over the sorted values (§3.2); exact up to the division.

    `percent` is a decimal number as text, for example "99.9". With `reach` (`Tally.reach`) each value counts
    as often as it stands for others.
    """
    if not values:
        return None
    if reach:
        whole, part = divmod((reach[-1] - 1) * float(percent) / 100, 1)
        last = len(values) - 1
        below, above = (values[min(bisect_right(reach, at), last)] for at in (whole, whole + 1))
        return below + (above - below) * part
    place, rest, per_one = place_of(len(values), percent)
    low = values[place]
    high = values[place + 1] if rest else low
    return (low * per_one + (high - low) * rest) / per_one
