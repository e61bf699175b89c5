"""Content and tokens that are missing: who did not send them, why, and the switch to set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson

from otel_bridge.translate.explain.report import Advice, Field
from otel_bridge.translate.explain.switches import LLM, STREAM_SWITCH, SWITCHES
from otel_bridge.translate.failure import STATUS_ERROR

if TYPE_CHECKING:
    from collections.abc import Iterator

    from otel_bridge.model.span import Attributes, Span
    from otel_bridge.translate.explain.switches import Switch

STREAMED: Final = (
    "gen_ai.request.stream", "gen_ai.is_streaming", "llm.is_streaming", "gen_ai.response.time_to_first_chunk",
    "gen_ai.server.time_to_first_token", "ai.response.msToFirstChunk",
)  # fmt: skip
"""Attributes that only, or truthfully, stand on the spans of streams."""

HOW_EMPTY: Final = frozenset({"{}", "[]", '""', "null"})


def advise(span: Span, scope: str, fields: tuple[Field, ...]) -> Iterator[Advice]:
    """Yield what is missing where a span of this kind has it elsewhere."""
    by_name = {field.name: field for field in fields}
    kind = by_name.get("attributes.kind")
    kind_name = kind.value.lower() if kind is not None and type(kind.value) is str else ""
    failed = span.message.status.code == STATUS_ERROR
    switch = sender_of(span.attributes, scope)
    yield from _masked(by_name)
    if switch is not None:
        yield from _content(switch, kind_name, by_name, failed=failed)
    if kind_name in LLM and span.end_ns and not _has_usage(fields):
        yield from _tokens(span, by_name, failed=failed)


def _has_usage(fields: tuple[Field, ...]) -> bool:
    return any(field.name.startswith(_USAGE) and field.value is not None for field in fields)


def sender_of(attributes: Attributes, scope: str) -> Switch | None:
    """Return the row of the sender, None for a span that none recognises."""
    return next((switch for switch in SWITCHES if _recognises(switch, attributes, scope)), None)


def _recognises(switch: Switch, attributes: Attributes, scope: str) -> bool:
    if switch.scopes and scope.startswith(switch.scopes):
        return not scope.startswith("opentelemetry.") or any(key.startswith(_MODELS) for key in attributes)
    if switch.keys and any(key.startswith(switch.keys) for key in attributes):
        return True
    return any(str(attributes.get(key)).startswith(text) for key, text in switch.values if key in attributes)


_MODELS: Final = ("gen_ai.", "llm.", "traceloop.", "db.")
_USAGE: Final = ("summary.usage.", "attributes.aggregated_usage.")


def _content(switch: Switch, kind: str, by_name: dict[str, Field], *, failed: bool) -> Iterator[Advice]:
    """Yield why content is missing, the two of a span together where one switch serves both."""
    missing = [name for name in _PAYLOADS if kind in switch.kinds and _is_absent(by_name.get(name))]
    hidden = [name for name in _PAYLOADS if _is_empty(switch, by_name.get(name))]
    if failed and missing == ["output"]:
        yield _advice(missing, switch, "the span failed before there was an output")
    elif failed and missing and switch.late:
        yield _advice(
            missing, switch, f"the span failed, and {switch.sender} writes messages when a call ends well"
        )
    elif len(missing) == 1 and not hidden and (switch.both or not switch.inputs):
        other = "output" if missing == ["inputs"] else "inputs"
        yield _advice(
            missing,
            switch,
            f"{switch.sender} sent {other}, so it captures content: of this span it says no {missing[0]}",
        )
    else:
        yield from _withheld(switch, missing, f"not sent by {switch.sender}: {switch.says}")
    if failed and hidden == ["output"]:
        yield _advice(hidden, switch, "the span failed before there was an output")
    else:
        yield from _withheld(switch, hidden, f"held back by {switch.sender}: {switch.says}")


_PAYLOADS: Final = ("inputs", "output")


def _advice(names: list[str], switch: Switch, text: str, to_set: str = "") -> Advice:
    return Advice(fields=tuple(names), sender=switch.sender, text=text, switch=to_set)


def _withheld(switch: Switch, names: list[str], text: str) -> Iterator[Advice]:
    if names and (switch.both or not switch.inputs):
        yield _advice(names, switch, text, switch.both)
        return
    for name in names:
        yield _advice([name], switch, text, switch.inputs if name == "inputs" else switch.output)


def _is_absent(field: Field | None) -> bool:
    return field is not None and field.value is None


def _is_empty(switch: Switch, field: Field | None) -> bool:
    """Tell whether a field holds nothing, as its sender sends it instead of content."""
    return (
        switch.empty
        and field is not None
        and field.value is not None
        and orjson.dumps(_inner(field)).decode() in HOW_EMPTY
    )


def _masked(by_name: dict[str, Field]) -> Iterator[Advice]:
    """Yield who put a mark where content would be: the mark tells who, whoever sent the span."""
    for name in _PAYLOADS:
        field = by_name.get(name)
        text = "" if field is None or field.value is None else orjson.dumps(field.value).decode()
        for switch in SWITCHES:
            if any(mark in text for mark in switch.hidden):
                words = f"held back by {switch.sender}: {switch.says}"
                yield from _withheld(switch, [name], words)


def _inner(field: Field) -> Any:
    """Return the value without the key that it stands under."""
    value = field.value
    if type(value) is dict and field.said is not None and set(value) == {field.said.key}:
        return value[field.said.key]
    return value


def _tokens(span: Span, by_name: dict[str, Field], *, failed: bool) -> Iterator[Advice]:
    unread = [lost.said.key for field in by_name.values() if _is_count(field) for lost in field.lost]
    if unread:
        keys = ", ".join(dict.fromkeys(unread))
        text = f"no number stands in {keys}, as for a stream whose usage was not asked for"
        yield Advice(fields=("summary.usage",), sender="the model's API", text=text, switch=STREAM_SWITCH)
    elif failed:
        text = "the span failed before there was usage"
        yield Advice(fields=("summary.usage",), sender="the model's API", text=text)
    elif is_stream(span):
        text = "OpenAI-style APIs send usage with a stream only when they are asked to"
        yield Advice(fields=("summary.usage",), sender="the model's API", text=text, switch=STREAM_SWITCH)
    else:
        text = "no tokens were sent; if the answer was streamed, OpenAI-style APIs must be asked for them"
        yield Advice(fields=("summary.usage",), sender="the model's API", text=text, switch=STREAM_SWITCH)


def _is_count(field: Field) -> bool:
    return field.value is None and field.path[:2] == ("summary", "usage")


def is_stream(span: Span) -> bool:
    """Tell whether the span says that its answer was streamed."""
    attributes = span.attributes
    if any(attributes.get(key) not in {None, False, "false"} for key in STREAMED if key in attributes):
        return True
    if str(attributes.get("ai.operationId", "")).endswith(".doStream"):
        return True
    parameters = str(attributes.get("llm.invocation_parameters", "")).replace(" ", "")
    return '"stream":true' in parameters
