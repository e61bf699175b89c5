"""`latency`, `cost` and `tokens`: what a call took."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from otel_bridge.costs.rates import tokens_of
from otel_bridge.scorer.rules.base import Result, Rule, nothing_there, out_of_range, result

if TYPE_CHECKING:
    from collections.abc import Mapping

    from otel_bridge.scorer.kinds import Cost, Latency, Tokens

_COSTS: Final = (
    "prompt_tokens_total_cost",
    "completion_tokens_total_cost",
    "cache_read_input_tokens_total_cost",
    "cache_creation_input_tokens_total_cost",
)
_BLANK_TOKENS: Final = {"tokens": None, "input_tokens": None, "output_tokens": None}


def latency(settings: Latency) -> Rule:
    """Open `latency`."""
    low = None if settings.min is None else settings.min.total_seconds()
    high = None if settings.max is None else settings.max.total_seconds()

    def judge(call: Mapping[str, Any]) -> Result:
        start, end = _moment(call.get("started_at")), _moment(call.get("ended_at"))
        if start is None or end is None:
            return nothing_there("the call has not ended", settings.missing, {"seconds": None})
        seconds = (end - start).total_seconds()
        return result(out_of_range(seconds, low, high, "seconds"), {"seconds": seconds})

    return Rule(("started_at", "ended_at"), judge)


def cost(settings: Cost) -> Rule:
    """Open `cost`. The call must have been asked for with its costs."""

    def judge(call: Mapping[str, Any]) -> Result:
        summary = _object(call.get("summary"))
        usage, costs = _entries(summary), _object(_object(summary.get("weave")).get("costs"))
        models = {model: _spent(entry) for model, entry in costs.items() if isinstance(entry, dict)}
        unpriced = sorted(model for model in usage if model not in models)
        total = sum(models.values())
        members = {"cost": total, "models": models, "unpriced": unpriced}
        if not usage:
            return nothing_there("the call has no usage", settings.missing, members | {"cost": None})
        if unpriced and not models:
            why = f"there is no price for {', '.join(unpriced)}"
            return nothing_there(why, settings.missing, members | {"cost": None})
        return result(out_of_range(total, settings.min, settings.max, "USD"), members)

    return Rule(("summary.usage", "summary.weave.costs"), judge)


def tokens(settings: Tokens) -> Rule:
    """Open `tokens`."""

    def judge(call: Mapping[str, Any]) -> Result:
        usage = _entries(_object(call.get("summary")))
        if not usage:
            return nothing_there("the call has no usage", settings.missing, _BLANK_TOKENS)
        counted = [tokens_of(entry) for entry in usage.values()]
        taken = sum(one.prompt for one in counted)
        given = sum(one.completion for one in counted)
        total = sum(one.total or one.prompt + one.completion for one in counted)
        number = {"total": total, "input": taken, "output": given}[settings.count]
        reason = out_of_range(number, settings.min, settings.max, "tokens")
        return result(reason, {"tokens": number, "input_tokens": taken, "output_tokens": given})

    return Rule(("summary.usage",), judge)


def _moment(value: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _entries(summary: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return usage by model; an entry without any number is none."""
    return {
        model: entry
        for model, entry in _object(summary.get("usage")).items()
        if isinstance(entry, dict) and any(type(count) in {int, float} for count in entry.values())
    }


def _spent(entry: Mapping[str, Any]) -> float:
    values = (entry.get(name) for name in _COSTS)
    return float(sum(value for value in values if isinstance(value, int | float)))
