"""The receivers and extensions that exist, and their keys (`contract/pipeline-config.md` §2.2)."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, ByteSize, Field, model_validator

from otel_bridge.auth.settings import Cors, Tls
from otel_bridge.config_file.ids import ComponentId  # noqa: TC001 - pydantic reads the annotations
from otel_bridge.config_file.wanting import Later
from otel_bridge.parsers import Choice, ListensAt, Size, Strict, Wait, Written
from otel_bridge.receiver import settings as receiving
from otel_bridge.receiver.settings import MAX_REQUEST_BYTES

MAX_MIB: Final = MAX_REQUEST_BYTES >> 20
"""What all requests under way may have together."""


def _passable(age: timedelta) -> timedelta:
    if not timedelta(milliseconds=1) <= age <= MAX_AGE:
        raise ValueError("must be between 1ms and 24d")
    return age


MAX_AGE: Final = timedelta(days=24)
"""gRPC counts milliseconds in 31 bits."""
Age = Annotated[Wait, AfterValidator(_passable)]


class ListenerAuth(Strict):
    """Who may use a listener. Not there: everybody, where it listens on the loopback interface."""

    authenticator: ComponentId | Annotated[list[ComponentId], Field(min_length=1)]
    """An extension that knows who sends a request, or a list of them: any one that knows will do."""

    @property
    def names(self) -> tuple[str, ...]:
        """The extensions, in the order they are asked."""
        return (self.authenticator,) if isinstance(self.authenticator, str) else tuple(self.authenticator)


class ApiAuth(ListenerAuth):
    """Who may use the API."""

    passthrough: bool = False
    """Where an upstream answers: callers' own keys go on to it, which knows what each may see."""


class ServerParameters(Strict):
    """How long connections live, and when silent clients are pinged."""

    max_connection_idle: Age | None = None
    """How long a connection may be idle; any time where the key is not there."""
    max_connection_age: Age | None = None
    """How long a connection lives, so that clients spread over several bridges; not there: for ever."""
    max_connection_age_grace: Age | None = None
    """How long requests under way have to finish after that."""
    time: Age = Field(default="1m", validate_default=True)
    """After how long a silent client is pinged."""
    timeout: Age = Field(default="20s", validate_default=True)
    """How long it has to answer."""


class EnforcementPolicy(Strict):
    """How often clients may ping."""

    min_time: Age = Field(default="10s", validate_default=True)
    """The shortest time between two pings."""
    permit_without_stream: bool = True
    """Whether they may ping while they ask nothing."""


class Keepalive(Strict):
    """Connections over gRPC."""

    server_parameters: ServerParameters = ServerParameters()
    """How long they live."""
    enforcement_policy: EnforcementPolicy = EnforcementPolicy()
    """How often clients may ping."""

    @property
    def settings(self) -> receiving.Keepalive:
        """What the receiver is told, in seconds."""
        ages = {**dict(self.server_parameters), "min_time": self.enforcement_policy.min_time}
        return receiving.Keepalive(
            **{name: age.total_seconds() for name, age in ages.items() if age is not None},
            permit_without_stream=self.enforcement_policy.permit_without_stream,
        )


class GrpcProtocol(Strict):
    """OTLP over gRPC."""

    endpoint: ListensAt = Field(default="127.0.0.1:4317", validate_default=True)
    """Where to listen; port 0 takes a free one."""
    max_recv_msg_size_mib: int = Field(default=MAX_MIB, ge=1, le=MAX_MIB)
    """How many MiB one request may have, inflated."""
    keepalive: Keepalive = Keepalive()
    """Connections: how long they live, and how often they are looked after."""
    auth: ListenerAuth | None = None
    """Who may use it; without, everybody on this machine."""
    tls: Tls | None = None
    """TLS; not spoken where the key is not there."""

    @model_validator(mode="after")
    def _speaks_tls_1_2(self) -> Self:
        if self.tls is not None and self.tls.min_version != "1.2":
            raise ValueError("gRPC cannot be kept from TLS 1.2: leave out tls.min_version")
        return self


class HttpProtocol(Strict):
    """OTLP over HTTP, protobuf or JSON."""

    endpoint: ListensAt = Field(default="127.0.0.1:4318", validate_default=True)
    """Where to listen; port 0 takes a free one."""
    max_request_body_size: Annotated[
        ByteSize,
        Field(ge=1024, le=MAX_REQUEST_BYTES),
        Written({"type": ["string", "integer"], "title": "size", "examples": ["20MiB"]}),
    ] = Field(default="64MiB", validate_default=True)
    """How many bytes one request may have, on the wire and inflated; OTLP at the API's port too."""
    auth: ListenerAuth | None = None
    """Who may use it; without, everybody on this machine."""
    tls: Tls | None = None
    """TLS; not spoken where the key is not there."""
    cors: Cors = Cors()
    """Which web pages of other sites may use it."""


class Protocols(Choice):
    """Which of the two are spoken; at least one. One with an empty value is spoken with its defaults."""

    grpc: GrpcProtocol | None = None
    """OTLP over gRPC; not spoken where the key is not there."""
    http: HttpProtocol | None = None
    """OTLP over HTTP; not spoken where the key is not there."""

    @model_validator(mode="after")
    def _speaks(self) -> Self:
        if self.grpc is None and self.http is None:
            raise ValueError("neither grpc nor http is there")
        return self


class OtlpReceiver(Strict):
    """Takes spans, and log records where a pipeline of logs names it, over OTLP."""

    protocols: Protocols
    """Which protocols it speaks, and where."""
    unsupported_signals: Literal["reject", "discard"] = "reject"
    """What becomes of signals that no pipeline takes: refused, or taken and dropped."""


class WeaveApi(Strict):
    """Weave's API: calls come in, questions are answered by `store`. It takes OTLP too."""

    endpoint: ListensAt = Field(default="127.0.0.1:6345", validate_default=True)
    """Where to listen; port 0 takes a free one."""
    store: ComponentId | None = None
    """The exporter that answers questions: a `store`, else the first `weave`."""
    auth: ApiAuth | None = None
    """Who may use it; without, everybody on this machine."""
    tls: Tls | None = None
    """TLS; not spoken where the key is not there."""
    cors: Cors = Cors()
    """Which web pages of other sites may use it."""
    scoring: Annotated[Any, Later("otel_bridge.scorer.settings:ScoringSettings")] = None
    """Scorers, monitors and workers, where a store keeps the calls: [scoring](scoring.md#scorers)."""


class FileStorage(Strict):
    """The directory of the queue that all exporters share."""

    directory: str | None = None
    """Where the queue lies; the data directory where the key is not there."""
    max_bytes: Size | None = None
    """How much the queue may take; `queue_size` of an exporter counts where it is less."""
    min_free_bytes: Size = Field(default="256MiB", validate_default=True)
    """How much of its disk the queue leaves free: senders are told to wait instead."""


class HealthCheck(Strict):
    """Probes on a port of their own: `/livez`, `/readyz`, `/startupz`; `/metrics` too."""

    endpoint: ListensAt = Field(default="127.0.0.1:13133", validate_default=True)
    """Where to listen; port 0 takes a free one."""


class Metrics(Strict):
    """Metrics for Prometheus on a port of their own: `/metrics`; the probes too."""

    endpoint: ListensAt = Field(default="127.0.0.1:8888", validate_default=True)
    """Where to listen; port 0 takes a free one."""
