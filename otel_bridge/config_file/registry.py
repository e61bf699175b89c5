"""Every component type there is: its model, how settled it is, and the signals it takes.

A new one is a model and a row here, and what `applying` makes of it.
"""

from __future__ import annotations

from pkgutil import resolve_name
from typing import TYPE_CHECKING, Final, Literal

from msgspec import Struct

from otel_bridge.config_file.exporters import StoreExporter, WeaveExporter
from otel_bridge.config_file.schema import FileStorage, HealthCheck, Metrics, OtlpReceiver, WeaveApi

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import BaseModel

Kind = Literal["receivers", "processors", "exporters", "connectors", "extensions"]
Stability = Literal["alpha", "beta", "stable"]

KINDS: Final[tuple[Kind, ...]] = ("receivers", "processors", "exporters", "connectors", "extensions")
SIGNALS: Final = ("traces", "logs")
"""What pipelines there are."""


class Component(Struct, frozen=True):
    """One type of component; `signals`: how settled it is for each signal it takes.

    An extension takes none: `settled` counts. `of`: its model, or where that is (`module:Name`), to be loaded
    only when something names the type.
    """

    of: type[BaseModel] | str
    settled: Stability = "beta"
    signals: Mapping[str, Stability] = {}

    @property
    def model(self) -> type[BaseModel]:
        """Return its model."""
        found: type[BaseModel] = resolve_name(self.of) if isinstance(self.of, str) else self.of
        return found


_PROCESSORS: Final = "otel_bridge.processor.settings"
_CONNECTORS: Final = "otel_bridge.connector.settings"
_AUTHENTICATORS: Final = "otel_bridge.auth.authenticators"
_EXPORTERS: Final = "otel_bridge.config_file.span_exporters"
_BOTH: Final[dict[str, Stability]] = {"traces": "beta", "logs": "alpha"}

TYPES: Final[Mapping[Kind, Mapping[str, Component]]] = {
    "receivers": {
        "otlp": Component(OtlpReceiver, signals={"traces": "beta", "logs": "alpha"}),
        "weave_api": Component(WeaveApi, signals={"traces": "beta", "logs": "alpha"}),
    },
    "processors": {
        "attributes": Component(f"{_PROCESSORS}:AttributesSettings", signals=_BOTH),
        "filter": Component(f"{_PROCESSORS}:FilterSettings", signals=_BOTH),
        "memory_limiter": Component(f"{_PROCESSORS}:MemoryLimiterSettings", signals=_BOTH),
        "probabilistic_sampler": Component(f"{_PROCESSORS}:SamplerSettings", signals=_BOTH),
        "redaction": Component(f"{_PROCESSORS}:RedactionSettings", signals=_BOTH),
        "resource": Component(f"{_PROCESSORS}:ResourceSettings", signals=_BOTH),
        "truncate": Component(f"{_PROCESSORS}:TruncateSettings", signals=_BOTH),
    },
    "exporters": {
        "weave": Component(WeaveExporter, signals={"traces": "beta"}),
        "store": Component(StoreExporter, signals={"traces": "beta", "logs": "alpha"}),
        "otlp_http": Component(f"{_EXPORTERS}:OtlpHttpExporter", signals={"traces": "beta"}),
        "file": Component(f"{_EXPORTERS}:FileExporter", signals={"traces": "beta"}),
        "debug": Component(f"{_EXPORTERS}:DebugExporter", signals={"traces": "beta"}),
    },
    "connectors": {
        "forward": Component(f"{_CONNECTORS}:ForwardSettings", signals=_BOTH),
        "routing": Component(f"{_CONNECTORS}:RoutingSettings", signals={"traces": "beta"}),
    },
    "extensions": {
        "api_key_auth": Component(f"{_AUTHENTICATORS}:ApiKeyAuth"),
        "basic_auth": Component(f"{_AUTHENTICATORS}:BasicAuth"),
        "bearer_auth": Component(f"{_AUTHENTICATORS}:BearerAuth"),
        "certificate_auth": Component(f"{_AUTHENTICATORS}:CertificateAuth"),
        "key_auth": Component(f"{_AUTHENTICATORS}:KeyAuth"),
        "file_storage": Component(FileStorage),
        "health_check": Component(HealthCheck),
        "metrics": Component(Metrics),
        "kafka": Component("otel_bridge.jobs.kafka.settings:KafkaSettings", settled="alpha"),
    },
}
"""Kind → type → what it is."""


AUTHENTICATORS: Final = tuple(name for name in TYPES["extensions"] if name.endswith("_auth"))
"""The types of extensions that know who sends a request."""


def type_of(component: str) -> str:
    """Return the type of a component id: `weave` of `weave/audit`."""
    return component.partition("/")[0]
