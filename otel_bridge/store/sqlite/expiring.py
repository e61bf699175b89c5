"""Removes calls that are too old where projects keep them for different times, in short steps by arrival.

Calls of one age are looked for in the order they came, behind a place that is remembered while the store is
open: below it nothing of that age is left. Projects that keep calls for longer are passed over there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from otel_bridge.store.sqlite.queries import ANNEX, QUERIES

if TYPE_CHECKING:
    from collections.abc import Callable

    import apsw

    from otel_bridge.store.limits import StoreLimits

STEP_CALLS: Final = 250
"""Calls that one step of upkeep removes: a few milliseconds."""
SCANNED_CALLS: Final = 5_000
"""Calls that one step looks at, be they kept for longer."""
_BESIDE_MICROS: Final = 60 * 1_000_000
"""So seldom is looked for what is too old and belongs to no call: it lies in no order by project."""
_MICROS: Final = 1_000_000


class Expiring:
    """Steps over the calls of `connection` by `limits`; `remove` removes calls by their sequence numbers."""

    def __init__(
        self, connection: apsw.Connection, limits: StoreLimits, remove: Callable[[list[int]], None]
    ) -> None:
        self._connection = connection
        self._limits = limits
        self._remove = remove
        self._places = dict.fromkeys(limits.ages, 0)
        self._seconds: dict[int, int | None] = {}
        self._besides_at = 0

    def step(self, now: int) -> tuple[int, bool]:
        """Do one step at `now` (microseconds): how many calls went, and whether there may be more to do."""
        for seconds in self._places:
            removed, more = self._some(seconds, now - seconds * _MICROS)
            if removed or more:
                return removed, True
        if not 0 <= now - self._besides_at < _BESIDE_MICROS:
            self._besides_at = now
            with self._connection:
                for seconds in self._places:
                    self._remove_beside(seconds, now - seconds * _MICROS)
        return 0, False

    def _some(self, seconds: int, before: int) -> tuple[int, bool]:
        place, old, more = self._places[seconds], list[int](), False
        found = self._after(place, 1)
        if not found or found[0][2] >= before:
            return 0, False
        found = self._after(place, SCANNED_CALLS)
        for seq, project, received_at in found:
            if received_at >= before or len(old) == STEP_CALLS:
                break
            if self._seconds_of(project) == seconds:
                old.append(seq)
            place = seq
        else:
            more = len(found) == SCANNED_CALLS
        if old:
            with self._connection:
                self._remove(old)
        self._places[seconds] = place
        return len(old), more

    def _after(self, place: int, limit: int) -> list[tuple[Any, ...]]:
        return self._connection.execute(QUERIES["arrived_after"], (place, limit)).fetchall()

    def _seconds_of(self, number: int) -> int | None:
        if number not in self._seconds:
            name: Any = self._connection.execute(QUERIES["project_name"], (number,)).get
            self._seconds[number] = self._limits.retention_of(name)
        return self._seconds[number]

    def _remove_beside(self, seconds: int, before: int) -> None:
        """Remove what waits for calls of projects of this age, and feedback without its call."""
        numbers = [number for (number,) in self._connection.execute(QUERIES["project_numbers"])]
        aged = [number for number in numbers if self._seconds_of(number) == seconds]
        args = (before, msgspec.json.encode(aged).decode())
        for statement in (
            QUERIES["expire_pending_of"], QUERIES["expire_waiting_logs_of"], ANNEX["expire_old_feedback_of"],
        ):  # fmt: skip
            self._connection.execute(statement, args)
