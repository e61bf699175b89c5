"""The calls of a batch that have no result yet, and which of them are suspected of ending their runner."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from otel_bridge.scorer.base import ScorerFailed

if TYPE_CHECKING:
    from otel_bridge.scoring.course import Call, Course, Stopped, Tell

MAX_STILLBORN: Final = 2
"""Runners that end before a scorer is ready, one after the other, until its calls fail."""


class Pending:
    """What is still to be scored.

    A call that was alone on its way, or that overran its deadline, is to blame. When a runner ends by itself
    it may have been an earlier call's doing: those under way are scored again, each alone. Once one of them
    has ended its runner that way, the others of the batch are believed to do so too.
    """

    def __init__(self, calls: list[Call]) -> None:
        self._waiting = calls
        self._suspects: deque[Call] = deque()
        self._is_alone = False
        self._is_known_to_end = False
        self._stillborn = 0

    def next(self) -> list[Call]:
        """Return the calls to be scored now, none when all have a result; suspects come first."""
        self._is_alone = bool(self._suspects)
        if self._is_alone:
            return [self._suspects.popleft()]
        batch, self._waiting = self._waiting, []
        return batch

    def stopped(self, course: Course, stopped: Stopped, tell: Tell) -> None:
        """Take back what a runner left when it stopped, and tell a result for the call to blame."""
        if not course.is_open:
            self._stillborn += 1
            if stopped.overran or self._stillborn == MAX_STILLBORN:
                course.fail(f"the scorer does not become ready: {stopped}", tell)
            self._take_back(course.left)
            return
        blamed = course.under_way
        if len(blamed) == 1 and (self._is_alone or stopped.overran or self._is_known_to_end):
            self._is_known_to_end |= self._is_alone and not stopped.overran
            tell([(blamed[0][0], ScorerFailed(str(stopped)))])
        else:
            self._suspects.extend(blamed)
        self._take_back([call for call in course.left if call not in blamed])

    def _take_back(self, calls: list[Call]) -> None:
        if self._is_alone:
            self._suspects.extendleft(calls)
        else:
            self._waiting = calls
