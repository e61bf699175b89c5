"""Who is asking, and what they may do."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from msgspec import Struct

from otel_bridge.errors import Forbidden
from otel_bridge.model.projects import EVERY, Projects


class Right(StrEnum):
    """What a key may be for."""

    INGEST = "ingest"
    """Write: OTLP, and whatever changes something through the API."""
    READ = "read"
    """Ask, through the API and so through the page."""
    SCORE = "score"
    """Have calls scored; with all projects, be a scoring worker."""
    ADMIN = "admin"
    """Maintain the bridge (`/bridge/…`)."""


class Need(StrEnum):
    """What an endpoint asks of who calls it."""

    NOTHING = "nothing"
    """Everybody may: probes, the page's files, descriptions. They hold nothing of any project."""
    KEY = "key"
    """Any key will do."""
    INGEST = "ingest"
    READ = "read"
    SCORE = "score"
    ADMIN = "admin"
    WORK = "work"
    """The right to score, for all projects: workers are lent tasks of any of them."""


ALL_RIGHTS: Final = frozenset(Right)


class Principal(Struct, frozen=True):
    """Whoever a key or a certificate belongs to; `name` is for logs, and never the key itself.

    `rate` is how many requests a second it may make, None: as many as others. A `worker` is a process that
    this bridge started.
    """

    name: str
    rights: frozenset[Right] = ALL_RIGHTS
    projects: Projects = EVERY
    rate: float | None = None
    worker: bool = False

    @property
    def globs(self) -> tuple[str, ...] | None:
        """The projects as they travel to other processes: None is all of them."""
        return None if self.projects.every else self.projects.globs

    def require(self, need: Need) -> None:
        """Raise Forbidden without the right that is needed."""
        if need in {Need.NOTHING, Need.KEY}:
            return
        right = Right.SCORE if need is Need.WORK else Right(need.value)
        if right not in self.rights:
            raise Forbidden(f"this key does not have the right to {_DOES[right]}; it needs `{right.value}`")
        if need is Need.WORK:
            self.require_every()

    def require_project(self, project_id: str) -> None:
        """Raise Forbidden, which names the project, where it is not one of this principal's."""
        if not self.projects.holds(project_id):
            raise foreign(project_id)

    def require_every(self) -> None:
        """Raise Forbidden for whoever may see some projects only."""
        if not self.projects.every:
            raise Forbidden("this is about all projects, and the key is for some only")


_DOES: Final = {
    Right.INGEST: "write",
    Right.READ: "read",
    Right.SCORE: "have calls scored",
    Right.ADMIN: "maintain the bridge",
}


def foreign(project_id: str) -> Forbidden:
    """Say that a project is none of the key's, in the same words whether there is such a project or not."""
    return Forbidden(f"this key is not for the project {project_id[:200]}")
