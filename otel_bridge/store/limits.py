"""How much a store may keep, and for how long."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from otel_bridge.model.projects import Projects

DEFAULT_RETENTION_SECONDS: Final = 14 * 24 * 3600
DEFAULT_MAX_BYTES: Final = 20 << 30

MAX_LOGS_BYTES: Final = 1 << 20
"""What is kept of the log records of one span, uncompressed; later records are counted and dropped."""


class ProjectLimits(Struct, frozen=True, kw_only=True):
    """How long the projects that a glob names keep calls (`model.projects.Projects`); None is for ever."""

    projects: str
    retention_seconds: int | None


class StoreLimits(Struct, frozen=True, kw_only=True):
    """The oldest calls by arrival go: after `retention_seconds`, and when the store passes `max_bytes`.

    None is no limit. `max_bytes` bounds what the store takes on disk, its log of recent writes included.
    `projects` have times of their own: what spells a project out comes first, then the first that fits.
    """

    retention_seconds: int | None = DEFAULT_RETENTION_SECONDS
    max_bytes: int | None = DEFAULT_MAX_BYTES
    projects: tuple[ProjectLimits, ...] = ()

    def retention_of(self, project_id: str) -> int | None:
        """Return for how many seconds a project keeps calls, None for ever."""
        spelled = [one for one in self.projects if one.projects == project_id]
        fitting = [one for one in self.projects if Projects((one.projects,)).holds(project_id)]
        named = next(iter((*spelled, *fitting)), None)
        return self.retention_seconds if named is None else named.retention_seconds

    def before(self, now: int, project_id: str) -> int:
        """Return the time before which what a project keeps is too old at `now`, both in microseconds."""
        seconds = self.retention_of(project_id)
        return 0 if seconds is None else now - seconds * 1_000_000

    @property
    def ages(self) -> tuple[int, ...]:
        """The times, in seconds, after which calls go."""
        every = (self.retention_seconds, *(one.retention_seconds for one in self.projects))
        return tuple(sorted({seconds for seconds in every if seconds is not None}))

    @property
    def longest_seconds(self) -> int | None:
        """How long anything is kept, None for ever."""
        every = (self.retention_seconds, *(one.retention_seconds for one in self.projects))
        return None if None in every else max(self.ages)
