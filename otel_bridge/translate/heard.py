"""What a span's events and log records say: names, and attributes and bodies as one set of members."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from otel_bridge.translate.sources import Told
from otel_bridge.translate.tree import parsed
from otel_bridge.translate.values import flatten, read

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from otel_bridge.model.span import Span

PREFIX: Final = "gen_ai."
"""Events of other names are kept in the span and not mapped."""

ATTACHED: Final = "gen_ai.event.content"
"""An attribute that some senders put an event's body into, as JSON text."""


class Event(NamedTuple):
    """A span event or a log record."""

    name: str
    members: dict[str, Any]


def events_of(span: Span) -> list[Event]:
    """Return the span's own events that tell of messages, in their order."""
    return [
        _event(event.name, flatten(event.attributes, {}), None)
        for event in span.message.events
        if event.name.startswith(PREFIX)
    ]


def logs_of(span: Span) -> list[Event]:
    """Return the log records of the span that tell of messages, in their order."""
    heard = []
    for record in span.logs:
        attributes = flatten(record.attributes, {})
        name = record.event_name or attributes.pop("event.name", "")
        if type(name) is str and name.startswith(PREFIX):
            heard.append(_event(name, attributes, read(record.body, 1, {})))
    return heard


def _event(name: str, members: dict[str, Any], body: Any) -> Event:
    attached = members.pop(ATTACHED, None)
    for said in (parsed(attached) if type(attached) is str else attached, body):
        if type(said) is dict:
            members = members | said
        elif said not in (None, ""):
            members = members | {"content": said}
    return Event(name, members)


HEARD: Final[Mapping[Told, Callable[[Span], list[Event]]]] = {Told.EVENTS: events_of, Told.LOGS: logs_of}
"""Where a source is told → what is said there."""
