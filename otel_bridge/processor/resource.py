"""`resource`: edits the attributes of resources, so also which project spans belong to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from otel_bridge.condition.condition import condition
from otel_bridge.processor.actions import edits
from otel_bridge.processor.base import Processor

if TYPE_CHECKING:
    from otel_bridge.processor.base import Fate
    from otel_bridge.processor.settings import ResourceSettings
    from otel_bridge.processor.views import ResourceView


class Resource(Processor):
    """The processor; raises ValueError for settings that make no sense. Calls of the API have no resource."""

    def __init__(self, name: str, settings: ResourceSettings) -> None:
        self.name = name
        self._edit = edits(settings.attributes)
        self._where = None if settings.where is None else condition(settings.where, "resource").holds

    def resource(self, view: ResourceView) -> Fate | None:
        """`Processor.resource`."""
        if self._where is None or self._where(view):
            self._edit(view.attributes)
        return None
