"""Turns the stored span of a call into the `otel_span` member of its attributes."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from otel_bridge.store.merge import Dump, DumpKind

if TYPE_CHECKING:
    from collections.abc import Callable

Render: TypeAlias = "Callable[[bytes], bytes]"
"""Renders an OTLP record as JSON, as `translate.dump.render` does."""


def default_render() -> Render:
    """Return the translator's renderer; protobuf is imported by the first who needs it."""
    from otel_bridge.translate.dump import render  # noqa: PLC0415

    return render


def otel_span(dump: Dump | None, render: Render) -> bytes | None:
    """Render `attributes.otel_span`: None without a span, JSON null for a span that cannot be read."""
    if dump is None:
        return None
    if dump.kind is DumpKind.JSON:
        return dump.data
    try:
        return render(dump.data)
    except Exception:  # noqa: BLE001 - one unreadable span must not break a listing
        return b"null"
