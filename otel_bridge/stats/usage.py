"""The token counts inside a call's summary, per model (`contract/weave-api.md` §3.2, token normalisation)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

from otel_bridge.costs.rates import tokens_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MAX_TOKENS: Final = 1 << 53
"""Larger counts are nonsense, and could not be added up exactly: they are cut to this."""


class Usage(NamedTuple):
    """What one call spent on one model. Members but the first are the token metrics, in their order."""

    model: str
    input_tokens: int
    output_tokens: int
    total_tokens: int | None
    cache_read_input_tokens: int
    cache_creation_input_tokens: int

    @property
    def uncached_tokens(self) -> int:
        """The input tokens at the prompt's rate, as `costs.rates.cost_of` counts them."""
        cached = self.cache_read_input_tokens + self.cache_creation_input_tokens
        return self.input_tokens - (cached if cached <= self.input_tokens else 0)


def usages(summary: bytes | None) -> Sequence[Usage]:
    """Read `usage` of a summary. An entry without any number is none: it would be a phantom model."""
    if summary is None or b'"usage"' not in summary:
        return ()
    tree = orjson.loads(summary)
    usage = tree.get("usage") if isinstance(tree, dict) else None
    if not isinstance(usage, dict):
        return ()
    return [_usage(model, entry) for model, entry in usage.items() if _counts(entry)]


def _usage(model: str, entry: Mapping[str, Any]) -> Usage:
    tokens = tokens_of(entry)
    return Usage(
        model,
        min(tokens.prompt, MAX_TOKENS),
        min(tokens.completion, MAX_TOKENS),
        None if _missing(entry.get("total_tokens")) else min(tokens.total, MAX_TOKENS),
        min(tokens.cache_read, MAX_TOKENS),
        min(tokens.cache_creation, MAX_TOKENS),
    )


def _counts(entry: Any) -> bool:
    return isinstance(entry, dict) and not all(map(_missing, entry.values()))


def _missing(value: Any) -> bool:
    return type(value) not in {int, float}
