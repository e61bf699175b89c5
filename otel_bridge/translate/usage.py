"""Token counts (`contract/otel-mapping.md` §6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from otel_bridge.translate.lookup import Found, Offer

UNNAMED_MODEL: Final = "usage"
"""The key of usage whose model nobody named."""

_SUM: Final = "aggregated_"


def usage(found: Found) -> dict[str, int]:
    """Return the counts that are there, the total added up when only its parts are."""
    offer = found.shape.usage
    return _counts(found, offer) if offer else {}


def aggregated(found: Found) -> dict[str, int]:
    """Return the counts of which the sender says that they are its children's."""
    offer = found.shape.aggregated
    if not offer:
        return {}
    return _counts(found, tuple((name.removeprefix(_SUM), places) for name, places in offer))


def _counts(found: Found, offer: Offer) -> dict[str, int]:
    counts: dict[str, int] = {}
    for name, places in offer:
        count = found.first(places)[1]
        if count is not None:
            counts[name] = count
    if "total_tokens" not in counts and ("input_tokens" in counts or "output_tokens" in counts):
        counts["total_tokens"] = counts.get("input_tokens", 0) + counts.get("output_tokens", 0)
    return counts


def model_of(block: Mapping[str, Any]) -> str:
    """Return the model that the usage belongs to."""
    if model := block.get("model"):
        return str(model)
    parameters = block.get("model_parameters")
    model = parameters.get("model") if type(parameters) is dict else None
    return model if model and type(model) is str else UNNAMED_MODEL
