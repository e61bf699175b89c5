"""From checked components to the fields of a `BridgeConfig`: what runs is what the pipelines use."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from otel_bridge.config_file.exporters import StoreExporter, WeaveExporter
from otel_bridge.config_file.exporting import exporting
from otel_bridge.config_file.flowing import MEMORY_LIMITER, plan_of
from otel_bridge.config_file.gates import enabled
from otel_bridge.config_file.guarding import security_of
from otel_bridge.config_file.registry import type_of
from otel_bridge.config_file.schema import HealthCheck, Metrics, OtlpReceiver, WeaveApi
from otel_bridge.config_file.scoring import check_scoring
from otel_bridge.config_file.telling import own_telemetry
from otel_bridge.config_file.using import Used

if TYPE_CHECKING:
    from collections.abc import Mapping

    from otel_bridge.config_file.checking import Components
    from otel_bridge.config_file.document import Document
    from otel_bridge.config_file.graph import Graph
    from otel_bridge.config_file.service import Service
    from otel_bridge.processor.settings import MemoryLimiterSettings

STORE_FILE: Final = "calls.db"


def apply(service: Service, components: Components, graph: Graph, document: Document) -> dict[str, Any]:
    """Return the fields; what does not fit together is noted in `document`."""
    used = Used(components, graph, document)
    fields: dict[str, Any] = {"otlp_grpc": None, "otlp_http": None, "api": None}
    fields |= _otlp(used)
    for name, api in used.one(WeaveApi, "receivers"):
        fields |= {"api": api.endpoint, "scoring": api.scoring}
        fields["api_security"] = security_of(used, ("receivers", name), api.auth, api.tls, api.cors)
        used.check_store(name, api.store)
        if api.scoring is not None:
            check_scoring(name, api.scoring, graph.used, document)
            fields["kafka"] = used.named("extensions", api.scoring.jobs)
    for _, probes in used.one(HealthCheck, "extensions"):
        fields["admin"] = probes.endpoint
    for _, metrics in used.one(Metrics, "extensions"):
        fields["metrics"] = metrics.endpoint
    stores = used.one(StoreExporter, "exporters")
    fields |= {"store": bool(stores), "profile": "standalone" if stores else "sidecar"}
    for _, store in stores:
        fields |= {"retention": store.retention, "max_disk": store.max_bytes}
        fields["project_retention"] = {glob: one.retention for glob, one in store.projects.items()}
    fields |= _projects(stores, used.all(WeaveExporter, "exporters"))
    fields |= exporting(used, graph, fields.get("default_project"))
    fields |= _directories(service, stores, fields, document)
    fields |= _flow(graph, components, used)
    fields |= own_telemetry(service.telemetry, fields, document)
    logs = "on" if "logs" in graph.signals() else "off"
    return fields | {"logs": logs} | _of_service(service)


def _otlp(used: Used) -> dict[str, Any]:
    """Return where OTLP is spoken."""
    fields: dict[str, Any] = {}
    for name, receiver in used.one(OtlpReceiver, "receivers"):
        protocols, place = receiver.protocols, ("receivers", name, "protocols")
        if protocols.grpc is not None:
            fields["otlp_grpc"] = protocols.grpc.endpoint
            fields["otlp_grpc_size"] = protocols.grpc.max_recv_msg_size_mib << 20
            fields["otlp_grpc_keepalive"] = protocols.grpc.keepalive.settings
            fields["otlp_grpc_security"] = security_of(
                used, (*place, "grpc"), protocols.grpc.auth, protocols.grpc.tls
            )
        if protocols.http is not None:
            fields["otlp_http"] = protocols.http.endpoint
            fields["otlp_http_size"] = protocols.http.max_request_body_size
            fields["otlp_http_security"] = security_of(
                used, (*place, "http"), protocols.http.auth, protocols.http.tls, protocols.http.cors
            )
        fields["unsupported_signals"] = receiver.unsupported_signals
    return fields


def _of_service(service: Service) -> dict[str, Any]:
    logs = service.telemetry.logs
    return {
        "shutdown_timeout": service.shutdown_timeout,
        "allow_unauthenticated": service.allow_unauthenticated,
        "reload_interval": service.reload_interval,
        "log_level": logs.level,
        "log_format": logs.format,
        "gates": enabled(service.feature_gates),
        **service.translation.model_dump(),
    }


def _projects(
    stores: list[tuple[str, StoreExporter]], upstreams: list[tuple[str, WeaveExporter]]
) -> dict[str, Any]:
    """Tell where calls go that name no project: what the store says, else the first upstream that says it.

    Where there is neither, spans need no project of their own to be passed on.
    """
    for _, store in stores:
        if "default_project" in store.model_fields_set:
            return {"default_project": store.default_project}
    said = [one.project for _, one in upstreams if one.project != "from_resource"]
    named = next((project for project in said if project is not None), None)
    return {} if named is None and (stores or not upstreams) else {"default_project": named}


def _directories(
    service: Service, stores: list[tuple[str, StoreExporter]], fields: Mapping[str, Any], document: Document
) -> dict[str, Path]:
    """Return where data lies: what the service says, else where the store is, else where the queue is."""
    said = None if service.data_dir is None else Path(service.data_dir)
    for name, store in stores:
        where = None if store.path is None else _directory(store.path)
        if said is not None and where not in {None, said}:
            document.problem(
                ("exporters", name, "path"), f"exporters.{name}.path: service.data_dir is another directory"
            )
        said = said or where
    if said is None and not stores:
        said = fields.get("queue_dir")
    return {} if said is None else {"data_dir": said}


def _directory(path: str) -> Path:
    """Return the data directory of a store: the path, or where the file of this name is."""
    found = Path(path)
    return found.parent if found.name == STORE_FILE else found


def _flow(graph: Graph, components: Components, used: Used) -> dict[str, Any]:
    """Return what pipelines make of what comes in, and what they say of memory."""
    document = used.document
    if "traces" not in graph.signals():
        document.problem(("service", "pipelines"), "service.pipelines: there is no pipeline of traces")
    fields: dict[str, Any] = {"pipelines": plan_of(graph, components, document)}
    if any(type_of(name) == MEMORY_LIMITER for name in graph.used["processors"]):
        fields["memory_limiter"] = _memory(used)
    return fields


def _memory(used: Used) -> MemoryLimiterSettings | None:
    """Return the limit of memory that pipelines name; there is one bridge, so one limit."""
    from otel_bridge.processor.settings import MemoryLimiterSettings  # noqa: PLC0415 - where it is named

    found = used.one(MemoryLimiterSettings, "processors")
    return found[0][1] if found else None
