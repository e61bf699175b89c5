"""What of a span became no field, and is only in its `otel_dump` (`attributes.otel_span` of an answer)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from otel_bridge.translate.explain.report import Left
from otel_bridge.translate.failure import STATUS_ERROR
from otel_bridge.translate.heard import PREFIX
from otel_bridge.translate.listen import ROWS as SPOKEN
from otel_bridge.translate.sources import Told
from otel_bridge.translate.values import flatten, read

if TYPE_CHECKING:
    from collections.abc import Iterator

    from otel_bridge.model.span import Attributes, Span
    from otel_bridge.translate.explain.report import Field
    from otel_bridge.translate.heard import Event
    from otel_bridge.translate.listen import Listener

PROJECT_KEYS: Final = frozenset({"wandb.entity", "wandb.project"})


def leftovers(
    span: Span, fields: tuple[Field, ...], listener: Listener, resource: Attributes
) -> Iterator[Left]:
    """Yield what no field used."""
    yield from _attributes(span.attributes, fields)
    yield from _events(span, fields, listener)
    yield from _records(span, fields, listener)
    for link in span.message.links:
        yield Left("link", f"{link.trace_id.hex()}/{link.span_id.hex()}", flatten(link.attributes, {}))
    for key, value in resource.items():
        if key not in PROJECT_KEYS:
            yield Left("resource", key, value)
    yield from _rest(span)


def _heard(name: object) -> bool:
    return type(name) is str and name.startswith(PREFIX)


def _attributes(attributes: Attributes, fields: tuple[Field, ...]) -> Iterator[Left]:
    used = {key for field in fields for key in field.used}
    beaten = _beaten(attributes, fields)
    for key, value in attributes.items():
        if key not in used:
            yield Left("attribute", key, value, beaten.get(key, ""))


def _beaten(attributes: Attributes, fields: tuple[Field, ...]) -> dict[str, str]:
    """Return for attributes that a field might have had why it has not."""
    why: dict[str, str] = {}
    beaten = [(field, lost) for field in fields for lost in field.lost if lost.said.told == Told.ATTRIBUTES]
    for field, lost in beaten:
        taken = field.said.key if field.said and lost.why == "comes later" else ""
        words = f"{field.name} has {taken}" if taken else f"{field.name}: {lost.why}"
        for key in attributes:
            if key == lost.said.key or key.startswith(lost.said.key + "."):
                why.setdefault(key, words)
    return why


def _events(span: Span, fields: tuple[Field, ...], listener: Listener) -> Iterator[Left]:
    events = span.message.events
    speaking = iter(listener.events(Told.EVENTS))
    failed = span.message.status.code == STATUS_ERROR
    last = max((at for at, event in enumerate(events) if event.name == "exception"), default=-1)
    for at, event in enumerate(events):
        members = flatten(event.attributes, {})
        if _heard(event.name):
            if not _taken(next(speaking), fields, Told.EVENTS):
                yield Left("event", event.name, members)
        elif at != last:
            yield Left("event", event.name, members)
        elif not failed:
            yield Left("event", event.name, members, "the span did not fail")


def _records(span: Span, fields: tuple[Field, ...], listener: Listener) -> Iterator[Left]:
    speaking = iter(listener.events(Told.LOGS))
    for record in span.logs:
        members = flatten(record.attributes, {})
        name = record.event_name or members.get("event.name", "")
        if not (_heard(name) and _taken(next(speaking), fields, Told.LOGS)):
            yield Left("log record", str(name), members | {"body": read(record.body, 1, {})})


def _taken(event: Event, fields: tuple[Field, ...], told: Told) -> bool:
    """Tell whether an event went into a field that such events told."""
    names = {field.path[-1] for field in fields if field.said and field.said.told == told}
    return any(row.read([event]) is not None for name in names for row in SPOKEN[name] if row.told is told)


def _rest(span: Span) -> Iterator[Left]:
    message: Any = span.message
    if message.trace_state:
        yield Left("span", "trace_state", message.trace_state)
    for name in ("dropped_attributes_count", "dropped_events_count", "dropped_links_count"):
        count = getattr(message, name)
        if count:
            yield Left("span", name, count, "what the sender's SDK dropped is lost")
