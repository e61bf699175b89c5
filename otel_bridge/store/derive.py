"""Derives a stored call from its span and its log records, by whatever tables the translator has now."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from otel_bridge.errors import Refused
from otel_bridge.model.call import CompletedCall
from otel_bridge.store.limits import MAX_LOGS_BYTES
from otel_bridge.store.merge import derived_again
from otel_bridge.translate.calls import translate as default_translate
from otel_bridge.translate.stored import UnreadableRecord, read_span, split_logs

if TYPE_CHECKING:
    from collections.abc import Callable

    from otel_bridge.model.call import StartedCall
    from otel_bridge.model.span import Span
    from otel_bridge.store.merge import Held

Translate: TypeAlias = "Callable[[Span], CompletedCall | StartedCall]"
"""As `translate.calls.translate`: pure, and the same span always gives the same call."""


class Deriver:
    """Knows how spans become calls; `translate` None is the translator with its defaults."""

    def __init__(self, translate: Translate | None = None) -> None:
        self._translate = translate or default_translate

    def again(self, held: Held) -> Held | None:
        """Return the call as its span and its logs say it now, None when they cannot be read."""
        try:
            call = self._translate(_span(held))
        except Exception:  # noqa: BLE001 - an old span that today's code trips over must not stop new ones
            return None
        start, end = (call.start, call.end) if isinstance(call, CompletedCall) else (call, None)
        if (start.trace_id, start.id) != (held.trace_id, held.span_id):
            return None  # damaged: it is another span's record
        return derived_again(held, start, end)

    def with_logs(self, held: Held) -> Held:
        """Return the call of a span with its logs; as it is when they cannot be read."""
        return (self.again(held) or held) if held.logs is not None and held.is_span else held


def _span(held: Held) -> Span:
    assert held.dump is not None
    run = held.wb_run_id
    return read_span(
        held.dump.data,
        held.logs,
        project_id=held.project_id,
        # What the span names itself starts with its project; any other came with the request.
        wb_run_id=None if run is None or run.startswith(held.project_id + ":") else run,
        received_ns=(held.started_at or 0) * 1000,  # asked for only where the span has no time of its own
    )


def joined_logs(have: bytes | None, logs: bytes) -> tuple[bytes | None, int]:
    """Add the log records of `logs` that `have` does not hold; also return how many there was no room for.

    Raise Refused for what is no `LogsData`.
    """
    try:
        new = split_logs(logs)
    except UnreadableRecord as error:
        raise Refused(f"the log records cannot be read: {error}") from error
    kept = dict.fromkeys(_readable(have))
    size, cut = len(have or b""), 0
    for record in new:
        if record in kept:
            continue
        if size + len(record) > MAX_LOGS_BYTES:
            cut += 1
            continue
        kept[record] = None
        size += len(record)
    return (b"".join(kept) or None), cut


def _readable(logs: bytes | None) -> list[bytes]:
    try:
        return split_logs(logs or b"")
    except UnreadableRecord:
        return []  # damaged on disk: the records that come now take their place
