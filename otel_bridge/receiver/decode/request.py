"""A body becomes the export request of its signal; what is found on the way is collected for the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from otel_bridge.errors import InvalidRequest, RequestTooLarge
from otel_bridge.receiver.base import Encoding
from otel_bridge.receiver.decode import otlp_json
from otel_bridge.receiver.decode.envelopes import check_wire
from otel_bridge.receiver.decode.writers import TOO_DEEP
from otel_bridge.receiver.signals import LOGS, TRACES, Signal

if TYPE_CHECKING:
    from otel_bridge.receiver.base import Export

MAX_KEPT_REASONS: Final = 1_000
"""Only the first few are told to anyone."""

MAX_REPEATED_BYTES: Final = 256 << 20
"""Of resources and scopes, which are kept with each of their items: some KB an item is much. Without a bound
a body of 1 MB, nearly all of it one resource of 1,000 spans, takes 1 GB of memory."""

_MESSAGES: Final[dict[Signal, Any]] = {TRACES: ExportTraceServiceRequest, LOGS: ExportLogsServiceRequest}


class Findings:
    """What has been found so far: how many items were rejected and why, warnings, and counters."""

    def __init__(self) -> None:
        self.reasons: list[str] = []
        self.warnings: list[str] = []
        self.counts: dict[str, int] = {}
        self.rejected = 0
        self._repeated_bytes = 0

    def repeat(self, envelope_bytes: int, items: int) -> None:
        """Note that items keep a copy of their envelope each; raise RequestTooLarge over the bound."""
        self._repeated_bytes += envelope_bytes * items
        if self._repeated_bytes > MAX_REPEATED_BYTES:
            raise RequestTooLarge(
                "resources and scopes, kept with each of their items, would take more than "
                f"{MAX_REPEATED_BYTES >> 20} MiB; send fewer items a request"
            )

    def reject(self, count: int, reason: str) -> None:
        """Set `count` items aside for a reason of their own."""
        self.rejected += count
        if len(self.reasons) < MAX_KEPT_REASONS:
            self.reasons.append(reason)

    def reject_homeless(self, count: int, signal: Signal, reason: str) -> None:
        """Set all items of a resource aside that belongs to no project."""
        if count:
            self.reject(count, f"{count} {signal.item}{'s' * (count != 1)} rejected: {reason}")

    def warn_of_snake_case(self, signal: Signal, accepted: int) -> None:
        """Warn of snake_case keys where nothing else was found."""
        if self.counts.get("json_snake_case") and not accepted and not self.rejected:
            self.warnings.append(otlp_json.snake_case(signal))


def read_request(export: Export, found: Findings) -> Any:
    """Parse the request in `export`; raise InvalidRequest when it makes no sense.

    Raise RequestTooLarge when it is made of too many messages.
    """
    body, signal = export.body, export.signal
    if export.encoding is Encoding.JSON:
        body = otlp_json.to_protobuf(body, found.counts, found.warnings, signal)
    else:
        check_wire(body)
    try:
        return _MESSAGES[signal].FromString(body)
    except DecodeError:
        raise InvalidRequest(_undecodable(export.encoding, signal)) from None


def _undecodable(encoding: Encoding, signal: Signal) -> str:
    if encoding is Encoding.JSON:
        return TOO_DEEP
    return (
        f"the body is not a protobuf {signal.request}: "
        "it is cut off, holds text that is not UTF-8, or nests deeper than 100 messages"
    )
