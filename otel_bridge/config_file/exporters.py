"""The exporters that exist, and their keys (`contract/pipeline-config.md` §2.2)."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, ByteSize, Field, SecretStr, model_validator

from otel_bridge.backoff import Retry
from otel_bridge.config_file.ids import ComponentId  # noqa: TC001 - pydantic reads the annotations
from otel_bridge.exporter.settings import MAX_BODY_BYTES, TlsSettings
from otel_bridge.parsers import (
    Duration,
    ProjectId,
    Size,
    SizeOrOff,
    Strict,
    Wait,
    Written,
    checked_key,
    checked_url,
)


def _url(text: object) -> object:
    return checked_url(text) if isinstance(text, str) else text


def _key(text: object) -> object:
    return checked_key(text) if isinstance(text, str) else text


BatchBytes = Annotated[
    ByteSize,
    Field(ge=1024, le=MAX_BODY_BYTES),
    Written({"type": ["string", "integer"], "title": "size", "examples": ["3MiB"]}),
]
"""How large one request may be, before compression."""


class Auth(Strict):
    """The key of an upstream, sent as HTTP Basic or as Bearer token."""

    api_key: Annotated[SecretStr, BeforeValidator(_key)] | None = None
    """The key. `${file:/path}` is the same as `api_key_file`."""
    api_key_file: str | None = None
    """A file that holds the key; it is read again when it changes, and when the server refuses the key."""
    scheme: Literal["basic", "bearer"] = "basic"
    """How the key is sent: as HTTP Basic `api:KEY`, or as Bearer token."""

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if self.api_key is not None and self.api_key_file is not None:
            raise ValueError("api_key and api_key_file are both set: take one")
        return self


class Batch(Strict):
    """How calls are put together when they leave, behind the queue."""

    flush_timeout: Wait = Field(default="200ms", validate_default=True)
    """How long calls may wait for others before a batch that is not full leaves."""
    max_size: int = Field(default=1000, ge=1, le=10_000)
    """How many calls one batch has at most."""


class SendingQueue(Strict):
    """What waits for an exporter on the disk, in a `file_storage`. All exporters share one queue."""

    storage: ComponentId | None = None
    """The `file_storage` it lies in; the data directory where there is none."""
    sizer: Literal["bytes"] = "bytes"
    """What `queue_size` counts."""
    queue_size: Size = Field(default="1GiB", validate_default=True)
    """How much may wait; above it senders are told to wait."""
    max_age: Duration = Field(default="7d", validate_default=True)
    """How long a call may wait before it becomes a dead letter; `off`: for ever."""
    num_consumers: int = Field(default=4, ge=1, le=64)
    """How many requests of one project are under way at a time."""
    order: Literal["per_trace"] = "per_trace"
    """What leaves in the order it came."""
    on_full: Literal["refuse", "drop_oldest"] = "refuse"
    """What a full queue does: tell senders to wait, or make dead letters of the oldest."""
    batch: Batch = Batch()
    """How calls are put together when they leave."""


class RetryOnFailure(Strict):
    """When an attempt is made again; waits are spread over the whole interval ("full jitter")."""

    initial_interval: Wait = Field(default="1s", validate_default=True)
    """The longest wait after the first failure."""
    max_interval: Wait = Field(default="10s", validate_default=True)
    """The longest wait at all."""
    multiplier: float = Field(default=1.5, ge=1, le=10)
    """By how much waits grow from failure to failure."""
    max_elapsed_time: Wait = Field(default="0s", validate_default=True)
    """When to give up and make a dead letter of a call; `0s`: never."""

    @property
    def retry(self) -> Retry:
        """Return the same for who tries again."""
        return Retry(
            initial_interval=self.initial_interval.total_seconds(),
            max_interval=self.max_interval.total_seconds(),
            multiplier=self.multiplier,
            max_elapsed=self.max_elapsed_time.total_seconds(),
        )


class DeadLetter(Strict):
    """Where calls lie that cannot be delivered."""

    directory: str | None = None
    """The directory; `dead` beside the queue where the key is not there."""
    max_bytes: Size = Field(default="256MiB", validate_default=True)
    """How much they may take; above it the oldest go."""


class ClientTls(Strict):
    """TLS towards a server: PEM files, read when the bridge starts."""

    ca_file: str | None = Field(default=None, min_length=1)
    """Who is trusted, in place of the system's authorities."""
    cert_file: str | None = Field(default=None, min_length=1)
    """The certificate to show, where the server asks for one."""
    key_file: str | None = Field(default=None, min_length=1)
    """Its private key, without a password."""
    insecure_skip_verify: bool = False
    """Whether anybody is trusted: for tests only, since anybody may read what is sent then."""

    @model_validator(mode="after")
    def _both_or_none(self) -> Self:
        if (self.cert_file is None) != (self.key_file is None):
            raise ValueError("cert_file and key_file belong together")
        return self

    @property
    def settings(self) -> TlsSettings:
        """Return the same for an exporter."""
        return TlsSettings(**self.model_dump())


class WeaveExporter(Strict):
    """Sends calls to a Weave server, through the queue on the disk."""

    endpoint: Annotated[
        str, BeforeValidator(_url), Written({"type": "string", "title": "URL", "format": "uri"})
    ]
    """The base URL of the server."""
    auth: Auth = Auth()
    """The key it wants."""
    tls: ClientTls = ClientTls()
    """How the server is known, and the bridge to it."""
    project: ProjectId | Literal["from_resource"] | None = None
    """Where calls go that name no project; of a second exporter, where it puts them instead."""
    timeout: Wait = Field(default="30s", validate_default=True)
    """How long one request may take."""
    compression: Literal["auto", "gzip", "none"] = "auto"
    """How bodies are compressed; `auto`: with gzip where the server takes it, when asked once."""
    max_batch_calls: int | None = Field(default=None, ge=1, le=10_000)
    """How many calls one request has at most; `sending_queue.batch.max_size` where it is less."""
    max_batch_bytes: BatchBytes = Field(default="3MiB", validate_default=True)
    """How many bytes of JSON one request has at most, before compression."""
    sending_queue: SendingQueue = SendingQueue()
    """What waits for the server."""
    retry_on_failure: RetryOnFailure = RetryOnFailure()
    """When a request is made again."""
    dead_letter: DeadLetter = DeadLetter()
    """Where calls lie that cannot be delivered."""
    required: bool = True
    """Whether a full queue makes senders wait; else what waited longest becomes dead letters."""


def _glob(text: object) -> object:
    if isinstance(text, str) and not all(text.partition("/")):
        raise ValueError(f"{text!r} is no project; write ENTITY/PROJECT, where * stands for any characters")
    return text


class ProjectStore(Strict):
    """What is kept otherwise of some projects."""

    retention: Duration
    """How long their calls are kept; `off`: for ever."""


class StoreExporter(Strict):
    """Keeps calls here, in an embedded SQLite store."""

    path: str | None = None
    """The directory of the store, or the file `calls.db` in it; the data directory otherwise."""
    retention: Duration = Field(default="14d", validate_default=True)
    """How long calls are kept; `off`: for ever."""
    projects: dict[Annotated[str, BeforeValidator(_glob)], ProjectStore] = Field(default_factory=dict)
    """Projects that keep calls for another time: `acme/shop`, or `acme/*` for every project of an entity.
    A name that is spelled out comes first, then the first of the patterns that fits."""
    max_bytes: SizeOrOff = Field(default="20GiB", validate_default=True)
    """How much disk calls may take, oldest go first; `off`: no limit."""
    default_project: ProjectId | None = None
    """The project of spans that name none. Not there: that of the first `weave` exporter that has one,
    else `local/default`. `null`: spans that name none are rejected."""
