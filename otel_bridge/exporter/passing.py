"""Queued spans become the OTLP request that passes them on. Pure.

A record of spans is a request already (`queue.payload`): whole records are joined as they are, unknown fields
and all, and only one that does not fit is taken apart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from otel_bridge.exporter.rendering import Batch, Request
from otel_bridge.exporter.waiting import items_of
from otel_bridge.queue.payload import pack_spans

if TYPE_CHECKING:
    from otel_bridge.exporter.rendering import Limits
    from otel_bridge.exporter.waiting import Waiting
    from otel_bridge.queue.base import Record


class NoSpan(Exception):
    """A call that was written through the API has no OTLP form."""


def pass_on(waiting: Waiting, start: int, limits: Limits) -> Batch | None:
    """Join as many spans as fit, at least one; None of nothing. Spans of different runs go apart.

    Raise NoSpan when what is next is no span.
    """
    parts: list[bytes] = []
    size = items = 0
    run: str | None = None
    for record, first in waiting.from_position(start):
        if items and (record.kind != "spans" or record.wb_run_id != run):
            break
        if record.kind != "spans":
            raise NoSpan("a call that was written through the API has no OTLP form")
        run = record.wb_run_id
        payload, count = _piece(waiting, record, first, limits.max_calls - items, limits.max_bytes - size)
        if not count and not items:
            payload, count = pack_spans(waiting.values(record)[first : first + 1]), 1
        parts.append(payload)
        size, items = size + len(payload), items + count
        if first + count < items_of(record):
            break
    return Batch((Request("", b"".join(parts), None, run),), items) if items else None


def _piece(waiting: Waiting, record: Record, first: int, room: int, max_bytes: int) -> tuple[bytes, int]:
    """Return the spans of a record from `first` on that fit, and how many they are."""
    whole = items_of(record)
    if first == 0 and whole <= room and len(record.payload) <= max_bytes:
        return record.payload, whole
    spans = waiting.values(record)[first : first + max(room, 0)]
    size = count = 0
    for span in spans:
        size += len(pack_spans([span]))  # more than it adds: a resource is there once
        if size > max_bytes:
            break
        count += 1
    return pack_spans(spans[:count]), count
