"""The components that exist, and their keys (`contract/pipeline-config.md` §2.2). Every model is strict."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ByteSize, Field, SecretStr

from otel_bridge.exporter.settings import MAX_BODY_BYTES
from otel_bridge.parsers import (
    Duration,
    ListensAt,
    ProjectId,
    Size,
    Strict,
    Wait,
    checked_key,
    checked_url,
    parse_size,
)


def _empty_is_all_defaults(value: object) -> object:
    return {} if value is None else value


def _url(text: object) -> object:
    return checked_url(text, "endpoint") if isinstance(text, str) else text


def _key(text: object) -> object:
    return checked_key(text, "api_key") if isinstance(text, str) else text


class GrpcProtocol(Strict):
    """OTLP over gRPC."""

    endpoint: ListensAt = Field(default="127.0.0.1:4317", validate_default=True)


class HttpProtocol(Strict):
    """OTLP over HTTP."""

    endpoint: ListensAt = Field(default="127.0.0.1:4318", validate_default=True)


class Protocols(Strict):
    """Which of the two are spoken; at least one."""

    grpc: Annotated[GrpcProtocol | None, BeforeValidator(_empty_is_all_defaults)] = None
    http: Annotated[HttpProtocol | None, BeforeValidator(_empty_is_all_defaults)] = None


class OtlpReceiver(Strict):
    """Spans come in."""

    protocols: Protocols


class WeaveApi(Strict):
    """Weave's API: calls come in, questions are answered by `store`, an exporter."""

    endpoint: ListensAt = Field(default="127.0.0.1:6345", validate_default=True)
    store: str | None = None
    scoring: Any = None


class Auth(Strict):
    """The key of an upstream, sent as HTTP Basic or as Bearer token."""

    api_key: Annotated[SecretStr, BeforeValidator(_key)] | None = None
    api_key_file: str | None = None
    scheme: Literal["basic", "bearer"] = "basic"


class Batch(Strict):
    """How calls are put together when they leave."""

    flush_timeout: Wait = Field(default="200ms", validate_default=True)
    max_size: int = Field(default=1000, ge=1, le=10_000)


class SendingQueue(Strict):
    """What waits for an exporter, in a `file_storage`."""

    storage: str | None = None
    sizer: Literal["bytes"] = "bytes"
    queue_size: Size | None = None
    max_age: Duration = None
    num_consumers: int = Field(default=4, ge=1, le=64)
    order: Literal["per_trace"] = "per_trace"
    on_full: Literal["refuse", "drop_oldest"] = "refuse"
    batch: Batch = Batch()


class RetryOnFailure(Strict):
    """When an attempt is made again; waits are spread over the whole interval ("full jitter")."""

    initial_interval: Wait = Field(default="1s", validate_default=True)
    max_interval: Wait = Field(default="10s", validate_default=True)
    multiplier: float = Field(default=1.5, ge=1, le=10)
    max_elapsed_time: Wait = Field(default="0s", validate_default=True)


class DeadLetter(Strict):
    """Where calls lie that cannot be delivered."""

    directory: str | None = None
    max_bytes: Size | None = None


class WeaveExporter(Strict):
    """An upstream Weave server."""

    endpoint: Annotated[str, BeforeValidator(_url)]
    auth: Auth = Auth()
    project: ProjectId | Literal["from_resource"] | None = None
    timeout: Wait = Field(default="30s", validate_default=True)
    compression: Literal["auto", "gzip", "none"] = "auto"
    max_batch_calls: int | None = Field(default=None, ge=1, le=10_000)
    max_batch_bytes: Annotated[ByteSize, Field(ge=1024, le=MAX_BODY_BYTES)] = ByteSize(3 << 20)
    sending_queue: SendingQueue = SendingQueue()
    retry_on_failure: RetryOnFailure = RetryOnFailure()
    dead_letter: DeadLetter = DeadLetter()
    required: bool = True


class StoreExporter(Strict):
    """The embedded store."""

    path: str | None = None
    retention: Duration = Field(default="14d", validate_default=True)
    max_bytes: Annotated[ByteSize | None, BeforeValidator(parse_size)] = Field(
        default="20GiB", validate_default=True
    )
    default_project: ProjectId | None = None


class FileStorage(Strict):
    """The directory of the queue."""

    directory: str
    max_bytes: Size | None = None
    min_free_bytes: Size | None = None


class Listener(Strict):
    """Where probes or metrics are served."""

    endpoint: ListensAt


class Logs(Strict):
    """What the bridge says of itself."""

    level: Literal["debug", "info", "warning", "error"] | None = None
    format: Literal["console", "json"] | None = None


class OwnTelemetry(Strict):
    """The bridge's own logs."""

    logs: Logs = Logs()


class Pipeline(Strict):
    """From receivers to exporters."""

    receivers: list[str] = Field(min_length=1)
    exporters: list[str] = Field(min_length=1)


class Service(Strict):
    """What of all this runs."""

    extensions: list[str] = Field(default=[])
    shutdown_timeout: Wait | None = None
    telemetry: OwnTelemetry = OwnTelemetry()
    pipelines: dict[str, Pipeline] = Field(min_length=1)


class Shell(Strict):
    """The maps of a file; their components are read one by one, by type."""

    receivers: dict[str, Any]
    exporters: dict[str, Any]
    extensions: dict[str, Any] = Field(default={})
    service: Service


TYPES: dict[str, dict[str, type[Strict] | str]] = {
    "receivers": {"otlp": OtlpReceiver, "weave_api": WeaveApi},
    "exporters": {"weave": WeaveExporter, "store": StoreExporter},
    "extensions": {
        "file_storage": FileStorage,
        "health_check": Listener,
        "metrics": Listener,
        "kafka": "otel_bridge.jobs.kafka.settings:KafkaSettings",
    },
}
"""Kind → type → its keys; a model that few files need is named, and loaded where one does."""
