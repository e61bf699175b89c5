"""What usage costs (`contract/weave-api.md` §2.5, §3.2): the same, whatever else was asked for.

Most prices hold for a whole range and for requests of any size, so sums of tokens are priced. Where a price
changes within the range, or with the size of a request, the usage is measured once more, told apart by that.
"""

from __future__ import annotations

from bisect import bisect_right
from decimal import Decimal
from typing import TYPE_CHECKING, Final, Protocol

from msgspec import Struct
from msgspec.structs import replace

from otel_bridge.stats.metrics import Wanted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from otel_bridge.costs.rates import Rates
    from otel_bridge.stats.measure import Measure, Measured
    from otel_bridge.stats.tally import Tally

NOTHING: Final = Decimal(0)
_COUNTED: Final = (
    "uncached_tokens",
    "output_tokens",
    "cache_read_input_tokens",
    "cache_creation_input_tokens",
)

WANTED: Final = (
    Wanted("input_tokens", frozenset({"sum", "max"}), values=False),
    *(Wanted(metric, frozenset({"sum"}), values=False) for metric in _COUNTED),
)
"""What must be known of usage to price it."""


class Prices(Protocol):
    """The prices that one project pays, those of the project before those everybody pays."""

    def rates(self, model: str, *, at: int, input_tokens: int) -> Rates | None:
        """Return the rates of a call that started at `at` (microseconds), None for an unknown model."""

    def changes(self, model: str, start: int, end: int) -> Sequence[int]:
        """Return at which instants between the two a price of the model may change."""

    def sizes(self, model: str) -> Sequence[int]:
        """Return the numbers of input tokens of one request above which another price holds."""


class Costs(Struct, frozen=True):
    """The cost metrics of some usage."""

    input_cost: Decimal = NOTHING
    output_cost: Decimal = NOTHING
    total_cost: Decimal = NOTHING

    def __add__(self, other: Costs) -> Costs:
        return Costs(
            self.input_cost + other.input_cost,
            self.output_cost + other.output_cost,
            self.total_cost + other.total_cost,
        )


def spent(
    asked: Measure, found: Measured, measure: Callable[[Measure], Measured], prices: Prices
) -> Mapping[tuple[int, str], Costs]:
    """Price the usage that was `found` for what was `asked`, by bucket and model."""
    start, end = asked.edges[0], asked.edges[-1]
    largest: dict[str, int] = {}
    for (_, model, _), cell in found.usage.items():
        largest[model] = max(largest.get(model, 0), cell.tallies["input_tokens"].max or 0)
    cuts = {at for model in largest for at in prices.changes(model, start, end) if start < at < end}
    sizes = {size for model, most in largest.items() for size in prices.sizes(model) if size < most}
    finer = replace(
        asked,
        edges=tuple(sorted(cuts.union(asked.edges))),
        sizes=tuple(sorted(sizes)),
        calls=(),
        usage=WANTED,
    )
    if cuts or sizes:
        found = measure(finer)
    costs: dict[tuple[int, str], Costs] = {}
    for (stretch, model, size), cell in found.usage.items():
        at = finer.edges[stretch]
        above = finer.sizes[size - 1] + 1 if size else 0
        key = bisect_right(asked.edges, at) - 1, model
        rates = prices.rates(model, at=at, input_tokens=above)
        costs[key] = costs.get(key, Costs()) + price(rates, cell.tallies)
    return costs


def price(rates: Rates | None, tallies: Mapping[str, Tally]) -> Costs:
    """Price sums of tokens, as `costs.rates.cost_of` prices those of one call, but in exact decimals."""
    if rates is None:
        return Costs()
    uncached, completion, cache_read, cache_creation = (Decimal(tallies[metric].sum) for metric in _COUNTED)
    input_cost = uncached * _exact(rates.prompt)
    output_cost = completion * _exact(rates.completion)
    cached = cache_read * _exact(rates.cache_read) + cache_creation * _exact(rates.cache_creation)
    return Costs(input_cost, output_cost, input_cost + output_cost + cached)


def _exact(rate: float) -> Decimal:
    return Decimal(repr(rate))  # what a person wrote, so that sums come out as a person would add them up
