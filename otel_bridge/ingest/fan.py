"""Who gets what beside the store: destinations of the queue, and exporters of the writer process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from otel_bridge.outcomes import exported_by
from otel_bridge.queue.payload import change_records, span_records

if TYPE_CHECKING:
    from collections.abc import Sequence

    from otel_bridge.ingest.exporters.base import Outlet
    from otel_bridge.model.call import Change
    from otel_bridge.model.span import Span
    from otel_bridge.queue.base import Destination, NewRecord


class Written(Struct, frozen=True):
    """A piece of so many spans or calls for an exporter of this process."""

    outlet: Outlet
    piece: Any
    count: int


class Shared(Struct, frozen=True):
    """What one request comes to: records for the queue, pieces for exporters, and counters."""

    records: Sequence[NewRecord] = ()
    written: tuple[Written, ...] = ()
    counts: dict[str, int] = {}

    def __add__(self, other: Shared) -> Shared:
        """Return both together."""
        counts = dict(self.counts)
        for name, count in other.counts.items():
            counts[name] = counts.get(name, 0) + count
        return Shared([*self.records, *other.records], self.written + other.written, counts)


class Fan:
    """Shares out; `exporters` None: to everybody."""

    def __init__(self, destinations: Sequence[Destination] = (), outlets: Sequence[Outlet] = ()) -> None:
        self._destinations = destinations
        self._outlets = outlets

    def spans(self, spans: Sequence[Span], exporters: frozenset[str] | None = None) -> Shared:
        """Share out spans."""
        if not spans:
            return Shared()
        takers = [each.name for each in self._destinations if exporters is None or each.name in exporters]
        named = None if len(takers) == len(self._destinations) else tuple(sorted(takers))
        records = span_records(spans) if takers else []
        if named is not None:
            records = [replace(each, destinations=named) for each in records]
        return Shared(records, *self._written(spans, "spans", exporters))

    def changes(
        self, changes: Sequence[Change], received_ns: int, exporters: frozenset[str] | None = None
    ) -> Shared:
        """Share out what the API wrote; who has no form for it is counted as `unsupported`."""
        if not changes:
            return Shared()
        asked = [each for each in self._destinations if exporters is None or each.name in exporters]
        takers = [each.name for each in asked if each.takes_calls]
        named = None if len(takers) == len(self._destinations) else tuple(sorted(takers))
        records = change_records(changes, received_ns) if takers else []
        if named is not None:
            records = [replace(each, destinations=named) for each in records]
        counts = {
            exported_by(each.name, "unsupported"): len(changes) for each in asked if not each.takes_calls
        }
        written, more = self._written(changes, "changes", exporters)
        return Shared(records, written, counts | more)

    def _written(
        self, values: Sequence[Any], how: str, exporters: frozenset[str] | None
    ) -> tuple[tuple[Written, ...], dict[str, int]]:
        """Return the pieces for exporters of this process, and what has no form for which."""
        written: list[Written] = []
        counts: dict[str, int] = {}
        for outlet in self._outlets:
            if exporters is not None and outlet.name not in exporters:
                continue
            if how == "spans" or outlet.takes_calls:
                written.append(Written(outlet, getattr(outlet, how)(values), len(values)))
            else:
                counts[exported_by(outlet.name, "unsupported")] = len(values)
        return tuple(written), counts
