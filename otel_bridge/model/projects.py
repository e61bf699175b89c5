"""Which projects somebody may see: globs of entity and project."""

from __future__ import annotations

from fnmatch import fnmatchcase

from msgspec import Struct


class Projects(Struct, frozen=True):
    """Projects by globs, `*`, `?` and `[…]` as a shell has them, case by case.

    `acme/*` is every project of an entity; a star never reaches over the slash. `*` alone is all projects.
    """

    globs: tuple[str, ...]

    @property
    def every(self) -> bool:
        """Whether no project is left out."""
        return "*" in self.globs or "*/*" in self.globs

    def holds(self, project_id: str) -> bool:
        """Tell whether a project is one of these."""
        return self.every or any(_fits(glob, project_id) for glob in self.globs)


EVERY: Projects = Projects(("*",))


def holds(globs: tuple[str, ...] | None, project_id: str) -> bool:
    """Tell whether globs, as they travel between processes, hold a project; None is all of them."""
    return globs is None or Projects(globs).holds(project_id)


def _fits(glob: str, project_id: str) -> bool:
    wanted_entity, wanted_slash, wanted_project = glob.partition("/")
    entity, slash, project = project_id.partition("/")
    return bool(
        wanted_slash
        and slash
        and "/" not in project
        and fnmatchcase(entity, wanted_entity)
        and fnmatchcase(project, wanted_project)
    )
