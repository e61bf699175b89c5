"""`debug`: tells the log what comes in."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import orjson

from otel_bridge.ingest.exporters.call_lines import call_lines
from otel_bridge.model.call import CompletedCall, DeletedCalls
from otel_bridge.translate.otlp_json import of_span

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from otel_bridge.ingest.exporters.settings import DebugSettings
    from otel_bridge.ingest.group import Log
    from otel_bridge.model.call import Change
    from otel_bridge.model.span import Span

    Fields: TypeAlias = "dict[str, str | float]"

SPANS_EVENT: Final = "spans_seen"
SPAN_EVENT: Final = "span_seen"
CALLS_EVENT: Final = "calls_seen"
CALL_EVENT: Final = "call_seen"

_NS_PER_MS: Final = 1e6


class DebugOutlet:
    """Logs a line a request, and one a span or call from `normal` on; contents at `detailed` only.

    `told` hears how many spans and calls were `sent`: all of them, whatever is sampled.
    """

    takes_calls = True

    def __init__(
        self,
        settings: DebugSettings,
        log: Log,
        told: Callable[[str, int], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name: Final = settings.name
        self._settings = settings
        self._log = log
        self._told = told
        self._clock = clock
        self._second = -1
        self._seen = 0
        self._group: list[tuple[str, Fields]] = []
        self._kept: list[tuple[str, Fields]] = []
        self._count = self._sent = 0

    def spans(self, spans: Sequence[Span]) -> list[tuple[str, Fields]]:
        """As `Outlet.spans`."""
        if not self._sampled():
            return []
        origins = {id(span.origin) for span in spans}
        events: list[tuple[str, Fields]] = [(SPANS_EVENT, {"spans": len(spans), "scopes": len(origins)})]
        if self._settings.verbosity != "basic":
            events += [(SPAN_EVENT, self._of_span(span)) for span in spans]
        return events

    def changes(self, changes: Sequence[Change]) -> list[tuple[str, Fields]]:
        """As `Outlet.changes`."""
        if not self._sampled():
            return []
        events: list[tuple[str, Fields]] = [(CALLS_EVENT, {"calls": len(changes)})]
        if self._settings.verbosity != "basic":
            events += [(CALL_EVENT, self._of_change(change)) for change in changes]
        return events

    def put(self, piece: list[tuple[str, Fields]], count: int) -> None:
        """As `Outlet.put`."""
        self._group += piece
        self._count += count

    def commit(self) -> None:
        """As `Outlet.commit`: what is kept elsewhere may be told."""
        self._kept += self._group
        self._sent += self._count
        self.rollback()

    def rollback(self) -> None:
        """As `Outlet.rollback`."""
        self._group, self._count = [], 0

    def maintain(self) -> None:
        """As `Outlet.maintain`."""
        kept, self._kept = self._kept, []
        for event, fields in kept:
            self._log(event, exporter=self.name, **fields)
        sent, self._sent = self._sent, 0
        if sent:
            self._told("sent", sent)

    def close(self) -> None:
        """As `Outlet.close`."""
        self.maintain()

    def _sampled(self) -> bool:
        """Tell whether this request is told of."""
        second = int(self._clock())
        if second != self._second:
            self._second, self._seen = second, 0
        self._seen += 1
        beyond = self._seen - self._settings.sampling_initial
        each = self._settings.sampling_thereafter
        return beyond <= 0 or (each > 0 and beyond % each == 0)

    def _of_span(self, span: Span) -> Fields:
        told: Fields = {"name": span.name, "trace_id": span.trace_id, "span_id": span.id}
        if span.parent_id is not None:
            told["parent_id"] = span.parent_id
        if span.end_ns and span.start_ns:
            told["milliseconds"] = (span.end_ns - span.start_ns) / _NS_PER_MS
        told |= {"project": span.origin.project_id, "attributes": len(span.message.attributes)}
        if self._settings.verbosity == "detailed":
            told["span"] = orjson.dumps(of_span(span.message)).decode()
        return told

    def _of_change(self, change: Change) -> Fields:
        told: Fields = {"change": type(change).__name__, **_identity(change)}
        if self._settings.verbosity == "detailed":
            told["call"] = b"".join(call_lines([change])).decode().strip()
        return told


def _identity(change: Any) -> Fields:
    if isinstance(change, DeletedCalls):
        return {"project": change.project_id, "calls": len(change.ids)}
    half = change.start if isinstance(change, CompletedCall) else change
    return {"project": half.project_id, "call_id": half.id}
