"""What waits in a lane, item by item, as the renderer looks at it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

from otel_bridge.queue.payload import pack_changes, pack_spans, read_changes, read_spans
from otel_bridge.translate.calls import translate

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from otel_bridge.model.call import Change
    from otel_bridge.queue.base import Lent, Record
    from otel_bridge.translate.options import Options


class Item(Struct, frozen=True):
    """One item of a record: a `Span`, or a `Change` that was written through the API, as its kind says."""

    record: Record
    index: int
    value: Any

    def change(self, options: Options) -> Change:
        """Return what it changes."""
        if self.record.kind == "spans":
            return translate(self.value, options, dumped=True)
        change: Change = self.value
        return change

    def payload(self) -> bytes:
        """Return the item alone, as the queue keeps it."""
        return pack_spans([self.value]) if self.record.kind == "spans" else pack_changes([self.value])


class Waiting:
    """The items of some records of a lane, by their position; records are parsed when they are reached."""

    def __init__(self, lent: Lent, project_id: str) -> None:
        self.records: Final = lent.records
        self.blocked: Final = lent.blocked
        self._project_id = project_id
        self._parsed: dict[int, Sequence[Any]] = {}

    def __iter__(self) -> Iterator[Item]:
        return self.behind(0)

    def behind(self, start: int) -> Iterator[Item]:
        """Yield the items from a position on."""
        for record, first in self.from_position(start):
            for index in range(first, items_of(record)):
                yield Item(record, index, self.values(record)[index])

    def from_position(self, start: int) -> Iterator[tuple[Record, int]]:
        """Yield the records that hold items from a position on, each with the first of its items there."""
        passed = 0
        for record in self.records:
            count = items_of(record)
            if start < passed + count:
                yield record, max(0, start - passed)
            passed += count

    def values(self, record: Record) -> Sequence[Any]:
        """Return the items of a record."""
        if record.seq not in self._parsed:
            self._parsed.clear()  # one record at a time: large ones would stand in memory together
            self._parsed[record.seq] = (
                read_spans(record, self._project_id)
                if record.kind == "spans"
                else read_changes(record.payload)
            )
        return self._parsed[record.seq]


def items_of(record: Record) -> int:
    """Return how many items a record holds; one that is damaged holds none."""
    return 0 if record.damage is not None else record.calls
