"""A closer look at some spans of one scope: who made them, and what they leave out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

from otel_bridge.model.senders import Hint
from otel_bridge.translate.explain import explain
from otel_bridge.translate.explain.advice import sender_of
from otel_bridge.translate.explain.switches import LLM
from otel_bridge.translate.failure import STATUS_ERROR
from otel_bridge.translate.stored import SPAN_ID_BYTES, TRACE_ID_BYTES, span_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from otel_bridge.model.span import Origin, Span
    from otel_bridge.translate.options import Options

LOOKED_AT: Final = 16
"""Spans of a scope among which one is chosen that is looked at closely."""
MODEL_KEYS: Final = frozenset(
    {"gen_ai.request.model", "gen_ai.response.model", "llm.model_name", "ai.model.id", "ai.operationId"}
)
"""Attributes by which the span of a model's call is known before it is translated."""
GENERAL: Final = ("db.", "http.", "net.", "server.", "client.", "url.", "network.", "thread.", "code.")
"""Beginnings of attributes that any program has."""
CONTENT: Final = frozenset({"inputs", "output"})


class Look(Struct, frozen=True):
    """What was seen. `delay_ns`: from the end of the last span to its arrival, None while all are open.

    `llm`: the span looked at closely is a call of a model that ended well; only then the rest means anything.
    """

    dialect: str
    roots: bool
    delay_ns: int | None
    llm: bool = False
    content: Hint | None = None
    tokens: Hint | None = None


def look(messages: Sequence[Any], origin: Origin, scope: str, options: Options) -> Look:
    """Look at spans of one scope; nothing of their content is kept."""
    some = [each for each in messages[:LOOKED_AT] if len(each.trace_id) == TRACE_ID_BYTES]
    some = [each for each in some if len(each.span_id) == SPAN_ID_BYTES]
    if not some:
        return Look("", False, None)
    ends = [message.end_time_unix_nano for message in some if message.end_time_unix_nano]
    roots = any(not message.parent_span_id for message in messages)
    delay = origin.received_ns - max(ends) if ends else None
    span = span_of(_telling(some), origin)
    switch = sender_of(span.attributes, scope)
    dialect = "" if switch is None or not _of_models(span) else switch.sender
    if span.message.status.code == STATUS_ERROR or not span.end_ns:
        return Look(dialect, roots, delay)
    return _closely(span, Look(dialect, roots, delay), options)


def _closely(span: Span, seen: Look, options: Options) -> Look:
    explained = explain(span, options)
    kind = explained.field("attributes.kind")
    if kind is None or str(kind.value).lower() not in LLM:
        return seen
    content = tokens = None
    for advice in explained.advice:
        hint = Hint(advice.fields, advice.text, advice.switch)
        if CONTENT & {*advice.fields}:
            content = content or hint
        else:
            tokens = tokens or hint
    return Look(seen.dialect, seen.roots, seen.delay_ns, True, content, tokens)


def _of_models(span: Span) -> bool:
    """Tell whether anything is about more than OTel's general conventions: scopes alone do not tell."""
    return any(not key.startswith(GENERAL) for key in span.attributes)


def _telling(messages: Sequence[Any]) -> Any:
    """Choose the span that says most: the call of a model that went well, if there is one."""
    of_models = [one for one in messages if any(each.key in MODEL_KEYS for each in one.attributes)]
    well = [one for one in of_models if one.status.code != STATUS_ERROR]
    return next(iter(well or of_models or messages))
