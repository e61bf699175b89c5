"""The bridge's own traces never come in again, by whatever way they were sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from otel_bridge.tracing import INSTANCE

if TYPE_CHECKING:
    from otel_bridge.receiver.base import Export
    from otel_bridge.receiver.decode.request import Findings

RETURNED: Final = (
    "they are this bridge's own traces, which have come back to it: "
    "service.telemetry.traces sends them where they lead here"
)


def set_own_aside(request: Any, export: Export, found: Findings) -> None:
    """Take the spans of `export.own_instance` out of the request, and reject them."""
    own = export.own_instance
    if own is None or own.encode() not in export.body:
        return
    resources = request.resource_spans
    for at in reversed(range(len(resources))):
        if not _is_from(resources[at].resource, own):
            continue
        count = sum(len(scope.spans) for scope in resources[at].scope_spans)
        del resources[at]
        if count:
            found.reject(count, f"{count} span{'s' * (count != 1)} rejected: {RETURNED}")
            found.counts["own_spans_returned"] = found.counts.get("own_spans_returned", 0) + count


def _is_from(resource: Any, instance: str) -> bool:
    return any(pair.key == INSTANCE and pair.value.string_value == instance for pair in resource.attributes)
