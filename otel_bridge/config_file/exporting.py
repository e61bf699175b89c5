"""What exporters beside the store are told, and the one queue that those which deliver share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from otel_bridge.config_file.exporters import WeaveExporter
from otel_bridge.config_file.problems import spelled
from otel_bridge.config_file.registry import type_of
from otel_bridge.config_file.schema import FileStorage
from otel_bridge.exporter.settings import WeaveSettings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from otel_bridge.config_file.graph import Graph
    from otel_bridge.config_file.span_exporters import FileExporter, OtlpHttpExporter
    from otel_bridge.config_file.using import Used

    Delivering = WeaveExporter | OtlpHttpExporter

OTLP_HTTP: Final = "otlp_http"
SPAN_EXPORTERS: Final = frozenset({OTLP_HTTP, "file", "debug"})
"""Types of `config_file.span_exporters`, which is loaded where one of them is used."""


def exporting(used: Used, graph: Graph, default_project: str | None) -> dict[str, Any]:
    """Return the fields of what is delivered, and of the exporters of the writer process."""
    upstreams = used.all(WeaveExporter, "exporters")
    fields: dict[str, Any] = {}
    fields["upstreams"] = tuple(weave(name, one, default_project) for name, one in upstreams)
    delivering: list[tuple[str, Delivering]] = [*upstreams]
    if any(type_of(name) in SPAN_EXPORTERS for name in graph.used["exporters"]):
        from otel_bridge.config_file import span_exporters as spans  # noqa: PLC0415 - few have any

        passing = used.all(spans.OtlpHttpExporter, "exporters")
        files = used.all(spans.FileExporter, "exporters")
        fields["otlp_receivers"] = tuple(spans.otlp_http(name, one) for name, one in passing)
        fields["outlets"] = (
            *(spans.file(name, one) for name, one in files),
            *(spans.debug(name, one) for name, one in used.all(spans.DebugExporter, "exporters")),
        )
        delivering += passing
        _check_paths(used, files)
        _check_calls(used, graph, {name for name, one in files if one.format != "json"})
    return fields | (_queue(used, delivering) if delivering else {})


def weave(name: str, keys: WeaveExporter, default_project: str | None) -> WeaveSettings:
    """Return what a `weave` exporter is told."""
    queue = keys.sending_queue
    project = None if keys.project in {"from_resource", default_project} else keys.project
    return WeaveSettings(
        name=name,
        endpoint=keys.endpoint,
        api_key=keys.auth.api_key,
        api_key_file=keys.auth.api_key_file,
        scheme=keys.auth.scheme,
        project=project,
        timeout_seconds=keys.timeout.total_seconds(),
        compression=keys.compression,
        max_batch_calls=min(keys.max_batch_calls or queue.batch.max_size, queue.batch.max_size),
        max_batch_bytes=int(keys.max_batch_bytes),
        in_flight=queue.num_consumers,
        flush_seconds=queue.batch.flush_timeout.total_seconds(),
        retry=keys.retry_on_failure.retry,
        required=keys.required and queue.on_full == "refuse",
        tls=keys.tls.settings,
    )


def _queue(used: Used, delivering: Sequence[tuple[str, Delivering]]) -> dict[str, Any]:
    """Return the fields of the queue."""
    fields: dict[str, Any] = {}
    for name, one in delivering:
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


def _said_of_queue(one: Delivering) -> dict[str, Any]:
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


def _check_storage(used: Used, name: str, one: Delivering) -> None:
    storage = one.sending_queue.storage
    if storage is None or used.is_wrong("extensions", storage):
        return
    if not isinstance(used.named("extensions", storage), FileStorage):
        place = ("exporters", name, "sending_queue", "storage")
        used.document.problem(place, f"{spelled(place)}: {storage} is no file_storage in service.extensions")


def _check_paths(used: Used, files: Sequence[tuple[str, FileExporter]]) -> None:
    """Note two exporters that would write one file."""
    first: dict[Path, str] = {}
    for name, one in files:
        other = first.setdefault(Path(one.path).absolute(), name)
        if other != name:
            place = ("exporters", name, "path")
            used.document.problem(place, f"{spelled(place)}: {other} writes this file already")


def _check_calls(used: Used, graph: Graph, without_calls: set[str]) -> None:
    """Note an API whose writes would be acknowledged and kept by nobody: none behind it takes calls."""
    leads = _leads(graph)
    for name in graph.used["receivers"]:
        if type_of(name) != "weave_api":
            continue
        reached, left = set[str](), [name]
        while left:
            new = leads.get(left.pop(), set()) - reached
            reached |= new
            left += new
        ends = reached & {*graph.used["exporters"]}
        if ends and all(type_of(one) == OTLP_HTTP or one in without_calls for one in ends):
            place = ("receivers", name)
            text = f"calls written here would be lost: {', '.join(sorted(ends))} takes spans only"
            used.document.problem_with_key(place, f"{spelled(place)}: {text}")


def _leads(graph: Graph) -> Mapping[str, set[str]]:
    """Return where each receiver and connector leads at once."""
    leads: dict[str, set[str]] = {}
    for route in graph.routes:
        for name in route.receivers:
            leads.setdefault(name, set()).update(route.exporters)
    return leads
