"""`resource`: edits the attributes of resources, so also which project spans belong to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from otel_bridge.condition.condition import condition
from otel_bridge.processor.actions import edits

if TYPE_CHECKING:
    from otel_bridge.processor.base import Fate
    from otel_bridge.processor.settings import ResourceSettings
    from otel_bridge.processor.views import CallView, LogView, ResourceView, SpanView


class Resource:
    """The processor; raises ValueError for settings that make no sense."""

    def __init__(self, name: str, settings: ResourceSettings) -> None:
        self.name = name
        self._edit = edits(settings.attributes)
        self._where = None if settings.where is None else condition(settings.where, "resource").holds

    def resource(self, view: ResourceView) -> Fate | None:
        """`Processor.resource`."""
        if self._where is None or self._where(view):
            self._edit(view.attributes)
        return None

    def span(self, view: SpanView) -> Fate | None:
        """`Processor.span`: spans have a processor of their own."""

    def log(self, view: LogView) -> Fate | None:
        """`Processor.log`: only its resource is edited."""

    def call(self, view: CallView) -> Fate | None:
        """`Processor.call`: calls that the API wrote have no resource."""
