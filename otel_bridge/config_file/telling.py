"""What the bridge tells of itself: metrics, and traces, which go anywhere but to itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit, urlunsplit

from otel_bridge.http.own_host import names_this_host
from otel_bridge.parsers import Endpoint
from otel_bridge.telemetry import Shown
from otel_bridge.tracing import INSTANCE, SpanTarget, TraceSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from otel_bridge.config_file.document import Document
    from otel_bridge.config_file.own_telemetry import OwnTelemetry, SpanBatches

PATH: Final = "/v1/traces"
PORTS: Final = {"http": 80, "https": 443}
DOORS: Final = ("otlp_http", "otlp_grpc", "api")
"""The fields of a `BridgeConfig` that say where OTLP is taken."""
_PLACE: Final = ("service", "telemetry", "traces", "processors")
_URL: Final = ("batch", "exporter", "otlp", "endpoint")


def own_telemetry(telemetry: OwnTelemetry, fields: Mapping[str, Any], document: Document) -> dict[str, Any]:
    """Return the fields that say what the bridge tells of itself, beside its log."""
    metrics = telemetry.metrics
    said: dict[str, Any] = {
        "own_traces": own_traces(telemetry, fields, document),
        "shown": Shown(metrics.level, metrics.compat),
    }
    for reader in metrics.readers:
        place = ("service", "telemetry", "metrics", "readers")
        if "metrics" in fields:
            text = (
                f"{'.'.join(place)}: the extension metrics is in use, and there can be one port for metrics"
            )
            document.problem(place, text)
        port = reader.pull.exporter.prometheus
        said["metrics"] = Endpoint(host=port.host, port=port.port)
    return said


def own_traces(
    telemetry: OwnTelemetry, fields: Mapping[str, Any], document: Document
) -> TraceSettings | None:
    """Return what becomes of own spans, None where there are none; note what would send them in a circle.

    `fields` are those of a `BridgeConfig`: they say where the bridge listens.
    """
    traces = telemetry.traces
    if INSTANCE in telemetry.resource:
        place = ("service", "telemetry", "resource", INSTANCE)
        document.problem(place, f"service.telemetry.resource.{INSTANCE} is set by the bridge")
    if not traces.processors:
        return None
    targets = tuple(_target(one.batch) for one in traces.processors)
    for at, target in enumerate(targets):
        door = own_door(target.url, fields)
        if door is not None:
            spelled = f"{'.'.join(_PLACE)}[{at}].{'.'.join(_URL)}"
            text = (
                f"{spelled}: {target.url} is this bridge itself, at {door}: its own traces must go elsewhere"
            )
            document.problem((*_PLACE, at, *_URL), text)
    return TraceSettings(
        targets=targets,
        ratio=traces.sampler.kept,
        by_parent=traces.sampler.parent_based is not None,
        continues="tracecontext" in traces.propagators,
        resource=telemetry.resource,
    )


def own_door(url: str, fields: Mapping[str, Any]) -> str | None:
    """Return the key of the listener that a URL leads to, as far as names tell; None for another host's."""
    parts = urlsplit(url)
    port = parts.port or PORTS[parts.scheme]
    for key in DOORS:
        door: Endpoint | None = fields.get(key)
        if door is not None and door.port == port and names_this_host(parts.hostname or ""):
            return key
    return None


def _target(batch: SpanBatches) -> SpanTarget:
    otlp = batch.exporter.otlp
    parts = urlsplit(otlp.endpoint)
    whole = otlp.endpoint if parts.path.strip("/") else urlunsplit(parts._replace(path=PATH))
    return SpanTarget(
        url=whole,
        headers=otlp.headers,
        tls=otlp.tls.settings,
        gzip=otlp.compression == "gzip",
        timeout_seconds=otlp.timeout.total_seconds(),
        delay_seconds=max(0.001, batch.schedule_delay.total_seconds()),
        max_queue=batch.max_queue_size,
        max_batch=batch.max_export_batch_size,
    )
