"""Pipelines as they are handed to the process that decodes: names and settings, no objects."""

from __future__ import annotations

from typing import Any, Final

from msgspec import Struct

WEAVE_API: Final = "weave_api"
"""The type of receiver through which the API writes, and takes OTLP at its own port."""


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

    @property
    def signal(self) -> str:
        """What it leads: `traces` or `logs`."""
        return self.name.partition("/")[0]


class Plan(Struct, frozen=True):
    """All pipelines; `processors` and `connectors` by id. `stores` are the exporters that keep."""

    pipelines: tuple[Pipeline, ...]
    processors: dict[str, Component] = {}
    connectors: dict[str, Component] = {}
    stores: tuple[str, ...] = ()

    @property
    def changes_nothing(self) -> bool:
        """Whether everything goes to every exporter just as it came."""
        if self.connectors or any(each.processors for each in self.pipelines):
            return False
        traces = [each for each in self.pipelines if each.signal == "traces"]
        return len({(each.receivers, each.exporters) for each in traces}) <= 1
