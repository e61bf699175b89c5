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


def otel_span(dump: Dump | None, render: Render, logs: bytes | None = None) -> bytes | None:
    """Render `attributes.otel_span`: None without a span, JSON null for a span that cannot be read.

    Log records of the span, an OTLP `LogsData`, are its member `logs`; a span without any has none.
    """
    if dump is None:
        return None
    if dump.kind is DumpKind.JSON:
        return dump.data
    try:
        span = render(dump.data)
    except Exception:  # noqa: BLE001 - one unreadable span must not break a listing
        return b"null"
    return span if logs is None else b'%b,"logs":%b}' % (span[:-1], _logs(logs))


def _logs(logs: bytes) -> bytes:
    from otel_bridge.translate.stored import logs_json, read_logs  # noqa: PLC0415 - as above

    try:
        return logs_json(read_logs(logs))
    except Exception:  # noqa: BLE001 - nor must its unreadable logs
        return b"null"
