"""`attributes`: edits the attributes of spans, and those of calls that the API wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING

from otel_bridge.condition.condition import condition
from otel_bridge.processor.actions import edits
from otel_bridge.processor.base import Processor

if TYPE_CHECKING:
    from otel_bridge.processor.base import Fate
    from otel_bridge.processor.settings import AttributesSettings
    from otel_bridge.processor.views import CallView, LogView, SpanView


class Attributes(Processor):
    """The processor; raises ValueError for settings that make no sense."""

    def __init__(self, name: str, settings: AttributesSettings) -> None:
        self.name = name
        self._edit = edits(settings.actions)
        self._where = None if settings.where is None else condition(settings.where).holds

    def span(self, view: SpanView) -> Fate | None:
        """`Processor.span`."""
        if self._where is None or self._where(view):
            self._edit(view.attributes)
        return None

    def log(self, view: LogView) -> Fate | None:
        """`Processor.log`. Conditions are about spans: with one, log records are left alone."""
        if self._where is None:
            self._edit(view.attributes)
        return None

    def call(self, view: CallView) -> Fate | None:
        """`Processor.call`. The end of a call that travels alone has no attributes."""
        attributes = view.attributes
        if attributes is not None and (self._where is None or self._where(view)):
            self._edit(attributes)
        return None
