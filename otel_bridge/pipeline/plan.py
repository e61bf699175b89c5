"""Pipelines as they are handed to the process that decodes: names and settings, no objects."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

OTLP = "otlp"
WEAVE_API = "weave_api"
"""Types of receivers."""


class Component(Struct, frozen=True):
    """A processor or a connector: its type, and its keys as the configuration has them."""

    type: str
    settings: dict[str, Any] = {}


class Pipeline(Struct, frozen=True):
    """One pipeline, by names: of receivers and exporters, and of connectors among both."""

    name: str
    receivers: tuple[str, ...]
    processors: tuple[str, ...]
    exporters: tuple[str, ...]


class Plan(Struct, frozen=True):
    """All pipelines of spans; `processors` and `connectors` by id. `stores` are the exporters that keep."""

    pipelines: tuple[Pipeline, ...]
    processors: dict[str, Component] = {}
    connectors: dict[str, Component] = {}
    stores: tuple[str, ...] = ()

    @property
    def changes_nothing(self) -> bool:
        """Whether everything goes to every exporter just as it came."""
        exporters = {each.exporters for each in self.pipelines}
        receivers = {each.receivers for each in self.pipelines}
        plain = not any(each.processors for each in self.pipelines) and not self.connectors
        return plain and len(exporters) <= 1 and len(receivers) <= 1
