"""What the bridge says of itself: its log and its own traces, with a Collector's keys where it has them."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from otel_bridge.config_file.exporters import ClientTls
from otel_bridge.config_file.http_keys import Headers, WholeUrl  # noqa: TC001 - pydantic reads the annotations
from otel_bridge.parsers import Choice, Strict, Wait
from otel_bridge.telemetry import (  # noqa: TC001 - pydantic reads the annotations
    Compat,
    LogFormat,
    LogLevel,
    MetricsLevel,
)


def _milliseconds(given: object) -> object:
    """Read a number as milliseconds, as a Collector does here; anything else stays what it is."""
    if isinstance(given, str) and given.strip().isdecimal():
        given = int(given)
    return timedelta(milliseconds=given) if type(given) is int else given


Pause = Annotated[Wait, BeforeValidator(_milliseconds)]


class Logs(Strict):
    """The bridge's own log."""

    level: LogLevel = "info"
    """How much to log."""
    format: LogFormat = "console"
    """For people or for machines."""


class OtlpSpans(Strict):
    """OTLP over HTTP."""

    protocol: Literal["http/protobuf"] = "http/protobuf"
    """How OTLP is spoken."""
    endpoint: WholeUrl
    """The URL; without a path spans go to `/v1/traces`. It must not be one of the bridge's own."""
    headers: Headers = Field(default={})
    """Headers of every request, for keys."""
    tls: ClientTls = ClientTls()
    """How the receiver is known, and the bridge to it."""
    timeout: Pause = Field(default="10s", validate_default=True)
    """How long sending one batch may take, with what is tried again; a number is milliseconds."""
    compression: Literal["gzip", "none"] = "gzip"
    """How bodies are compressed."""


class SpanExporter(Strict):
    """Where own spans go."""

    otlp: OtlpSpans
    """To an OTLP receiver."""


class SpanBatches(Strict):
    """How own spans wait for each other, in memory."""

    schedule_delay: Pause = Field(default="5s", validate_default=True)
    """How long they wait; a number is milliseconds."""
    max_queue_size: int = Field(default=2048, ge=1, le=100_000)
    """How many wait at most; what comes on top is lost."""
    max_export_batch_size: int = Field(default=512, ge=1, le=100_000)
    """How many are sent together at most."""
    exporter: SpanExporter
    """Where they go."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.max_export_batch_size > self.max_queue_size:
            raise ValueError("max_export_batch_size is more than max_queue_size")
        return self


class SpanProcessing(Strict):
    """What becomes of own spans."""

    batch: SpanBatches
    """They are sent in batches."""


class Always(Strict):
    """It has no keys."""


class Ratio(Strict):
    """Keeps some traces, by their ids."""

    ratio: float = Field(default=1.0, ge=0, le=1)
    """How many: 0.1 is one of ten."""


class RootSampler(Choice):
    """Which traces are kept: one of these."""

    always_on: Always | None = None
    """All of them."""
    always_off: Always | None = None
    """None of them."""
    trace_id_ratio_based: Ratio | None = None
    """Some of them, by their ids."""

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        said = [name for name in type(self).model_fields if getattr(self, name) is not None]
        if len(said) != 1:
            raise ValueError(f"one of {', '.join(type(self).model_fields)} is needed, and only one")
        return self

    @property
    def kept(self) -> float:
        """How many traces are kept that nobody has decided about, from 0 to 1."""
        if self.trace_id_ratio_based is not None:
            return self.trace_id_ratio_based.ratio
        return 0.0 if self.always_off is not None else 1.0


class ByParent(Strict):
    """A trace that goes on is kept where its sender keeps it."""

    root: RootSampler = RootSampler(always_on=Always())
    """What decides about traces that begin here."""


class Sampler(RootSampler):
    """Which own traces are kept: one of these."""

    parent_based: ByParent | None = None
    """As the sender of a request decided, where it did."""

    @property
    def kept(self) -> float:
        """As `RootSampler.kept`."""
        return super().kept if self.parent_based is None else self.parent_based.root.kept


class OwnTraces(Strict):
    """The bridge's own traces; there are none while nothing says where they go."""

    processors: list[SpanProcessing] = Field(default_factory=list, max_length=4)
    """What becomes of spans; each entry gets all of them."""
    sampler: Sampler = Sampler(parent_based=ByParent())
    """Which traces are kept."""
    propagators: list[Literal["tracecontext"]] = Field(default_factory=list, max_length=1)
    """With `tracecontext` a trace that a request names goes on here; else each request begins one anew."""


class Prometheus(Strict):
    """A port for Prometheus, as the extension `metrics` has one."""

    host: str = "localhost"
    """Where to listen."""
    port: int = Field(default=8888, ge=0, le=65535)
    """The port; 0 takes a free one."""


class PullExporter(Strict):
    """Who asks."""

    prometheus: Prometheus
    """Prometheus does."""


class Pull(Strict):
    """Metrics that are asked for."""

    exporter: PullExporter
    """Who asks."""


class Reader(Strict):
    """How metrics are read."""

    pull: Pull
    """They are asked for."""


class OwnMetrics(Strict):
    """The bridge's own metrics."""

    level: MetricsLevel = "normal"
    """How many: `none`, `basic` (no histograms) or all, by either of the others."""
    compat: Compat = "none"
    """With `otelcol`, a Collector's names beside the bridge's own, for dashboards that know them."""
    readers: list[Reader] = Field(default_factory=list, max_length=1)
    """A port of their own, as the extension `metrics` gives them; they are on the API's port in any case."""


class OwnTelemetry(Strict):
    """What the bridge says of itself."""

    logs: Logs = Logs()
    """The bridge's own log."""
    resource: dict[str, str | None] = Field(default_factory=dict)
    """Attributes of the resource of own traces, as `service.name`; `null` takes one away."""
    metrics: OwnMetrics = OwnMetrics()
    """The bridge's own metrics."""
    traces: OwnTraces = OwnTraces()
    """The bridge's own traces."""
