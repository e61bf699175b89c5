"""What a user may choose about translation, and the version of the tables."""

from __future__ import annotations

from typing import Final, Literal

from msgspec import Struct

VERSION: Final = 3
"""Of the tables and rules; a change that gives stored spans other calls raises it."""


class Options(Struct, frozen=True, kw_only=True):
    """The switches of `contract/otel-mapping.md` §6 and §8.

    `usage_on_wrappers`: tokens of a span that repeats its children's are kept apart (`drop`) or counted
    (`keep`, as Weave does). `session_threads`: session ids name threads where nothing better does. `turns`: a
    thread's root spans are its turns, or all its spans are (as in Weave).
    """

    usage_on_wrappers: Literal["drop", "keep"] = "drop"
    session_threads: bool = True
    turns: Literal["roots", "spans"] = "roots"

    @property
    def stamp(self) -> int:
        """Return a number that tells calls made by other tables or other options apart."""
        switches = (self.usage_on_wrappers == "keep", not self.session_threads, self.turns == "spans")
        return VERSION << len(switches) | sum(on << place for place, on in enumerate(switches))


DEFAULT: Final = Options()
