"""Fields that a span's events and log records tell: asked only for what its attributes leave open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from otel_bridge.translate.fields import FIELDS
from otel_bridge.translate.heard import HEARD
from otel_bridge.translate.payload import told
from otel_bridge.translate.sources import Source, Told

if TYPE_CHECKING:
    from collections.abc import Mapping

    from otel_bridge.model.span import Span
    from otel_bridge.translate.heard import Event

ROWS: Final[Mapping[str, tuple[Source, ...]]] = {
    field: spoken
    for field, rows in FIELDS.items()
    if (spoken := tuple(row for row in rows if row.told is not Told.ATTRIBUTES))
}
"""The rows of `FIELDS` that are told in events and log records."""


class Listener:
    """Reads each of a span's two kinds of events once, and only when somebody asks."""

    __slots__ = ("_heard", "_span")

    def __init__(self, span: Span) -> None:
        self._span = span
        self._heard: dict[Told, list[Event]] = {}

    def first(self, field: str) -> tuple[Source | None, Any]:
        """Return row and value of the first source that tells the field, None without any."""
        for row in ROWS[field]:
            events = self.events(row.told)
            value = row.read(events) if events else None
            if value is not None:
                return row, value
        return None, None

    def payload(self, field: str) -> bytes | None:
        """Return the field's value as JSON under its key, None when nothing tells it."""
        row, value = self.first(field)
        return None if row is None else told(row.key, value)

    def events(self, where: Told) -> list[Event]:
        """Return what is told there."""
        events = self._heard.get(where)
        if events is None:
            events = self._heard[where] = HEARD[where](self._span)
        return events
