"""Every component type there is: its model, how settled it is, and the signals it takes.

A new one is a model and a row here, and what `applying` makes of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from msgspec import Struct

from otel_bridge.config_file.exporters import StoreExporter, WeaveExporter
from otel_bridge.config_file.schema import FileStorage, HealthCheck, Metrics, OtlpReceiver, WeaveApi

if TYPE_CHECKING:
    from collections.abc import Mapping

    from otel_bridge.config_file.fields import Strict

Kind = Literal["receivers", "processors", "exporters", "connectors", "extensions"]
Stability = Literal["alpha", "beta", "stable"]

KINDS: Final[tuple[Kind, ...]] = ("receivers", "processors", "exporters", "connectors", "extensions")
SIGNALS: Final = ("traces", "logs")
"""What pipelines there are."""


class Component(Struct, frozen=True):
    """One type of component; `signals`: how settled it is for each signal it takes.

    An extension takes none: `settled` counts.
    """

    model: type[Strict]
    settled: Stability = "beta"
    signals: Mapping[str, Stability] = {}


TYPES: Final[Mapping[Kind, Mapping[str, Component]]] = {
    "receivers": {
        "otlp": Component(OtlpReceiver, signals={"traces": "beta", "logs": "alpha"}),
        "weave_api": Component(WeaveApi, signals={"traces": "beta", "logs": "alpha"}),
    },
    "processors": {},
    "exporters": {
        "weave": Component(WeaveExporter, signals={"traces": "beta"}),
        "store": Component(StoreExporter, signals={"traces": "beta", "logs": "alpha"}),
    },
    "connectors": {},
    "extensions": {
        "file_storage": Component(FileStorage),
        "health_check": Component(HealthCheck),
        "metrics": Component(Metrics),
    },
}
"""Kind → type → what it is."""


def type_of(component: str) -> str:
    """Return the type of a component id: `weave` of `weave/audit`."""
    return component.partition("/")[0]
