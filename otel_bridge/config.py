"""Everything a user may set, checked once. Only the command line (`cli`) reads flags and environment."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path  # noqa: TC003 - pydantic reads the annotations
from typing import TYPE_CHECKING, Any, Final, Literal

from pydantic import BaseModel, ByteSize, ConfigDict, Field

from otel_bridge.auth.settings import Security
from otel_bridge.exporter.settings import (  # noqa: TC001 - pydantic reads the annotations
    OtlpHttpSettings,
    WeaveSettings,
)
from otel_bridge.http.loopback import is_loopback
from otel_bridge.ingest.address import default_data_dir
from otel_bridge.ingest.exporters.settings import (  # noqa: TC001 - pydantic reads the annotations
    DebugSettings,
    FileSettings,
)
from otel_bridge.parsers import Duration, Endpoint, ListensAt, ProjectId, Size, SizeOrOff, Wait
from otel_bridge.pipeline.plan import Plan  # noqa: TC001 - pydantic reads the annotations
from otel_bridge.receiver.settings import MAX_REQUEST_BYTES, Keepalive
from otel_bridge.telemetry import LogFormat, LogLevel, Shown
from otel_bridge.tracing import TraceSettings  # noqa: TC001 - pydantic reads the annotations
from otel_bridge.translate.options import Options

if TYPE_CHECKING:
    from otel_bridge.jobs.kafka.settings import KafkaSettings
    from otel_bridge.processor.settings import MemoryLimiterSettings
    from otel_bridge.scorer.settings import ScoringSettings
else:
    KafkaSettings = MemoryLimiterSettings = ScoringSettings = Any  # loaded where a file names them

EXPOSED: Final = (
    "other machines may reach this address, and nobody would be asked for a key; `auth` of the listener or"
    " --auth-file FILE gives keys, service.allow_unauthenticated or --allow-unauthenticated lets everybody in"
)

Profile = Literal["standalone", "sidecar", "gateway"]


class BridgeConfig(BaseModel):
    """One bridge. `store`: it keeps calls itself; `upstreams`: they leave for these, through the queue.

    `otlp_receivers` get spans as they are, through the queue too; `outlets` get them where they are kept.

    `scoring` None: calls are scored by what is built in. `kafka`: where scoring jobs travel, if not in the
    store. `…_security`: what guards the listener. `allow_unauthenticated`: others may reach it though it asks
    nobody who they are.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    profile: Profile = "standalone"
    data_dir: Path = Field(default_factory=default_data_dir)
    otlp_http: ListensAt | None = Endpoint(host="127.0.0.1", port=4318)
    otlp_grpc: ListensAt | None = Endpoint(host="127.0.0.1", port=4317)
    otlp_http_size: int = MAX_REQUEST_BYTES
    otlp_grpc_size: int = MAX_REQUEST_BYTES
    otlp_grpc_keepalive: Keepalive = Keepalive()
    api: ListensAt | None = Endpoint(host="127.0.0.1", port=6345)
    admin: ListensAt | None = None
    metrics: ListensAt | None = None
    default_project: ProjectId | None = "local/default"
    retention: Duration = timedelta(days=14)
    project_retention: dict[str, Duration] = {}
    max_disk: SizeOrOff = ByteSize(20 << 30)
    usage_on_wrappers: Literal["drop", "keep"] = "drop"
    session_threads: Literal["on", "off"] = "on"
    turns: Literal["roots", "spans"] = "roots"
    logs: Literal["on", "off"] = "off"
    unsupported_signals: Literal["reject", "discard"] = "reject"
    shutdown_timeout: Wait = timedelta(seconds=25)
    reload_interval: Duration = timedelta(seconds=5)
    log_level: LogLevel = "info"
    log_format: LogFormat = "console"
    own_traces: TraceSettings | None = None
    shown: Shown = Shown()
    gates: frozenset[str] = frozenset()

    config_files: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
    """Components that are defined, and that no pipeline uses."""

    otlp_http_security: Security = Security()
    otlp_grpc_security: Security = Security()
    api_security: Security = Security()
    allow_unauthenticated: bool = False

    store: bool = True
    upstreams: tuple[WeaveSettings, ...] = ()
    otlp_receivers: tuple[OtlpHttpSettings, ...] = ()
    outlets: tuple[FileSettings | DebugSettings, ...] = ()
    scoring: ScoringSettings | None = None
    kafka: KafkaSettings | None = None
    pipelines: Plan | None = None
    memory_limiter: MemoryLimiterSettings | None = None
    queue_dir: Path | None = None
    queue_size: Size = ByteSize(1 << 30)
    queue_max_age: Duration = timedelta(days=7)
    queue_min_free: Size = ByteSize(256 << 20)
    dead_letter_dir: Path | None = None
    dead_letter_size: Size = ByteSize(256 << 20)

    @property
    def exposed(self) -> tuple[str, ...]:
        """Return the listeners, by field, that other machines may reach and that ask nobody who they are."""
        doors = (
            ("otlp_http", self.otlp_http, self.otlp_http_security),
            ("otlp_grpc", self.otlp_grpc, self.otlp_grpc_security),
            ("api", self.api, self.api_security),
        )
        return tuple(
            name
            for name, door, security in doors
            if door is not None and not is_loopback(door.host) and not security.asks
        )

    @property
    def options(self) -> Options:
        """Return what spans become."""
        return Options(
            usage_on_wrappers=self.usage_on_wrappers,
            session_threads=self.session_threads == "on",
            turns=self.turns,
        )

    @property
    def kept_for(self) -> str:
        """How long calls are kept, for a person: `14 days`, or `for ever but for 2 others`."""
        days = self.retention.total_seconds() / 86_400 if self.retention else None
        others = self.project_retention
        but = f" but for {len(others)} other{'s' * (len(others) > 1)}" if others else ""
        return f"{'for ever' if days is None else f'{days:g} days'}{but}"
