"""Counts what calls used together with all calls below them (`contract/weave-api.md` §1.3)."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, TypeAlias

import orjson
from msgspec import Struct

from otel_bridge.costs.prices import Prices
from otel_bridge.costs.rates import Cost, Tokens, cost_of, tokens_of
from otel_bridge.errors import InvalidRequest
from otel_bridge.model.query import CallsFilter, CallsQuery

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from otel_bridge.costs.defaults import DefaultPrices
    from otel_bridge.model.questions import AskCallsUsage, AskTraceUsage
    from otel_bridge.store.annex.base import Reads, Used


class Spent(Struct, frozen=True):
    """Tokens of one model, and what they cost where that is known."""

    tokens: Tokens
    cost: Cost | None


Usage: TypeAlias = "dict[str, Spent]"
"""By model."""


def trace_usage(reads: Reads, question: AskTraceUsage, defaults: DefaultPrices) -> bytes:
    """Answer `/trace/usage`: one entry for each of the calls."""
    query = CallsQuery(project_id=question.project_id, filter=question.filter, query=question.query)
    calls = _within(reads.used(query, question.limit + 1), question.limit)
    prices = Prices(reads.prices(question.project_id), defaults) if question.include_costs else None
    return _answer(calls, _rolled_up(calls, prices), [call.id for call in calls])


def calls_usage(reads: Reads, question: AskCallsUsage, defaults: DefaultPrices) -> bytes:
    """Answer `/calls/usage`: one entry for each of the calls that are asked for and kept."""
    project_id, limit = question.project_id, question.limit
    asked = CallsQuery(project_id=project_id, filter=CallsFilter(call_ids=question.call_ids))
    roots = reads.used(asked, len(question.call_ids)) if question.call_ids else ()
    traces = tuple({call.trace_id for call in roots})
    whole = CallsQuery(project_id=project_id, filter=CallsFilter(trace_ids=traces))
    calls = _within(reads.used(whole, limit + 1), limit) if traces else ()
    prices = Prices(reads.prices(project_id), defaults) if question.include_costs else None
    usage = _rolled_up(calls, prices)
    shown = [call_id for call_id in dict.fromkeys(question.call_ids) if call_id in usage]
    return _answer(_below(calls, set(shown)), usage, shown)


def _within(calls: Sequence[Used], limit: int) -> Sequence[Used]:
    if len(calls) > limit:
        raise InvalidRequest(f"there are more than {limit} calls; narrow the question or raise limit")
    return calls


def _answer(calls: Iterable[Used], usage: Mapping[str, Usage], shown: Iterable[str]) -> bytes:
    return orjson.dumps(
        {
            "call_usage": {
                call_id: {model: _shown(spent) for model, spent in usage[call_id].items()}
                for call_id in shown
            },
            "unfinished_call_ids": [call.id for call in calls if call.ended_at is None],
        }
    )


def _shown(spent: Spent) -> dict[str, Any]:
    tokens, cost = spent.tokens, spent.cost
    return {
        "requests": tokens.requests,
        "prompt_tokens": tokens.prompt,
        "completion_tokens": tokens.completion,
        "total_tokens": tokens.total,
        "cache_read_input_tokens": tokens.cache_read,
        "cache_creation_input_tokens": tokens.cache_creation,
        "prompt_tokens_total_cost": None if cost is None else cost.prompt,
        "completion_tokens_total_cost": None if cost is None else cost.completion,
        "cache_read_input_tokens_total_cost": None if cost is None else cost.cache_read,
        "cache_creation_input_tokens_total_cost": None if cost is None else cost.cache_creation,
    }


def _children(calls: Iterable[Used]) -> Mapping[tuple[str, str], list[Used]]:
    below: defaultdict[tuple[str, str], list[Used]] = defaultdict(list)
    for call in calls:
        if call.parent_id is not None:
            below[call.trace_id, call.parent_id].append(call)
    return below


def _below(calls: Sequence[Used], roots: set[str]) -> list[Used]:
    """Return these calls and all below them."""
    children = _children(calls)
    todo = [call for call in calls if call.id in roots]
    found: dict[str, Used] = {}
    while todo:
        call = todo.pop()
        if call.id not in found:
            found[call.id] = call
            todo += children.get((call.trace_id, call.plain_id), ())
    return [call for call in calls if call.id in found]


def _rolled_up(calls: Sequence[Used], prices: Prices | None) -> Mapping[str, Usage]:
    """Sum usage from the leaves up; a circle of parents is cut where it is met again."""
    children = _children(calls)
    done: dict[str, Usage] = {}
    for start in calls:
        stack: list[tuple[Used, bool]] = [(start, False)]
        open_: set[str] = set()
        while stack:
            call, is_ready = stack.pop()
            below = children.get((call.trace_id, call.plain_id), ())
            if is_ready:
                done[call.id] = _with_children(call, [done[c.id] for c in below if c.id in done], prices)
            elif call.id not in done and call.id not in open_:
                open_.add(call.id)
                stack.append((call, True))
                stack += [(child, False) for child in below]
    return done


def _with_children(call: Used, below: Iterable[Usage], prices: Prices | None) -> Usage:
    own = _own(call, prices)
    sums: Usage = {}
    for usage in below:
        for model, spent in usage.items():
            sums[model] = _plus(sums[model], spent) if model in sums else spent
    return {
        model: _joined(own.get(model), sums.get(model), is_span=call.is_span)
        for model in dict.fromkeys((*own, *sums))
    }


def _joined(own: Spent | None, below: Spent | None, *, is_span: bool) -> Spent:
    """Join what a call says with what lies below it, which an SDK's calls, and agents' spans, say again."""
    if own is None or below is None:
        return own or below or Spent(Tokens(), None)
    says_all = own.tokens == below.tokens if is_span else _covers(own.tokens, below.tokens)
    return own if says_all else _plus(own, below)


def _covers(own: Tokens, below: Tokens) -> bool:
    return (
        own.prompt >= below.prompt
        and own.completion >= below.completion
        and own.cache_read >= below.cache_read
        and own.cache_creation >= below.cache_creation
    )


def _plus(one: Spent, other: Spent) -> Spent:
    known = [cost for cost in (one.cost, other.cost) if cost is not None]
    return Spent(one.tokens.plus(other.tokens), sum_of(known))


def sum_of(costs: Sequence[Cost]) -> Cost | None:
    """Add costs, None when there are none."""
    total: Cost | None = None
    for cost in costs:
        total = cost if total is None else total.plus(cost)
    return total


def _own(call: Used, prices: Prices | None) -> Usage:
    entries = orjson.loads(call.usage) if call.usage else None
    if not isinstance(entries, dict):
        return {}
    return {
        model: _spent(model, entry, call.started_at, prices)
        for model, entry in entries.items()
        if isinstance(entry, dict)
    }


def _spent(model: str, entry: Mapping[str, Any], at: int, prices: Prices | None) -> Spent:
    tokens = tokens_of(entry)
    rates = None if prices is None else prices.rates(model, at=at, input_tokens=tokens.prompt)
    return Spent(tokens, None if rates is None else cost_of(tokens, rates))
