"""Erasing calls for good: what is asked, which calls it is about, and what one step of it came to."""

from __future__ import annotations

from typing import Final, Literal

from msgspec import Struct

STEP_CALLS: Final = 250
"""Calls that one step looks at, at most."""
STEP_MILLISECONDS: Final = 20
"""How long one step looks for more."""
USER_ATTRIBUTES: Final = ("user.id", "enduser.id")
"""Attributes that name a person, beside `wb_user_id`."""

Phase = Literal["calls", "runs", "waiting", "queue", "dead", "files", "clean"]


class Erasure(Struct, frozen=True, kw_only=True):
    """Which calls to erase: those that meet any of the members; `project_id` None: in every project.

    `calls` are ids. `user` is compared with `wb_user_id` and with each of `user_attributes`. `attributes` are
    names with the value that each must have, compared as text: of the span, its resource or its log records,
    or of what was written through the API. Everything below an erased call in its trace goes with it.
    """

    project_id: str | None = None
    calls: tuple[str, ...] = ()
    user: str | None = None
    user_attributes: tuple[str, ...] = USER_ATTRIBUTES
    thread: str | None = None
    attributes: dict[str, str] = {}
    dry_run: bool = False

    @property
    def wanted(self) -> tuple[tuple[str, str], ...]:
        """Names of attributes and the values that make a call one of these."""
        named = tuple(self.attributes.items())
        return named if self.user is None else (*named, *((name, self.user) for name in self.user_attributes))

    @property
    def is_empty(self) -> bool:
        """Whether nothing is asked for."""
        return not (self.calls or self.user or self.thread or self.attributes)


class EraseCursor(Struct, frozen=True):
    """Where an erasure goes on: its phase, and behind arrival number `after` to `through`."""

    phase: Phase
    after: int
    through: int


class Erased(Struct, frozen=True, kw_only=True):
    """What one step came to; `cursor` None: nothing is left anywhere.

    `calls` went, or with `dry_run` would go, those below them not counted. `copies` are spans, and starts,
    ends and changes of calls, that went from files of `file` exporters. In the phase `clean` all have gone
    already, and the space they took is being overwritten.
    """

    cursor: EraseCursor | None
    calls: int = 0
    copies: int = 0
