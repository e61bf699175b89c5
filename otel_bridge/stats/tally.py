"""What the values of one metric in one bucket come to, in exact integers."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


class Tally(Struct, frozen=True, kw_only=True, gc=False):
    """Values added up; None is no value and was left out. `values` holds (value, how often), ascending.

    A store fills only what was asked for (`Wanted`).
    """

    count: int = 0
    sum: int | float = 0
    min: int | None = None
    max: int | None = None
    ones: int = 0
    zeros: int = 0
    values: tuple[tuple[int, int], ...] = ()


class Cell(Struct, frozen=True):
    """One bucket, or one bucket of one model: its rows (calls, or calls and models), its tallies."""

    rows: int
    tallies: dict[str, Tally]


PARTS: Final = ("count", "sum", "min", "max", "ones", "zeros")
"""The numbers of a tally."""


def tally(values: Iterable[int | None]) -> Tally:
    """Add up values."""
    return counted(Counter(value for value in values if value is not None))


def counted(values: Mapping[int, int]) -> Tally:
    """Add up values, each with how often it is there."""
    if not values:
        return Tally()
    ranked = tuple(sorted(values.items()))
    return Tally(
        count=sum(values.values()),
        sum=sum(value * times for value, times in ranked),
        min=ranked[0][0],
        max=ranked[-1][0],
        ones=values.get(1, 0),
        zeros=values.get(0, 0),
        values=ranked,
    )


def percentile(values: Sequence[tuple[int, int]], percent: str) -> float | None:
    """Interpolate linearly at h = (n - 1) * p / 100 over the sorted values (§3.2); exact up to the division.

    `percent` is a decimal number as text, for example "99.9".
    """
    if not values:
        return None
    whole, _, decimals = percent.partition(".")
    per_one: int = 100 * 10 ** len(decimals)
    place, rest = divmod((sum(times for _, times in values) - 1) * int(whole + decimals), per_one)
    low = values[-1][0]
    passed = 0
    for value, times in values:
        passed += times
        if passed > place:
            low = value
            break
    high = low
    if rest and passed == place + 1:
        high = next(value for value, _ in values if value > low)
    return (low * per_one + (high - low) * rest) / per_one
