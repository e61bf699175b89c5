"""Decoders of the routes that write prices (`contract/weave-api.md` §5.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import orjson

from otel_bridge.model.annex import USD, KeepPrices, Price, PurgePrices
from otel_bridge.weave import annex_schema as schema
from otel_bridge.weave import fields
from otel_bridge.weave.body import EMPTY, Body, Decoded, naming
from otel_bridge.weave.checked import checked, parse
from otel_bridge.weave.purge import purged_ids

if TYPE_CHECKING:
    from otel_bridge.weave.annex_schema import CostCreateInput

MAX_NAME: Final = 1024
"""Characters of a model's name, a unit and a provider."""
DEFAULT_PROVIDER: Final = "default"


def cost_create(body: Body) -> Decoded:
    """Read prices of models."""
    request = checked(schema.CostCreateReq, parse(body.data))
    with naming():
        project_id = fields.project_id(request.project_id)
    prices = tuple(
        _price(name, cost, body, project_id=project_id, user=request.wb_user_id)
        for name, cost in request.costs.items()
    )
    answer = orjson.dumps({"ids": [[price.id, price.llm_id] for price in prices]})
    return Decoded((KeepPrices(prices=prices),) if prices else (), answer)


def cost_purge(body: Body) -> Decoded:
    """Read which prices go."""
    request = checked(schema.PurgeReq, parse(body.data))
    with naming():
        project_id = fields.project_id(request.project_id)
    ids = purged_ids(request.query.expr, operators=("$eq", "$in", "$or"))
    return Decoded((PurgePrices(project_id=project_id, ids=ids),), EMPTY)


def _price(name: str, cost: CostCreateInput, body: Body, *, project_id: str, user: str | None) -> Price:
    with naming(f"costs.{name}"):
        effective = cost.effective_date
        return Price(
            project_id=project_id,
            id=body.new_id(),
            llm_id=_name(name, "the model's name"),
            effective_date=body.received_at
            if effective is None
            else fields.micros(effective, "effective_date"),
            prompt_token_cost=cost.prompt_token_cost,
            completion_token_cost=cost.completion_token_cost,
            cache_read_input_token_cost=cost.cache_read_input_token_cost or 0.0,
            cache_creation_input_token_cost=cost.cache_creation_input_token_cost or 0.0,
            prompt_token_cost_unit=_name(cost.prompt_token_cost_unit or USD, "prompt_token_cost_unit"),
            completion_token_cost_unit=_name(
                cost.completion_token_cost_unit or USD, "completion_token_cost_unit"
            ),
            provider_id=_name(cost.provider_id or DEFAULT_PROVIDER, "provider_id"),
            created_by=fields.text(user) or "",
        )


def _name(value: str, field: str) -> str:
    text = fields.text(value) or ""
    if not 0 < len(text) <= MAX_NAME:
        raise fields.BadValue(f"{field} must have 1 to {MAX_NAME} characters")
    return text
