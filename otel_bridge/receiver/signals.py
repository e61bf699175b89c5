"""The signals of OTLP: their names, which of them are taken, and what is said of the others."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

_SERVICES: Final = "opentelemetry.proto.collector"


class Signal(Struct, frozen=True, kw_only=True):
    """One signal: `item` is what one of its items is called, `request` the message of an export.

    `rejected` is the JSON name of field 1 of its partial success. `fields` and `members` lead from the
    request down to its items, in protobuf and in JSON; a level with several of them holds one message in
    each, any other level a list.
    """

    name: str
    item: str
    service: str
    request: str
    rejected: str
    fields: tuple[tuple[int, ...], ...]
    members: tuple[tuple[str, ...], ...]

    @property
    def items(self) -> str:
        """What several of its items are called."""
        return f"{self.item}s"


_FIELDS: Final = ((1,), (2,), (2,))
_KINDS: Final = ("gauge", "sum", "histogram", "exponentialHistogram", "summary")

TRACES: Final = Signal(
    name="traces",
    item="span",
    service=f"{_SERVICES}.trace.v1.TraceService",
    request="ExportTraceServiceRequest",
    rejected="rejectedSpans",
    fields=_FIELDS,
    members=(("resourceSpans",), ("scopeSpans",), ("spans",)),
)
METRICS: Final = Signal(
    name="metrics",
    item="data point",
    service=f"{_SERVICES}.metrics.v1.MetricsService",
    request="ExportMetricsServiceRequest",
    rejected="rejectedDataPoints",
    fields=(*_FIELDS, (5, 7, 9, 10, 11), (1,)),
    members=(("resourceMetrics",), ("scopeMetrics",), ("metrics",), _KINDS, ("dataPoints",)),
)
LOGS: Final = Signal(
    name="logs",
    item="log record",
    service=f"{_SERVICES}.logs.v1.LogsService",
    request="ExportLogsServiceRequest",
    rejected="rejectedLogRecords",
    fields=_FIELDS,
    members=(("resourceLogs",), ("scopeLogs",), ("logRecords",)),
)
SIGNALS: Final = (TRACES, METRICS, LOGS)

_TRACES_ONLY: Final = (
    "this endpoint takes traces only; set OTEL_METRICS_EXPORTER=none OTEL_LOGS_EXPORTER=none"
)
_TURN_ON_LOGS: Final = "or start the bridge with --logs on, which keeps the log records of spans"
_NO_METRICS: Final = "this endpoint takes traces and logs; set OTEL_METRICS_EXPORTER=none"


def taken(*, logs: bool) -> tuple[Signal, ...]:
    """Return the signals that are taken."""
    return (TRACES, LOGS) if logs else (TRACES,)


def not_taken(signal: Signal, *, logs: bool) -> str:
    """Tell the sender of a signal that is not taken what to do (`contract/otlp-receiver.md` §9)."""
    if logs:
        return _NO_METRICS
    return f"{_TRACES_ONLY}, {_TURN_ON_LOGS}" if signal is LOGS else _TRACES_ONLY
