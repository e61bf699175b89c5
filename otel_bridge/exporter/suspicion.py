"""Tells an upstream that stumbles over one call from an upstream that stumbles over everything.

Weave answers 500 to whatever it did not foresee (`contract/weave-api.md` §1.2): one call may be answered so
for ever, and would hold up all behind it. A batch that is answered 500 again and again is halved, until the
call is alone; it is given up when calls of the same project pass meanwhile.
"""

from __future__ import annotations

from collections import Counter
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from otel_bridge.exporter.verdict import Again, Refused

if TYPE_CHECKING:
    from otel_bridge.exporter.verdict import Verdict

Range = tuple[int, int | None]

SPLIT_AFTER: Final = 5
"""Answers of 500 to one batch before it is halved."""
GIVE_UP_AFTER: Final = 10
"""Answers of 500 to one call before it may be given up, or others are tried first."""


class Suspicion:
    """Counts the 500s of one batch and its parts."""

    def __init__(self) -> None:
        self._failures: Counter[Range] = Counter()

    def weigh(self, part: Range, verdict: Verdict | None, *, calls: int, others_pass: bool) -> Verdict | None:
        """Return the verdict, or that the part is refused when it is time to treat it so."""
        if not isinstance(verdict, Again) or verdict.status != HTTPStatus.INTERNAL_SERVER_ERROR:
            return verdict
        self._failures[part] += 1
        enough = SPLIT_AFTER if calls > 1 else GIVE_UP_AFTER
        if self._failures[part] < enough or (calls == 1 and not others_pass):
            return verdict
        return Refused(verdict.status, verdict.reason)

    def postpones(self, part: Range) -> bool:
        """Tell whether other parts should be tried before this one is again."""
        count = self._failures[part]
        return count >= GIVE_UP_AFTER and count % GIVE_UP_AFTER == 0
