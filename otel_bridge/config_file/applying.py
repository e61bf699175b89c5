"""From checked components to the fields of a `BridgeConfig`: what runs is what the pipelines use."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from otel_bridge.config_file.problems import did_you_mean
from otel_bridge.config_file.schema import (
    FileStorage,
    Listener,
    OtlpReceiver,
    Service,
    StoreExporter,
    WeaveApi,
    WeaveExporter,
)
from otel_bridge.config_file.scoring import check_scoring
from otel_bridge.exporter.settings import Retry, WeaveSettings
from otel_bridge.parsers import Strict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from otel_bridge.config_file.document import Document

StrictT = TypeVar("StrictT", bound=Strict)
SIGNAL: Final = "traces"
STORE_FILE: Final = "calls.db"

Components = dict[str, dict[str, Strict]]


def apply(service: Service, components: Components, document: Document) -> dict[str, Any]:
    """Return the fields; what does not fit together is noted in `document`."""
    used = _Used(service, components, document)
    fields: dict[str, Any] = {"otlp_grpc": None, "otlp_http": None, "api": None}
    for name, receiver in used.of(OtlpReceiver, "receivers"):
        protocols = receiver.protocols
        if protocols.grpc is None and protocols.http is None:
            document.problem(
                ("receivers", name), f"receivers.{name}.protocols: neither grpc nor http is there"
            )
        fields["otlp_grpc"] = protocols.grpc and protocols.grpc.endpoint
        fields["otlp_http"] = protocols.http and protocols.http.endpoint
    for name, api in used.of(WeaveApi, "receivers"):
        fields |= {"api": api.endpoint, "scoring": api.scoring}
        used.check_store(name, api)
        if api.scoring is not None:
            check_scoring(name, api.scoring, used.names, document)
            fields["kafka"] = used.named("extensions", api.scoring.jobs)
    fields |= _listeners(used)
    stores = used.of(StoreExporter, "exporters")
    upstreams = _all(used, WeaveExporter)
    fields["store"] = bool(stores)
    fields["profile"] = "standalone" if stores else "sidecar"
    for _, store in stores:
        fields |= {"retention": store.retention, "max_disk": store.max_bytes}
        if store.path is not None:
            fields["data_dir"] = _directory(store.path)
    fields |= _projects(stores, upstreams)
    if upstreams:
        fields |= _queue(used, upstreams, keeps_calls=bool(stores))
        fields["upstreams"] = tuple(_settings(name, one, fields) for name, one in upstreams)
    given = {"shutdown_timeout": service.shutdown_timeout, "log_level": service.telemetry.logs.level,
             "log_format": service.telemetry.logs.format}  # fmt: skip
    return fields | {name: value for name, value in given.items() if value is not None}


class _Used:
    """The components that the pipelines and the list of extensions name."""

    def __init__(self, service: Service, components: Components, document: Document) -> None:
        self.document = document
        self._components = components
        self.names: dict[str, list[str]] = {"receivers": [], "exporters": [], "extensions": []}
        for pipeline, content in service.pipelines.items():
            place = ("service", "pipelines", pipeline)
            if pipeline.partition("/")[0] != SIGNAL:
                document.problem(place, f"service.pipelines.{pipeline}: pipelines are for {SIGNAL} only")
            self._take("receivers", content.receivers, place)
            self._take("exporters", content.exporters, place)
        self._take("extensions", service.extensions, ("service",))

    def of(self, model: type[StrictT], kind: str) -> list[tuple[str, StrictT]]:
        """Return the used components of a type, of which there may be one."""
        found = _all(self, model, kind)
        for name, _ in found[1:]:
            self.document.problem((kind, name), f"{kind}.{name}: there is one of this type already")
        return found[:1]

    def named(self, kind: str, name: str) -> Strict | None:
        """Return a used component."""
        return self._components[kind].get(name) if name in self.names[kind] else None

    def check_store(self, name: str, api: WeaveApi) -> None:
        """Note an API that reads an exporter which cannot be read."""
        if api.store is not None and not isinstance(
            self.named("exporters", api.store), StoreExporter | WeaveExporter
        ):
            place = ("receivers", name, "store")
            self.document.problem(place, f"receivers.{name}.store: {api.store} is no exporter of a pipeline")

    def _take(self, kind: str, names: Iterable[str], place: tuple[str, ...]) -> None:
        defined = self.document.defined(kind)
        for at, name in enumerate(names):
            if name not in defined:
                hint = did_you_mean(name, defined)
                self.document.problem(
                    (*place, kind, at), f"{'.'.join((*place, kind))}: {name} is not defined{hint}"
                )
            elif name not in self.names[kind]:
                self.names[kind].append(name)


def _all(used: _Used, model: type[StrictT], kind: str = "exporters") -> list[tuple[str, StrictT]]:
    found = [(name, used.named(kind, name)) for name in used.names[kind]]
    return [(name, one) for name, one in found if isinstance(one, model)]


def _listeners(used: _Used) -> dict[str, Any]:
    fields = {"health_check": "admin", "metrics": "metrics"}
    return {
        fields[name.partition("/")[0]]: listener.endpoint
        for name, listener in _all(used, Listener, "extensions")
    }


def _projects(
    stores: list[tuple[str, StoreExporter]], upstreams: list[tuple[str, WeaveExporter]]
) -> dict[str, Any]:
    """Tell where calls go that name no project: what the store says, else the first upstream that says it."""
    said = [store.default_project for _, store in stores]
    said += [one.project for _, one in upstreams if one.project != "from_resource"]
    named = next((project for project in said if project is not None), None)
    return {} if named is None and stores else {"default_project": named}


def _queue(used: _Used, upstreams: list[tuple[str, WeaveExporter]], *, keeps_calls: bool) -> dict[str, Any]:
    """Return the fields of the one queue that all upstreams share."""
    fields: dict[str, Any] = {}
    for name, one in upstreams:
        queue = one.sending_queue
        said: dict[str, Any] = {"queue_size": queue.queue_size}
        if "max_age" in queue.model_fields_set:
            said["queue_max_age"] = queue.max_age
        said["dead_letter_dir"] = Path(one.dead_letter.directory) if one.dead_letter.directory else None
        said["dead_letter_size"] = one.dead_letter.max_bytes
        if queue.storage is not None and not isinstance(used.named("extensions", queue.storage), FileStorage):
            place = ("exporters", name, "sending_queue", "storage")
            used.document.problem(
                place, f"{'.'.join(place)}: {queue.storage} is no file_storage in service.extensions"
            )
        for field, value in said.items():
            if (value is not None or field == "queue_max_age") and fields.setdefault(field, value) != value:
                used.document.problem(
                    ("exporters", name), f"exporters.{name}: {field} differs; all exporters share one queue"
                )
    for _, storage in used.of(FileStorage, "extensions"):
        fields["queue_dir"] = Path(storage.directory)
        if not keeps_calls:
            fields["data_dir"] = Path(storage.directory)
        if storage.min_free_bytes is not None:
            fields["queue_min_free"] = storage.min_free_bytes
        if storage.max_bytes is not None:
            fields["queue_size"] = min(fields.get("queue_size", storage.max_bytes), storage.max_bytes)
    return fields


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


def _directory(path: str) -> Path:
    """Return the data directory of a store: the path, or where the file of this name is."""
    found = Path(path)
    return found.parent if found.name == STORE_FILE else found
