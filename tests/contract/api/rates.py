"""A price list as tests want it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from otel_bridge.costs.rates import Rates

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


LIST = {
    "claude": Rates(prompt=3e-6, completion=15e-6, cache_read=0.3e-6),
    "gpt-4o": Rates(prompt=1e-6, completion=2e-6),
}


class PriceList:
    """Fixed prices, twice as dear from an instant on, or above a number of input tokens."""

    def __init__(
        self, rates: Mapping[str, Rates], *, dearer_at: str | None = None, dearer_above: int | None = None
    ) -> None:
        self._rates = rates
        self._at = None if dearer_at is None else int(datetime.fromisoformat(dearer_at).timestamp() * 1e6)
        self._above = dearer_above

    def rates(self, model: str, *, at: int, input_tokens: int) -> Rates | None:
        rate = self._rates.get(model)
        late = self._at is not None and at >= self._at
        large = self._above is not None and input_tokens > self._above
        if rate is None or not (late or large):
            return rate
        return Rates(prompt=2 * rate.prompt, completion=2 * rate.completion, cache_read=2 * rate.cache_read)

    def changes(self, model: str, start: int, end: int) -> Sequence[int]:
        return () if self._at is None else (self._at,)

    def sizes(self, model: str) -> Sequence[int]:
        return () if self._above is None else (self._above,)
