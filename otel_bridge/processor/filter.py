"""`filter`: drops spans, calls that the API wrote, and span events that meet a condition."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from otel_bridge.condition.condition import conditions
from otel_bridge.processor.attributes_map import WireAttributes
from otel_bridge.processor.base import Processor

if TYPE_CHECKING:
    from collections.abc import Callable

    from otel_bridge.condition.paths import Context, Subject
    from otel_bridge.processor.base import Fate
    from otel_bridge.processor.settings import FilterSettings
    from otel_bridge.processor.views import CallView, ResourceView, SpanView


class Filter(Processor):
    """The processor; raises ValueError for settings that make no sense.

    A log record goes with its resource only; one of a span that was dropped waits.
    """

    def __init__(self, name: str, settings: FilterSettings) -> None:
        self.name = name
        traces = settings.traces
        self._resource = _tests(traces.resource, "resource")
        self._span = _tests(traces.span, "span")
        self._event = _tests(traces.spanevent, "spanevent")

    def resource(self, view: ResourceView) -> Fate | None:
        """`Processor.resource`."""
        return "filtered" if any(holds(view) for holds in self._resource) else None

    def span(self, view: SpanView) -> Fate | None:
        """`Processor.span`."""
        if any(holds(view) for holds in self._span):
            return "filtered"
        if self._event:
            events = view.message.events
            for at in reversed(range(len(events))):
                event = EventView(events[at], view)
                if any(holds(event) for holds in self._event):
                    del events[at]
        return None

    def call(self, view: CallView) -> Fate | None:
        """`Processor.call`. A half is judged by what travels with it."""
        return "filtered" if any(holds(view) for holds in self._span) else None


def _tests(texts: tuple[str, ...], context: Context) -> tuple[Callable[[Subject], bool], ...]:
    return tuple(one.holds for one in conditions(texts, f"traces.{context}", context))


class EventView:
    """An event of a span, for conditions; `span.` leads to the span around it."""

    __slots__ = ("_attributes", "_event", "_span")

    def __init__(self, event: Any, span: SpanView) -> None:
        self._event = event
        self._span = span
        self._attributes = WireAttributes(event.attributes)

    def field(self, name: str) -> Any:
        if name == "event.name":
            return self._event.name
        return self._span.field(name)

    def entry(self, mapping: str, key: str) -> Any:
        return self._attributes.get(key) if mapping == "event" else self._span.entry(mapping, key)
