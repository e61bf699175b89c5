"""Translates the calls of a store in memory again (`store.base.CallWriter.retranslate`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from otel_bridge.store.merge import Held, is_same_start
from otel_bridge.store.retranslation import STEP_CALLS, Count, Cursor, Retranslated, Stopped

if TYPE_CHECKING:
    from collections.abc import Mapping

    from otel_bridge.store.derive import Deriver
    from otel_bridge.store.layers import Key, Layer
    from otel_bridge.store.merge import Slot
    from otel_bridge.store.retranslation import Retranslation


class MemoryAgain:
    """One step at a time; `made_by` says which version of the translator made which call."""

    def __init__(self) -> None:
        self.made_by: dict[Key, int] = {}
        self._stopped: dict[tuple[str | None, bool], Stopped] = {}

    def step(
        self,
        layer: Layer,
        calls: Mapping[int, Key],
        last: int,
        deriver: Deriver,
        translator: int,
        asked: Retranslation,
        cursor: Cursor | None,
    ) -> Retranslated:
        """Do one step in `layer`; `calls` are numbered up to `last`."""
        kind = (asked.project_id, asked.everything)
        stopped = self._stopped.get(kind)
        resumed = cursor is None and stopped is not None and stopped.serves(asked, translator)
        if cursor is None:
            cursor = stopped.cursor if resumed and stopped else Cursor(0, last)
        count, after = Count(), cursor.through
        for number in sorted(n for n in calls if cursor.after < n <= cursor.through):
            if count.translated >= STEP_CALLS:
                break
            after = number
            self._one(layer, calls[number], deriver, translator, asked, count)
        else:
            after = cursor.through
        left = Cursor(after, cursor.through) if after < cursor.through else None
        self._stopped.pop(kind, None)
        if left is not None:
            self._stopped[kind] = Stopped(translator, asked.since, left)
        return count.result(left, cursor, resumed=resumed)

    def stamp(self, key: Key, before: Slot | None, slot: Slot, layer: Layer, translator: int) -> None:
        """Remember which version made a call; an end that comes on its own makes nothing."""
        same = isinstance(before, Held) and isinstance(slot, Held) and is_same_start(before, slot)
        if not same or key in layer.in_place:
            self.made_by[key] = translator

    def _one(
        self, layer: Layer, key: Key, deriver: Deriver, translator: int, asked: Retranslation, count: Count
    ) -> None:
        held = layer.get(*key)
        if not isinstance(held, Held) or not held.is_span or asked.project_id not in {None, key[0]}:
            return
        kept = layer.below
        if asked.since is not None and kept is not None and kept.received_at[key] < asked.since:
            return
        if not asked.everything and self.made_by.get(key) == translator:
            count.current += 1
            return
        again = deriver.again(held)
        count.note(held, again)
        if again is not None:
            layer.put_in_place(again)
