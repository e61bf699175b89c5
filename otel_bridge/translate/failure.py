"""Why a span failed, as text (`contract/otel-mapping.md` §2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import Struct

from otel_bridge.translate.readers import as_name
from otel_bridge.translate.values import flatten

if TYPE_CHECKING:
    from otel_bridge.model.span import Attributes, Span
    from otel_bridge.translate.lookup import Found

STATUS_ERROR: Final = 2

UNEXPLAINED: Final = "error"


class Failure(Struct, frozen=True, kw_only=True):
    """Why a span failed: the words, who says them, and the stack trace when there is one."""

    text: str
    told: str
    trace: str | None = None


def exception(span: Span, found: Found) -> str | None:
    """Return what went wrong, with the stack trace after a blank line; None unless the status is ERROR."""
    failed = failure(span, found)
    if failed is None:
        return None
    return f"{failed.text}\n\n{failed.trace}" if failed.trace else failed.text


def failure(span: Span, found: Found) -> Failure | None:
    """Return why the span failed, in the best words there are; None unless its status is ERROR."""
    status = span.message.status
    if status.code != STATUS_ERROR:
        return None
    event = _last_exception(span)
    trace = as_name(event.get("exception.stacktrace"))
    if status.message:
        return Failure(text=status.message, told="the status message", trace=trace)
    if headline := _headline(event):
        return Failure(text=headline, told="the last exception event", trace=trace)
    place, kind = found.first(found.shape.fields.get("error_type", ()))
    if place is not None:
        return Failure(text=kind, told=place.key, trace=trace)
    return Failure(text=UNEXPLAINED, told="the status ERROR alone", trace=trace)


def _last_exception(span: Span) -> Attributes:
    for event in reversed(span.message.events):
        if event.name == "exception":
            return flatten(event.attributes, {})
    return {}


def _headline(event: Attributes) -> str:
    parts = (as_name(event.get("exception.type")), as_name(event.get("exception.message")))
    return ": ".join(part for part in parts if part)
