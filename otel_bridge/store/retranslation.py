"""Translating stored spans again: what is asked, and what one step of it came to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import Struct

if TYPE_CHECKING:
    from otel_bridge.store.merge import Held

STEP_CALLS: Final = 250
"""Calls that one step translates, at most."""
STEP_MILLISECONDS: Final = 20
"""How long one step looks for more: what comes in meanwhile waits no longer than that and a commit."""
SCANNED_CALLS: Final = 25
"""Calls that are looked at, and read, together."""
NAMED_CALLS: Final = 20
"""Unreadable calls that a step names; it counts them all."""


class Retranslation(Struct, frozen=True, kw_only=True):
    """Which calls to translate again: those of a project, those that arrived since a time (microseconds).

    Only calls that another version of the tables made, unless `everything` is asked for. `restart` forgets
    where an earlier run of the same kind was stopped.
    """

    project_id: str | None = None
    since: int | None = None
    everything: bool = False
    restart: bool = False


class Cursor(Struct, frozen=True):
    """Where a run goes on: behind arrival number `after`, to `through` and no further."""

    after: int
    through: int


class Retranslated(Struct, frozen=True, kw_only=True):
    """What one step came to. `cursor` None: there is nothing more to do.

    `changed` and `unchanged` were translated, `current` were not: they had the present version. `unreadable`
    stay as they were, the first of them are in `named`. `resumed`: the step went on where an earlier run had
    been stopped; `started` is where this step began.
    """

    cursor: Cursor | None
    started: Cursor
    changed: int = 0
    unchanged: int = 0
    current: int = 0
    unreadable: int = 0
    named: tuple[str, ...] = ()
    resumed: bool = False


class Count:
    """Counts while a step is done."""

    __slots__ = ("changed", "current", "named", "unchanged", "unreadable")

    def __init__(self) -> None:
        self.changed = self.unchanged = self.current = self.unreadable = 0
        self.named: list[str] = []

    @property
    def translated(self) -> int:
        return self.changed + self.unchanged + self.unreadable

    def note(self, before: Held, after: Held | None) -> None:
        """Count one call: `after` is what it is now, None when its span cannot be read."""
        if after is None:
            self.unreadable += 1
            if len(self.named) < NAMED_CALLS:
                self.named.append(f"{before.project_id}/{before.id}")
        elif after == before:
            self.unchanged += 1
        else:
            self.changed += 1

    def result(self, cursor: Cursor | None, started: Cursor, *, resumed: bool) -> Retranslated:
        """Return what was counted."""
        return Retranslated(
            cursor=cursor,
            started=started,
            changed=self.changed,
            unchanged=self.unchanged,
            current=self.current,
            unreadable=self.unreadable,
            named=tuple(self.named),
            resumed=resumed,
        )


class Stopped(Struct, frozen=True):
    """What a store remembers of a run, so that one that was stopped can go on."""

    translator: int
    since: int | None
    cursor: Cursor

    def serves(self, asked: Retranslation, translator: int) -> bool:
        """Tell whether a run may go on here: all it would have done until here is done."""
        if asked.restart or translator != self.translator:
            return False
        return self.since is None or (asked.since is not None and asked.since >= self.since)
