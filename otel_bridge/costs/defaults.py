"""The prices everybody pays, from the kept library `genai-prices`, behind an interface of ours.

The library is imported by the first who asks (0.4 s, some 25 MB); what it knows of a model is kept.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Final

from otel_bridge.costs.rates import Rates

if TYPE_CHECKING:
    from collections.abc import Iterator

    from genai_prices.data_snapshot import DataSnapshot
    from genai_prices.types import ModelPrice, TieredPrices

MAX_MODELS: Final = 10_000
"""Models whose prices are kept in memory; the names come from senders."""
_MAKERS: Final = ("openai", "google", "mistral", "cohere", "voyageai")
"""Who is asked for a model whose name tells the library no provider, as those of embeddings often do."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LAST: Final = datetime.max.replace(tzinfo=UTC)
_MICRO: Final = timedelta(microseconds=1)
_TOKENS: Final = 1_000_000
"""The library counts in millions."""


class DefaultPrices:
    """Finds default prices by the names that senders give to models."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, Any] | None] = {}
        self._snapshot: DataSnapshot | None = None

    def rates(self, model: str, *, at: int, input_tokens: int = 0) -> Rates | None:
        """Return what a token of `model` cost at a time (microseconds), None for a model nobody knows.

        `input_tokens` is the size of the one request, by which some prices differ.
        """
        found = self._lookup(model)
        if found is None:
            return None
        provider, info = found
        price, since = _active(info, _moment(at))
        return _rates(price, provider=provider, since=since, input_tokens=input_tokens)

    def changes(self, model: str, start: int, end: int) -> list[int]:
        """Return at which instants from `start` to `end` the price of a model may change; microseconds."""
        found = self._lookup(model)
        return [] if found is None else sorted(set(_changes(found[1], _moment(start), _moment(end))))

    def sizes(self, model: str) -> list[int]:
        """Return the numbers of input tokens above which another price of a model holds."""
        found = self._lookup(model)
        return [] if found is None else sorted(set(_sizes(found[1])))

    def _lookup(self, model: str) -> tuple[str, Any] | None:
        """Find a model; several threads may do so at once."""
        known = self._known
        if len(known) >= MAX_MODELS:
            known = self._known = {}
            self._snapshot = None  # it remembers every name too
        if model in known:
            return known[model]
        snapshot = self._snapshot = self._snapshot or _snapshot()
        found = known[model] = _find(snapshot, model)
        return found


def _snapshot() -> DataSnapshot:
    """Return the prices that came with the library, without what was looked up in them."""
    from genai_prices.data_snapshot import DataSnapshot, get_snapshot  # noqa: PLC0415 - seldom needed

    return DataSnapshot(providers=get_snapshot().providers, from_auto_update=False)


def _find(snapshot: DataSnapshot, model: str) -> tuple[str, Any] | None:
    provider, slash, name = model.partition("/")
    makers = [(model, maker) for maker in _MAKERS]
    asked = [(model, None), (name, provider)] if slash else [(model, None), *makers]
    for ref, provider_id in asked:
        try:
            provider_found, info = snapshot.find_provider_model(ref, None, provider_id, None)
        except LookupError:
            continue
        return provider_found.id, info
    return None


def _active(info: Any, at: datetime) -> tuple[ModelPrice, int]:
    """Return the price at a time, and since when it holds (0: since ever)."""
    from genai_prices.types import ModelPrice, StartDateConstraint  # noqa: PLC0415 - as in `_find`

    if isinstance(info.prices, ModelPrice):
        return info.prices, 0
    for conditional in reversed(info.prices):
        constraint = conditional.constraint
        if constraint is not None and not constraint.active(at):
            continue
        if isinstance(constraint, StartDateConstraint):
            begin = datetime.combine(constraint.start_date, datetime.min.time(), tzinfo=UTC)
            return conditional.prices, (begin - _EPOCH) // _MICRO
        return conditional.prices, 0
    return info.prices[0].prices, 0


def _changes(info: Any, start: datetime, end: datetime) -> Iterator[int]:
    """Yield the instants at which a condition on a price begins or ends to hold."""
    from genai_prices.types import ModelPrice, StartDateConstraint  # noqa: PLC0415 - as in `_find`

    conditions = [] if isinstance(info.prices, ModelPrice) else [each.constraint for each in info.prices]
    for constraint in filter(None, conditions):
        if isinstance(constraint, StartDateConstraint):
            days, times = [constraint.start_date], [time(tzinfo=UTC)]
        else:
            days = [start.date() + timedelta(days=n) for n in range(-1, (end - start).days + 2)]
            times = [constraint.start_time, constraint.end_time]
        for moment in (datetime.combine(day, at, at.tzinfo or UTC) for day in days for at in times):
            if start <= moment <= end:
                yield (moment - _EPOCH) // _MICRO


def _sizes(info: Any) -> Iterator[int]:
    from genai_prices.types import ModelPrice  # noqa: PLC0415 - as in `_find`

    prices = [info.prices] if isinstance(info.prices, ModelPrice) else [each.prices for each in info.prices]
    for price in prices:
        for kind in (price.input_mtok, price.output_mtok, price.cache_read_mtok, price.cache_write_mtok):
            yield from (tier.start for tier in getattr(kind, "tiers", ()))


def _rates(price: ModelPrice, *, provider: str, since: int, input_tokens: int) -> Rates | None:
    prompt = _a_token(price.input_mtok, input_tokens)
    completion = _a_token(price.output_mtok, input_tokens)
    if prompt is None and completion is None:
        return None  # priced by the image or the second
    cache_read = _a_token(price.cache_read_mtok, input_tokens)
    cache_creation = _a_token(price.cache_write_mtok, input_tokens)
    full = prompt or 0.0
    return Rates(
        prompt=full,
        completion=completion or 0.0,
        cache_read=full if cache_read is None else cache_read,
        cache_creation=full if cache_creation is None else cache_creation,
        provider_id=provider,
        effective_date=since,
        created_at=since,
    )


def _a_token(price: Any, input_tokens: int) -> float | None:
    if price is None:
        return None
    return float(_tier(price, input_tokens) / _TOKENS)


def _tier(price: Any, input_tokens: int) -> Any:
    """Return the price of a million tokens in a request of this size."""
    tiers: TieredPrices | None = price if hasattr(price, "tiers") else None
    if tiers is None:
        return price
    reached = [tier.price for tier in tiers.tiers if input_tokens > tier.start]
    return reached[-1] if reached else tiers.base


def _moment(at: int) -> datetime:
    try:
        return _EPOCH + timedelta(microseconds=at)
    except OverflowError:
        return _LAST if at > 0 else _EPOCH
