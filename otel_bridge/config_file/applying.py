"""From checked components to the fields of a `BridgeConfig`: what runs is what the pipelines use."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from pydantic import BaseModel

from otel_bridge.backoff import Retry
from otel_bridge.config_file.exporters import StoreExporter, WeaveExporter
from otel_bridge.config_file.flowing import MEMORY_LIMITER, plan_of
from otel_bridge.config_file.guarding import security_of
from otel_bridge.config_file.registry import type_of
from otel_bridge.config_file.schema import FileStorage, HealthCheck, Metrics, OtlpReceiver, WeaveApi
from otel_bridge.config_file.scoring import check_scoring
from otel_bridge.exporter.settings import WeaveSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from otel_bridge.config_file.checking import Components
    from otel_bridge.config_file.document import Document
    from otel_bridge.config_file.graph import Graph
    from otel_bridge.config_file.registry import Kind
    from otel_bridge.config_file.service import Service
    from otel_bridge.processor.settings import MemoryLimiterSettings

ModelT = TypeVar("ModelT", bound=BaseModel)
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
    upstreams = used.all(WeaveExporter, "exporters")
    fields |= {"store": bool(stores), "profile": "standalone" if stores else "sidecar"}
    for _, store in stores:
        fields |= {"retention": store.retention, "max_disk": store.max_bytes}
    fields |= _projects(stores, upstreams)
    if upstreams:
        fields |= _queue(used, upstreams)
        fields["upstreams"] = tuple(_settings(name, one, fields) for name, one in upstreams)
    fields |= _directories(service, stores, fields, document)
    fields |= _flow(graph, components, used)
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
        "log_level": logs.level,
        "log_format": logs.format,
        **service.translation.model_dump(),
    }


class Used:
    """The components that the pipelines and the list of extensions name."""

    def __init__(self, components: Components, graph: Graph, document: Document) -> None:
        self.document = document
        self._components = components
        self._graph = graph

    def all(self, model: type[ModelT], kind: Kind) -> list[tuple[str, ModelT]]:
        """Return the used components of a type, in the order they are used."""
        found = [(name, self.named(kind, name)) for name in self._graph.used[kind]]
        return [(name, one) for name, one in found if isinstance(one, model)]

    def one(self, model: type[ModelT], kind: Kind) -> list[tuple[str, ModelT]]:
        """Return the used component of a type, of which there may be one."""
        found = self.all(model, kind)
        for name, _ in found[1:]:
            self.document.problem_with_key(
                (kind, name), f"{kind}.{name}: {found[0][0]} is in use, and there can be one of this type"
            )
        return found[:1]

    def named(self, kind: Kind, name: str) -> BaseModel | None:
        """Return a used component."""
        return self._components[kind].get(name) if name in self._graph.used[kind] else None

    def names(self, kind: Kind, name: str) -> bool:
        """Tell whether a component is used."""
        return name in self._graph.used[kind]

    def is_wrong(self, kind: Kind, name: str) -> bool:
        """Tell whether a used component was left out because of what is wrong inside it."""
        return name in self._graph.used[kind] and name not in self._components[kind]

    def check_store(self, name: str, store: str | None) -> None:
        """Note an API that is to ask another exporter than the one that answers."""
        if store is None or self.is_wrong("exporters", store):
            return
        stores = [one for one, _ in self.all(StoreExporter, "exporters")]
        answering = stores or [one for one, _ in self.all(WeaveExporter, "exporters")]
        if answering and answering[0] != store:
            text = f"receivers.{name}.store: questions are answered by {answering[0]}, not by {store}"
            self.document.problem(("receivers", name, "store"), text)


def _projects(
    stores: list[tuple[str, StoreExporter]], upstreams: list[tuple[str, WeaveExporter]]
) -> dict[str, Any]:
    """Tell where calls go that name no project: what the store says, else the first upstream that says it."""
    for _, store in stores:
        if "default_project" in store.model_fields_set:
            return {"default_project": store.default_project}
    said = [one.project for _, one in upstreams if one.project != "from_resource"]
    named = next((project for project in said if project is not None), None)
    return {} if named is None and stores else {"default_project": named}


def _queue(used: Used, upstreams: list[tuple[str, WeaveExporter]]) -> dict[str, Any]:
    """Return the fields of the one queue that all upstreams share."""
    fields: dict[str, Any] = {}
    for name, one in upstreams:
        _check_storage(used, name, one)
        for field, value in _said_of_queue(one).items():
            if fields.setdefault(field, value) != value:
                used.document.problem_with_key(
                    ("exporters", name), f"exporters.{name}: {field} differs; all exporters share one queue"
                )
    for _, storage in used.one(FileStorage, "extensions"):
        if storage.directory is not None:
            fields["queue_dir"] = Path(storage.directory)
        fields["queue_min_free"] = storage.min_free_bytes
        if storage.max_bytes is not None:
            fields["queue_size"] = min(fields.get("queue_size", storage.max_bytes), storage.max_bytes)
    return fields


def _said_of_queue(one: WeaveExporter) -> dict[str, Any]:
    """Return what an exporter says of the queue; what it does not say is left to the others."""
    queue, dead = one.sending_queue, one.dead_letter
    said: dict[str, Any] = {}
    if "queue_size" in queue.model_fields_set:
        said["queue_size"] = queue.queue_size
    if "max_age" in queue.model_fields_set:
        said["queue_max_age"] = queue.max_age
    if dead.directory is not None:
        said["dead_letter_dir"] = Path(dead.directory)
    if "max_bytes" in dead.model_fields_set:
        said["dead_letter_size"] = dead.max_bytes
    return said


def _check_storage(used: Used, name: str, one: WeaveExporter) -> None:
    storage = one.sending_queue.storage
    if storage is None or used.is_wrong("extensions", storage):
        return
    if not isinstance(used.named("extensions", storage), FileStorage):
        place = ("exporters", name, "sending_queue", "storage")
        used.document.problem(place, f"{'.'.join(place)}: {storage} is no file_storage in service.extensions")


def _settings(name: str, one: WeaveExporter, fields: Mapping[str, Any]) -> WeaveSettings:
    queue, retry = one.sending_queue, one.retry_on_failure
    project = None if one.project in {"from_resource", fields.get("default_project")} else one.project
    return WeaveSettings(
        name=name,
        endpoint=one.endpoint,
        api_key=one.auth.api_key,
        api_key_file=one.auth.api_key_file,
        scheme=one.auth.scheme,
        project=project,
        timeout_seconds=one.timeout.total_seconds(),
        compression=one.compression,
        max_batch_calls=min(one.max_batch_calls or queue.batch.max_size, queue.batch.max_size),
        max_batch_bytes=int(one.max_batch_bytes),
        in_flight=queue.num_consumers,
        flush_seconds=queue.batch.flush_timeout.total_seconds(),
        retry=Retry(
            initial_interval=retry.initial_interval.total_seconds(),
            max_interval=retry.max_interval.total_seconds(),
            multiplier=retry.multiplier,
            max_elapsed=retry.max_elapsed_time.total_seconds(),
        ),
        required=one.required and queue.on_full == "refuse",
    )


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
