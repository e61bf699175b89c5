"""Opens deterministic scorers: settings become a function of the call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError

from otel_bridge.scorer import kinds
from otel_bridge.scorer.base import Unusable
from otel_bridge.scorer.kinds import kind_of
from otel_bridge.scorer.rules.amounts import cost, latency, tokens
from otel_bridge.scorer.rules.json_texts import json_schema, valid_json
from otel_bridge.scorer.rules.matching import exact_match, fuzzy_match
from otel_bridge.scorer.rules.pii import pii
from otel_bridge.scorer.rules.texts import contains, length, regex
from otel_bridge.words import told

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from otel_bridge.scorer.rules.base import Rule

_OPENED_BY: Final[Mapping[type[kinds.Kind], Callable[[Any], Rule]]] = {
    kinds.ValidJson: valid_json,
    kinds.JsonSchema: json_schema,
    kinds.Regex: regex,
    kinds.Contains: contains,
    kinds.ExactMatch: exact_match,
    kinds.FuzzyMatch: fuzzy_match,
    kinds.Length: length,
    kinds.Latency: latency,
    kinds.Cost: cost,
    kinds.Tokens: tokens,
    kinds.Pii: pii,
}
MODELS: Final = {kind_of(model): model for model in _OPENED_BY}
"""Kind → its settings."""


def open_rule(kind: str, settings: Mapping[str, Any]) -> Rule:
    """Return what scores calls by these settings, the `settings` of a Spec; raise Unusable."""
    model = MODELS[kind]
    try:
        checked = model.model_validate({**settings, "type": kind})
    except ValidationError as error:
        raise Unusable(told(error)) from error
    return opened(checked)


def opened(settings: kinds.Kind) -> Rule:
    """Return what scores calls by settings that were read; raise Unusable."""
    return _OPENED_BY[type(settings)](settings)
