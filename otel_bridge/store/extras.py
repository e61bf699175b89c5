"""What an answer may carry beside a call: its costs, its feedback, sizes, and values in the place of refs.

`contract/weave-api.md` §2.5. All of it is looked up for many calls at once.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import orjson
from msgspec.structs import replace

from otel_bridge.costs.prices import Prices
from otel_bridge.costs.rates import cost_of, tokens_of
from otel_bridge.query.refs import call_ref
from otel_bridge.query.values import iso
from otel_bridge.store.annex.listing import included_feedback
from otel_bridge.store.annex.resolving import Resolver
from otel_bridge.store.expanding import Expander

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from otel_bridge.costs.defaults import DefaultPrices
    from otel_bridge.costs.rates import Rates
    from otel_bridge.model.query import CallsQuery
    from otel_bridge.store.annex.base import AnnexRows
    from otel_bridge.store.lines import Line

    TraceSizes = Callable[[Sequence[str]], Mapping[str, int]]


def wants_extras(query: CallsQuery) -> bool:
    """Tell whether anything is looked up beside the calls."""
    return bool(
        query.include_costs
        or query.include_feedback
        or query.include_total_storage_size
        or (query.expand and query.show_expanded)
    )


class Extras:
    """Adds to lines what a query includes; `trace_sizes` gives the bytes of JSON of whole traces."""

    def __init__(
        self, query: CallsQuery, annex: AnnexRows, defaults: DefaultPrices, trace_sizes: TraceSizes
    ) -> None:
        self._query = query
        self._annex = annex
        self._trace_sizes = trace_sizes
        self._prices = Prices(annex.prices(query.project_id), defaults) if query.include_costs else None
        shown = query.expand if query.show_expanded else ()
        self._expander = Expander(shown, Resolver(annex, query.projects))

    def added(self, lines: Sequence[Line]) -> list[Line]:
        """Return the lines with their extras."""
        feedback = self._feedback(lines)
        sizes = self._sizes(lines)
        return [self._added(line, feedback, sizes) for line in lines]

    def _added(self, line: Line, feedback: Mapping[str, list[Any]], sizes: Mapping[str, int]) -> Line:
        weave: dict[str, Any] = {}
        if self._prices is not None and (costs := costs_of(line.summary, line.started_at, self._prices)):
            weave["costs"] = costs
        if self._query.include_feedback:
            weave["feedback"] = feedback.get(line.id, [])
        return replace(
            line,
            inputs=self._expander.tree("inputs", line.inputs),
            output=self._expander.tree("output", line.output),
            attributes=self._expander.tree("attributes", line.attributes),
            summary=self._expander.tree("summary", line.summary),
            weave=weave or None,
            total_storage_size_bytes=sizes.get(line.trace_id) if line.parent_id is None else None,
        )

    def _feedback(self, lines: Sequence[Line]) -> Mapping[str, list[Any]]:
        found: defaultdict[str, list[Any]] = defaultdict(list)
        if self._query.include_feedback:
            project_id = self._query.project_id
            ids = {call_ref(project_id, line.id): line.id for line in lines}
            for row in self._annex.feedback(project_id, refs=list(ids)):
                found[ids[row.weave_ref]].append(included_feedback(row))
        return found

    def _sizes(self, lines: Sequence[Line]) -> Mapping[str, int]:
        roots = {line.trace_id for line in lines if line.parent_id is None}
        return self._trace_sizes(sorted(roots)) if self._query.include_total_storage_size and roots else {}


def costs_of(summary: bytes | None, started_at: int, prices: Prices) -> dict[str, Any]:
    """Return what each model of a summary's usage cost, for those whose price is known."""
    if summary is None or b'"usage"' not in summary:
        return {}
    tree = orjson.loads(summary)
    usage = tree.get("usage") if isinstance(tree, dict) else None
    costs: dict[str, Any] = {}
    for model, entry in usage.items() if isinstance(usage, dict) else ():
        if not isinstance(entry, dict) or not any(type(count) in {int, float} for count in entry.values()):
            continue
        rates = prices.rates(model, at=started_at, input_tokens=tokens_of(entry).prompt)
        if rates is not None:
            costs[model] = _cost(entry, rates)
    return costs


def _cost(entry: Mapping[str, Any], rates: Rates) -> dict[str, Any]:
    tokens = tokens_of(entry)
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
