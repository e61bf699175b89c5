"""Every type of processor and connector there is: its settings, and what does the work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

from otel_bridge.connector.routing import Routing
from otel_bridge.connector.settings import ForwardSettings, RoutingSettings
from otel_bridge.parsers import Strict  # noqa: TC001 - msgspec reads the annotations
from otel_bridge.processor import settings as keys
from otel_bridge.processor.attributes import Attributes
from otel_bridge.processor.filter import Filter
from otel_bridge.processor.redaction import Redaction
from otel_bridge.processor.resource import Resource
from otel_bridge.processor.sampler import Sampler
from otel_bridge.processor.truncate import Truncate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from otel_bridge.pipeline.plan import Component
    from otel_bridge.processor.base import Processor


class Kind(Struct, frozen=True):
    """A type: the model of its keys, and what makes it; that raises ValueError for what makes no sense."""

    settings: type[Strict]
    build: Callable[[str, Any], Any]


PROCESSORS: Final[Mapping[str, Kind]] = {
    "attributes": Kind(keys.AttributesSettings, Attributes),
    "filter": Kind(keys.FilterSettings, Filter),
    "probabilistic_sampler": Kind(keys.SamplerSettings, Sampler),
    "redaction": Kind(keys.RedactionSettings, Redaction),
    "resource": Kind(keys.ResourceSettings, Resource),
    "truncate": Kind(keys.TruncateSettings, Truncate),
}

CONNECTORS: Final[Mapping[str, Kind]] = {
    "forward": Kind(ForwardSettings, lambda _name, _settings: None),
    "routing": Kind(RoutingSettings, Routing),
}


def open_processor(name: str, component: Component) -> Processor:
    """Make a processor; raise ValueError, pydantic's ValidationError among them."""
    kind = PROCESSORS[component.type]
    processor: Processor = kind.build(name, kind.settings.model_validate(component.settings))
    return processor


def open_connector(name: str, component: Component) -> Routing | None:
    """Make a connector, None for one that leads everything on; raise ValueError."""
    kind = CONNECTORS[component.type]
    connector: Routing | None = kind.build(name, kind.settings.model_validate(component.settings))
    return connector
