"""Which price holds for a call (`contract/weave-api.md` §2.5): the project's own before everybody's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from otel_bridge.costs.rates import PROJECT_LEVEL, Rates

if TYPE_CHECKING:
    from collections.abc import Iterable

    from otel_bridge.costs.defaults import DefaultPrices
    from otel_bridge.model.annex import Price


class Prices:
    """The prices of one project: its own, over the default ones."""

    def __init__(self, own: Iterable[Price], defaults: DefaultPrices) -> None:
        self._defaults = defaults
        self._own: dict[str, list[Price]] = {}
        for price in own:
            self._own.setdefault(price.llm_id, []).append(price)
        for prices in self._own.values():
            prices.sort(key=_newest_first)

    def rates(self, model: str, *, at: int, input_tokens: int = 0) -> Rates | None:
        """Return the rates of a model for a call that started at `at` (microseconds), None without any.

        A price that holds already beats one that is still to come; then the project's beats the default one;
        then the newest. `input_tokens` is the size of the one request, by which some default prices differ.
        """
        own = self._own.get(model, ())
        holding = next((price for price in own if price.effective_date <= at), None)
        if holding is not None:
            return _rates(holding)
        default = self._defaults.rates(model, at=at, input_tokens=input_tokens)
        if default is not None:
            return default
        return _rates(own[0]) if own else None

    def changes(self, model: str, start: int, end: int) -> list[int]:
        """Return at which instants from `start` to `end` the rates of a model may change; microseconds."""
        own = [p.effective_date for p in self._own.get(model, ()) if start <= p.effective_date <= end]
        return sorted({*own, *self._defaults.changes(model, start, end)})

    def sizes(self, model: str) -> list[int]:
        """Return the numbers of input tokens above which other rates of a model may hold."""
        return self._defaults.sizes(model)


def _newest_first(price: Price) -> tuple[int, int, str]:
    return -price.effective_date, -price.created_at, price.id


def _rates(price: Price) -> Rates:
    return Rates(
        prompt=price.prompt_token_cost,
        completion=price.completion_token_cost,
        cache_read=price.cache_read_input_token_cost,
        cache_creation=price.cache_creation_input_token_cost,
        prompt_unit=price.prompt_token_cost_unit,
        completion_unit=price.completion_token_cost_unit,
        provider_id=price.provider_id,
        level=PROJECT_LEVEL,
        level_id=price.project_id,
        effective_date=price.effective_date,
        created_by=price.created_by,
        created_at=price.created_at,
    )
