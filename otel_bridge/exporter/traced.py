"""What exporters say in the bridge's own traces: each attempt to deliver a batch, and what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from otel_bridge.exporter.verdict import Again, Held, Refused, Sent, TooLarge, WholeCallsOnly

if TYPE_CHECKING:
    from otel_bridge.exporter.verdict import Verdict
    from otel_bridge.tracing import Step

_EVENTS: Final = {
    Sent: "sent",
    Again: "retry",
    Held: "held",
    TooLarge: "too_large",
    Refused: "refused",
    WholeCallsOnly: "whole_calls_only",
}


def attempted(step: Step, verdict: Verdict, calls: int, size: int) -> None:
    """Tell of an attempt. What the other side wrote is left out: it may quote what it was sent."""
    facts: dict[str, str | int | float | bool] = {"calls": calls, "bytes": size}
    status = getattr(verdict, "status", None)
    if status is not None:
        facts["http.response.status_code"] = status
    elif isinstance(verdict, Again):
        facts["reason"] = verdict.reason
    if isinstance(verdict, Sent) and verdict.rejected:
        facts["rejected_spans"] = verdict.rejected
    step.happened(_EVENTS[type(verdict)], facts)


def gave_up(step: Step, reason: str) -> None:
    """Tell of a call that becomes a dead letter."""
    step.happened("dead_lettered", {"reason": reason})
    step.failed(reason)
