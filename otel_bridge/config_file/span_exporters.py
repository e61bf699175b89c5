"""The exporters of spans beside `weave` and `store`, their keys, and what each is told when it runs."""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from otel_bridge.config_file.exporters import BatchBytes, ClientTls, DeadLetter, RetryOnFailure, SendingQueue
from otel_bridge.config_file.http_keys import URL, Headers, WholeUrl
from otel_bridge.exporter.settings import OtlpHttpSettings
from otel_bridge.ingest.exporters.settings import DebugSettings, FileSettings, Rotation
from otel_bridge.parsers import Strict, Wait, checked_url

MAX_SPANS: Final = 10_000
MIB: Final = 1 << 20


def _base_url(text: object) -> object:
    return checked_url(text) if isinstance(text, str) else text


class OtlpHttpExporter(Strict):
    """Passes spans on to an OTLP receiver as OTLP/HTTP in protobuf, through the queue on the disk.

    The receiver may be an OpenTelemetry Collector, another bridge, or any other. Calls that were written
    through the API have no OTLP form: they are counted as `unsupported`.
    """

    endpoint: Annotated[str, BeforeValidator(_base_url), URL] | None = None
    """The base URL of the receiver; spans go to `/v1/traces` behind it."""
    traces_endpoint: WholeUrl | None = None
    """Where spans go, taken as it is; beats `endpoint`."""
    headers: Headers = Field(default={})
    """Headers of every request, for keys."""
    tls: ClientTls = ClientTls()
    """How the receiver is known, and the bridge to it."""
    timeout: Wait = Field(default="30s", validate_default=True)
    """How long one request may take."""
    compression: Literal["gzip", "none"] = "gzip"
    """How bodies are compressed."""
    max_batch_bytes: BatchBytes = Field(default="3MiB", validate_default=True)
    """How many bytes of protobuf one request has at most, before compression; a larger span goes alone."""
    sending_queue: SendingQueue = SendingQueue()
    """What waits for the receiver."""
    retry_on_failure: RetryOnFailure = RetryOnFailure()
    """When a request is made again."""
    dead_letter: DeadLetter = DeadLetter()
    """Where spans lie that cannot be delivered."""
    required: bool = True
    """Whether a full queue makes senders wait; else what waited longest becomes dead letters."""

    @model_validator(mode="after")
    def _goes_somewhere(self) -> Self:
        if self.endpoint is None and self.traces_endpoint is None:
            raise ValueError("endpoint or traces_endpoint is needed")
        return self


class FileRotation(Strict):
    """When a file is put aside for a new one; what is put aside has the time in its name."""

    max_megabytes: int = Field(default=100, ge=1)
    """How many MiB a file has at most; only a larger request makes a larger file."""
    max_days: int = Field(default=0, ge=0)
    """How many days a file that was put aside stays; 0: for ever."""
    max_backups: int = Field(default=100, ge=0)
    """How many of them stay, the last ones; 0: all."""


class FileExporter(Strict):
    """Adds what comes in to a file: lines of OTLP/JSON, or one growing OTLP message.

    Calls that were written through the API are lines too, each an item of `/call/upsert_batch`.
    """

    path: str = Field(min_length=1)
    """The file; what is in it stays."""
    format: Literal["json", "proto"] = "json"
    """How spans are written: lines of OTLP/JSON, or `TracesData` messages one behind the other."""
    compression: Literal["none", "zstd"] = "none"
    """Whether the file is compressed: zstd frames one behind the other, as `zstdcat` reads them."""
    rotation: FileRotation | None = None
    """When the file is put aside for a new one; never where the key is not there."""
    flush_interval: Wait = Field(default="1s", validate_default=True)
    """How long what is written may wait for the disk, where the file is not `required`."""
    required: bool = True
    """Whether senders are answered when it is on the disk; else what cannot be written is counted."""


class DebugExporter(Strict):
    """Tells the log what comes in."""

    verbosity: Literal["basic", "normal", "detailed"] = "basic"
    """`basic`: a line a request, `normal`: one for each span too, `detailed`: with everything in it."""
    sampling_initial: int = Field(default=2, ge=0)
    """How many requests of a second are told."""
    sampling_thereafter: int = Field(default=1, ge=0)
    """Of those after them one of so many; 1: all, 0: none."""


def otlp_http(name: str, keys: OtlpHttpExporter) -> OtlpHttpSettings:
    """Return what an `otlp_http` exporter is told."""
    queue = keys.sending_queue
    return OtlpHttpSettings(
        name=name,
        endpoint=keys.endpoint or "",
        traces_endpoint=keys.traces_endpoint,
        headers=keys.headers,
        timeout_seconds=keys.timeout.total_seconds(),
        compression=keys.compression,
        max_batch_calls=queue.batch.max_size,
        max_batch_bytes=int(keys.max_batch_bytes),
        in_flight=queue.num_consumers,
        flush_seconds=queue.batch.flush_timeout.total_seconds(),
        retry=keys.retry_on_failure.retry,
        required=keys.required and queue.on_full == "refuse",
        tls=keys.tls.settings,
    )


def file(name: str, keys: FileExporter) -> FileSettings:
    """Return what a `file` exporter is told."""
    return FileSettings(
        name=name,
        path=keys.path,
        format=keys.format,
        compression=keys.compression,
        rotation=None if keys.rotation is None else _rotation(keys.rotation),
        flush_seconds=keys.flush_interval.total_seconds(),
        required=keys.required,
    )


def _rotation(keys: FileRotation) -> Rotation:
    return Rotation(max_bytes=keys.max_megabytes * MIB, max_days=keys.max_days, max_backups=keys.max_backups)


def debug(name: str, keys: DebugExporter) -> DebugSettings:
    """Return what a `debug` exporter is told."""
    return DebugSettings(
        name=name,
        verbosity=keys.verbosity,
        sampling_initial=keys.sampling_initial,
        sampling_thereafter=keys.sampling_thereafter,
    )
