"""The bridge's own metrics and logs: every counter in one table, every log line an event with fields.

Metric names follow `contract/pipeline-config.md` part 6: `otel_bridge_*`, Prometheus style.
"""

from __future__ import annotations

import logging
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Literal, TextIO, cast

from msgspec import Struct
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

_rich = sys.modules.get("rich")
sys.modules["rich"] = None  # type: ignore[assignment] # structlog would import it: 0.1 s and 5 MB of each start
import structlog  # noqa: E402 - see above

del sys.modules["rich"]
if _rich is not None:
    sys.modules["rich"] = _rich

from otel_bridge.outcomes import exporter_and_outcome  # noqa: E402 - see above
from otel_bridge.tracing import OFF  # noqa: E402 - see above

if TYPE_CHECKING:
    from collections.abc import Mapping

    from structlog.typing import FilteringBoundLogger, Processor

    from otel_bridge.tracing import Tracing

LogFormat = Literal["console", "json"]
LogLevel = Literal["debug", "info", "warning", "error"]
MetricsLevel = Literal["none", "basic", "normal", "detailed"]
Compat = Literal["none", "otelcol"]


class Shown(Struct, frozen=True):
    """Which metrics are shown: none, all but histograms (`basic`), all. `compat` adds a Collector's names."""

    level: MetricsLevel = "normal"
    compat: Compat = "none"


NOTES: Final[Mapping[str, str]] = {
    "id_collisions": "spans kept under a derived id, because another span has theirs",
    "duplicate_spans": "spans and calls that came again and changed nothing",
    "duplicate_logs": "spans whose log records came again and changed nothing",
    "merged_calls": "records that completed or changed a stored call",
    "cut_log_records": "log records dropped, because their span has as many as are kept of one",
    "json_snake_case": "OTLP/JSON requests with snake_case keys, which OTLP does not know",
    "json_enum_names": "enum names in OTLP/JSON where a number belongs",
    "json_two_values": "AnyValues in OTLP/JSON with more than one member, the last one taken",
    "string_table_references": "profiles-only string table references, read as absent",
    "duplicate_attribute_keys": "attribute keys given twice, the last one taken",
    "nested_too_deep": "attribute values cut to a marker in the mapped trees (the stored span is whole)",
    "bad_parent_ids": "spans taken as roots because their parent id is malformed or their own",
    "percent_encoded_headers": "header values that still hold percent escapes",
    "wrong_door": "connections that speak another protocol than this port does",
    "foreign_host": "requests refused for a foreign Host or Origin",
    "unauthenticated_requests": "requests refused for want of a key that is known",
    "forbidden_requests": "requests refused because their key may not do this",
    "rate_limited_requests": "requests refused because their key made too many",
    "unhandled_errors": "requests that met a bug of ours and were answered 503",
    "quarantined_requests": "requests refused for good after they met the same bug again and again",
    "announced_spans": "spans that only say that another one runs (Logfire), kept as no call",
    "unsupported_signals": "requests with metrics, or with logs while `--logs` is off",
    "worker_restarts": "writer or reader processes that ended and were started again",
    "scoring_worker_restarts": "scoring workers that ended and were started again",
    "own_spans_sent": "spans of the bridge's own traces that were sent",
    "own_spans_lost": "spans of the bridge's own traces that could not be sent",
    "own_spans_returned": "spans of the bridge's own traces that came back to it, and were rejected",
    "expired_calls": "calls removed by retention or the disk cap",
    "memory_limiter_refused_requests": "requests refused because the bridge takes more memory than it may",
    "queue_missed_calls": "calls that the queue could not keep for destinations which are not required",
}
"""Counters without labels: `otel_bridge_<name>_total`."""

_PROCESSOR: Final = "processor:"


def dropped_by(processor: str, outcome: str) -> str:
    """Return the name of a counter of what a processor took out, for `Telemetry.note`."""
    return f"{_PROCESSOR}{outcome}:{processor}"


def passed_by(processor: str, direction: Literal["incoming", "outgoing"]) -> str:
    """Return the name of a counter of what a processor saw, for `Telemetry.note`."""
    return f"{_PROCESSOR}{direction}:{processor}"


RECEIVED: Final[Mapping[str, str]] = {"traces": "spans", "logs": "log records"}
"""What the receivers count by what became of it: signal → its items."""


_DROPPED: Final = (
    "otel_bridge_processor_dropped_spans",
    "spans and calls that a processor took out, by what for",
)
_MEMORY: Final = {
    "rss": "resident memory of all processes of the bridge, where a memory_limiter looks",
    "limit": "how much the memory_limiter lets it take",
}
_EXPORTED: Final = (
    "otel_bridge_exporter_calls",
    "spans and calls that exporters were given, by what became of them; retried ones count once an attempt",
)
_PASSED: Final = (
    "otel_bridge_processor_spans",
    "spans, log records and calls that went into a processor, and out of it",
)
_REQUESTS: Final = ("otel_bridge_receiver_requests", "OTLP requests answered, by status")
_IN_FLIGHT: Final = ("otel_bridge_in_flight_bytes", "decoded bytes of requests being worked on")
_DIRECTIONS: Final = frozenset({"incoming", "outgoing"})
SECONDS_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
SIZE_BUCKETS: Final = tuple(1 << power for power in range(8, 28, 2))
_SCORED: Final = ("otel_bridge_scoring_tasks", "scoring tasks, by what became of them")


class _Stderr:
    """Standard error that cannot hurt: a full disk or a closed pipe costs lines, nothing else."""

    def write(self, text: str) -> None:
        with suppress(OSError, ValueError):
            sys.stderr.write(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            sys.stderr.flush()


class Telemetry:
    """The metrics of one bridge, in a registry of their own, and its own traces."""

    def __init__(self, shown: Shown = Shown()) -> None:  # noqa: B008 - frozen
        self.tracing: Tracing = OFF
        self.shown: Final = shown
        self.of_files: Final = CollectorRegistry()
        """Metrics that are read from files when somebody asks: not on the event loop."""
        ProcessCollector(registry=self.of_files)
        self.registry: Final = CollectorRegistry()
        registry = self.registry
        self._received = {
            signal: Counter(
                f"otel_bridge_receiver_{items.replace(' ', '_')}",
                f"{items} received, by what became of them",
                ["outcome", "transport", "encoding"],
                registry=registry,
            )
            for signal, items in RECEIVED.items()
        }
        self._requests = Counter(*_REQUESTS, ["code", "transport"], registry=registry)
        self._dropped = Counter(*_DROPPED, ["processor", "outcome"], registry=registry)
        self._exported = Counter(*_EXPORTED, ["exporter", "outcome"], registry=registry)
        self._passed = Counter(*_PASSED, ["processor", "direction"], registry=registry)
        self._measured = _histograms(registry)
        self._scored = Counter(*_SCORED, ["outcome"], registry=registry)
        self._backlog = Gauge(
            "otel_bridge_scoring_pending",
            "scoring tasks that wait or are worked on, and ended calls that monitors have not looked at",
            ["what"],
            registry=registry,
        )
        self._notes = {
            name: Counter(f"otel_bridge_{name}", text, registry=registry) for name, text in NOTES.items()
        }
        self._memory = {
            name: Gauge(f"otel_bridge_memory_limiter_{name}_bytes", text, registry=registry)
            for name, text in _MEMORY.items()
        }
        self._in_flight = Gauge(*_IN_FLIGHT, registry=registry)

    def received(self, signal: str, outcome: str, count: int, *, transport: str, encoding: str) -> None:
        """Count items of a signal; `outcome` is accepted, refused (retryable), rejected or failed."""
        if count:
            self._received[signal].labels(outcome, transport, encoding).inc(count)

    def request(self, code: int | str, *, transport: str) -> None:
        """Count one answered OTLP request."""
        self._requests.labels(str(code), transport).inc()

    def scored(self, **outcomes: int) -> None:
        """Count scoring tasks by outcome: queued, done, failed, retried."""
        for outcome, count in outcomes.items():
            if count:
                self._scored.labels(outcome).inc(count)

    def scoring_pending(self, **counts: int) -> None:
        """Say what of scoring is pending: queued, leased, ended."""
        for what, count in counts.items():
            self._backlog.labels(what).set(count)

    def note(self, name: str, count: int = 1) -> None:
        """Add to a counter of `NOTES`, or to one that `passed_by`, `dropped_by` or `exported_by` names."""
        if not count:
            return
        if name.startswith(_PROCESSOR):
            outcome, _, processor = name.removeprefix(_PROCESSOR).partition(":")
            (self._passed if outcome in _DIRECTIONS else self._dropped).labels(processor, outcome).inc(count)
        elif (told := exporter_and_outcome(name)) is not None:
            exporter, outcome = told
            self._exported.labels(exporter, outcome).inc(count)
        else:
            self._notes[name].inc(count)

    def notes(self, counts: Mapping[str, int]) -> None:
        """Add to several counters of `NOTES`."""
        for name, count in counts.items():
            self.note(name, count)

    def memory(self, **sizes: int) -> None:
        """Say how many bytes of memory the bridge takes (`rss`), and may take (`limit`)."""
        for name, size in sizes.items():
            self._memory[name].set(size)

    def in_flight(self, size: int) -> None:
        """Say how many bytes are being worked on."""
        self._in_flight.set(size)

    def value(self, metric: str, **labels: str) -> float:
        """Return a sample by its full name, 0.0 when it was never counted."""
        return self.registry.get_sample_value(metric, labels) or 0.0

    def request_took(self, seconds: float, *, transport: str) -> None:
        """Note how long an OTLP request took, from its head to its answer."""
        self._measured["seconds"].labels(transport).observe(seconds)

    def request_size(self, what: Literal["wire", "decoded"], size: int, *, transport: str) -> None:
        """Note how many bytes an OTLP request had."""
        self._measured["bytes"].labels(transport, what).observe(size)

    def synced(self, seconds: float) -> None:
        """Note how long a commit took, with its sync."""
        self._measured["synced"].observe(seconds)


def _histograms(registry: CollectorRegistry) -> dict[str, Histogram]:
    return {
        "seconds": Histogram(
            "otel_bridge_receiver_request_seconds", "how long OTLP requests took", ["transport"],
            buckets=SECONDS_BUCKETS, registry=registry,
        ),
        "bytes": Histogram(
            "otel_bridge_receiver_request_bytes", "bytes of OTLP requests, on the wire and inflated",
            ["transport", "size"], buckets=SIZE_BUCKETS, registry=registry,
        ),
        "synced": Histogram(
            "otel_bridge_wal_fsync_seconds", "how long commits took: writing and syncing the log of writes",
            buckets=SECONDS_BUCKETS, registry=registry,
        ),
    }  # fmt: skip


def configure_logging(level: LogLevel, log_format: LogFormat) -> None:
    """Send log events to stderr, for people (`console`) or machines (`json`)."""
    renderer: Processor = (
        structlog.processors.JSONRenderer()
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), pad_event_to=0)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.WriteLoggerFactory(cast("TextIO", _Stderr())),
        cache_logger_on_first_use=False,
    )


def log() -> FilteringBoundLogger:
    """Return a logger; events are constants, everything that varies is a field."""
    logger: FilteringBoundLogger = structlog.get_logger()
    return logger
