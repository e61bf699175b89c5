"""What `include_feedback` and `include_costs` add to `summary.weave` of a call (`weave-api.md` §2.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson

from otel_bridge.costs.rates import cost_of, tokens_of
from otel_bridge.query.values import iso
from otel_bridge.store.annex.listing import feedback_members

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from otel_bridge.costs.prices import Prices
    from otel_bridge.costs.rates import Rates, Tokens
    from otel_bridge.model.annex import Feedback

FEEDBACK_MEMBERS: Final = (
    "id", "feedback_type", "weave_ref", "payload", "creator", "created_at", "wb_user_id", "runnable_ref",
    "call_ref", "trigger_ref", "annotation_ref", "scorer_tags", "scorer_tag_reasons",
    "scorer_tag_confidences", "scorer_ratings", "scorer_rating_reasons", "scorer_rating_confidences",
)  # fmt: skip
"""The members of an entry of `summary.weave.feedback`."""


def feedback_list(rows: Iterable[Feedback]) -> bytes:
    """Render `summary.weave.feedback` as JSON: the feedback on one call as it came."""
    found = map(feedback_members, rows)
    return orjson.dumps([{name: members[name] for name in FEEDBACK_MEMBERS} for members in found])


def costs_map(usage: Any, started_at: int, prices: Prices) -> bytes | None:
    """Render `summary.weave.costs` as JSON; None when there is no usage or nobody knows a price.

    `usage` is the parsed member of the summary; every model is priced by the time the call started.
    """
    if not isinstance(usage, dict):
        return None
    costs = {}
    for model, entry in usage.items():
        tokens = tokens_of(entry) if isinstance(entry, dict) else None
        rates = tokens and prices.rates(model, at=started_at, input_tokens=tokens.prompt)
        if tokens and rates:
            costs[model] = _cost(tokens, rates)
    return orjson.dumps(costs) if costs else None


def _cost(tokens: Tokens, rates: Rates) -> Mapping[str, Any]:
    cost = cost_of(tokens, rates)
    return {
        "prompt_tokens": tokens.prompt,
        "completion_tokens": tokens.completion,
        "requests": tokens.requests,
        "total_tokens": tokens.total,
        "cache_read_input_tokens": tokens.cache_read,
        "cache_creation_input_tokens": tokens.cache_creation,
        "prompt_token_cost": rates.prompt,
        "completion_token_cost": rates.completion,
        "cache_read_input_token_cost": rates.cache_read,
        "cache_creation_input_token_cost": rates.cache_creation,
        "prompt_tokens_total_cost": cost.prompt,
        "completion_tokens_total_cost": cost.completion,
        "cache_read_input_tokens_total_cost": cost.cache_read,
        "cache_creation_input_tokens_total_cost": cost.cache_creation,
        "prompt_token_cost_unit": rates.prompt_unit,
        "completion_token_cost_unit": rates.completion_unit,
        "effective_date": iso(rates.effective_date),
        "provider_id": rates.provider_id,
        "pricing_level": rates.level,
        "pricing_level_id": rates.level_id,
        "created_by": rates.created_by,
        "created_at": iso(rates.created_at),
    }
