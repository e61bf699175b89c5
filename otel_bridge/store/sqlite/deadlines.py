"""How long a read may take: one statement, and all statements of a question together.

While a statement runs, the log of recent writes cannot start over, so a question about many calls is many
short statements. One that takes too long nevertheless is stopped and asked again about fewer calls.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from otel_bridge.errors import QueryTimeout

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

STATEMENT_SECONDS: Final = 1.0
"""What one statement may take that can be asked again about fewer calls."""
READ_SECONDS: Final = 5.0
"""What a read may take whose size is bounded by itself."""
SCAN_SECONDS: Final = 20.0
"""What the next part of an answer may take; SDKs wait 30 s for a byte (`weave-api.md` §1.2)."""
_SHORTER: Final = 8
_LONGER: Final = 4
_LEAST_CALLS: Final = 10


class StatementTimeout(QueryTimeout):
    """A statement was stopped at `STATEMENT_SECONDS`; one about fewer calls may not be."""


def too_long(seconds: float) -> str:
    """Say what was too much, and what helps."""
    return f"the query took longer than {seconds:g} s; narrow it: by time, op, trace or another filter"


class Pace:
    """How many calls the next statement looks through: `first`, and never more than `most`."""

    def __init__(self, most: int, *, first: int) -> None:
        self.calls = first
        self._most = most

    def speed_up(self) -> None:
        """Look through more from now on."""
        self.calls = min(self._most, self.calls * _LONGER)

    def slow_down(self, error: StatementTimeout) -> None:
        """Look through fewer from now on; raise `error` when they are few already."""
        if self.calls <= _LEAST_CALLS:
            raise error
        self.calls = self._most = max(_LEAST_CALLS, self.calls // _SHORTER)


class Deadline:
    """The end of the time of one question, by `clock`, in seconds."""

    def __init__(self, clock: Callable[[], float], seconds: float = SCAN_SECONDS) -> None:
        self._clock = clock
        self._seconds = seconds
        self._end = clock() + seconds

    def check(self) -> None:
        """Raise QueryTimeout when the time is over."""
        if self._clock() > self._end:
            raise QueryTimeout(too_long(self._seconds))

    def passing_on(self, items: Iterable[Any]) -> Iterator[Any]:
        """Pass items on, as long as there is time."""
        for item in items:
            self.check()
            yield item
