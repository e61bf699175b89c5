"""Why a span failed, as text (`contract/otel-mapping.md` §2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from otel_bridge.translate.readers import as_name
from otel_bridge.translate.values import flatten

if TYPE_CHECKING:
    from otel_bridge.model.span import Attributes, Span
    from otel_bridge.translate.lookup import Found

STATUS_ERROR: Final = 2

UNEXPLAINED: Final = "error"


def exception(span: Span, found: Found) -> str | None:
    """Return what went wrong, with the stack trace after a blank line; None unless the status is ERROR."""
    status = span.message.status
    if status.code != STATUS_ERROR:
        return None
    event = _last_exception(span)
    text = status.message or _headline(event) or found.pick("error_type") or UNEXPLAINED
    trace = as_name(event.get("exception.stacktrace"))
    return f"{text}\n\n{trace}" if trace else text


def _last_exception(span: Span) -> Attributes:
    for event in reversed(span.message.events):
        if event.name == "exception":
            return flatten(event.attributes, {})
    return {}


def _headline(event: Attributes) -> str:
    parts = (as_name(event.get("exception.type")), as_name(event.get("exception.message")))
    return ": ".join(part for part in parts if part)
