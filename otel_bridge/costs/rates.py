"""What the tokens of a call cost: the one place that counts (`contract/weave-api.md` §2.5, §3.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_LEVEL: Final = "default"
PROJECT_LEVEL: Final = "project"


class Rates(Struct, frozen=True, kw_only=True):
    """What one token costs, in USD, and where that is known from. Times are microseconds."""

    prompt: float
    completion: float
    cache_read: float = 0.0
    cache_creation: float = 0.0
    prompt_unit: str = "USD"
    completion_unit: str = "USD"
    provider_id: str = "default"
    level: str = DEFAULT_LEVEL
    level_id: str = DEFAULT_LEVEL
    effective_date: int = 0
    created_by: str = "system"
    created_at: int = 0


class Tokens(Struct, frozen=True, kw_only=True):
    """The tokens of one entry of `summary.usage`, whatever its sender called them."""

    prompt: int = 0
    completion: int = 0
    cache_read: int = 0
    cache_creation: int = 0
    total: int = 0
    requests: int = 0

    def plus(self, other: Tokens) -> Tokens:
        """Add two counts."""
        return Tokens(
            prompt=self.prompt + other.prompt,
            completion=self.completion + other.completion,
            cache_read=self.cache_read + other.cache_read,
            cache_creation=self.cache_creation + other.cache_creation,
            total=self.total + other.total,
            requests=self.requests + other.requests,
        )


class Cost(Struct, frozen=True, kw_only=True):
    """What tokens cost, in USD."""

    prompt: float = 0.0
    completion: float = 0.0
    cache_read: float = 0.0
    cache_creation: float = 0.0

    @property
    def total(self) -> float:
        """All of it."""
        return self.prompt + self.completion + self.cache_read + self.cache_creation

    def plus(self, other: Cost) -> Cost:
        """Add two costs."""
        return Cost(
            prompt=self.prompt + other.prompt,
            completion=self.completion + other.completion,
            cache_read=self.cache_read + other.cache_read,
            cache_creation=self.cache_creation + other.cache_creation,
        )


def tokens_of(entry: Mapping[str, Any]) -> Tokens:
    """Count the tokens of a usage entry: prompt and input are one, completion and output are one."""
    return Tokens(
        prompt=_count(entry, "prompt_tokens") + _count(entry, "input_tokens"),
        completion=_count(entry, "completion_tokens") + _count(entry, "output_tokens"),
        cache_read=_count(entry, "cache_read_input_tokens"),
        cache_creation=_count(entry, "cache_creation_input_tokens"),
        total=_count(entry, "total_tokens"),
        requests=_count(entry, "requests"),
    )


def cost_of(tokens: Tokens, rates: Rates) -> Cost:
    """Count what tokens cost.

    Cached tokens have rates of their own and are taken off the prompt, unless they are more than it: then
    their sender counts them apart.
    """
    cached = tokens.cache_read + tokens.cache_creation
    uncached = tokens.prompt - cached if cached <= tokens.prompt else tokens.prompt
    return Cost(
        prompt=uncached * rates.prompt,
        completion=tokens.completion * rates.completion,
        cache_read=tokens.cache_read * rates.cache_read,
        cache_creation=tokens.cache_creation * rates.cache_creation,
    )


def _count(entry: Mapping[str, Any], name: str) -> int:
    value = entry.get(name)
    return int(value) if isinstance(value, int | float) and value > 0 else 0
