"""Names of projects and objects, as a Weave server's own messages spell them, and as the bridge does.

Inside a Weave server a project has an internal id, and refs are `weave-trace-internal:///<id>/object/…`
(`contract/weave-api.md` §4.2). Which id is which project the operator says in the settings. A project that is
not named there goes by its own name, "entity/project", in both directions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

EXTERNAL: Final = "weave:///"
INTERNAL: Final = "weave-trace-internal:///"
_KINDS: Final = ("/object/", "/op/", "/call/", "/table/")


class Names:
    """`projects` maps internal ids to "entity/project"."""

    def __init__(self, projects: Mapping[str, str]) -> None:
        self._inside = dict(projects)
        self._outside = {project: internal for internal, project in projects.items()}

    def inside(self, project_id: str) -> str:
        """Return our name of a project; raise ValueError for an id that nobody explained."""
        known = self._inside.get(project_id)
        if known is not None:
            return known
        entity, slash, project = project_id.partition("/")
        if not (entity and slash and project) or "/" in project:
            raise ValueError(
                f"{project_id[:200]!r} is no ENTITY/PROJECT; the setting `projects` may say which one it is"
            )
        return project_id

    def outside(self, project_id: str) -> str:
        """Return a project's name in messages."""
        return self._outside.get(project_id, project_id)

    def ref_inside(self, ref: str) -> str:
        """Return our form of a ref, of whichever form it is; one of an unknown project stays as it is."""
        if not ref.startswith(INTERNAL):
            return ref
        project_id, rest = _split(ref.removeprefix(INTERNAL))
        try:
            return f"{EXTERNAL}{self.inside(project_id)}{rest}"
        except ValueError:
            return ref  # the worker says that it cannot be used, and shows it

    def ref_outside(self, ref: str, project_id: str) -> str:
        """Return a ref as messages about `project_id` have it: internal where that project's id is known."""
        if project_id not in self._outside or not ref.startswith(EXTERNAL):
            return ref
        named, rest = _split(ref.removeprefix(EXTERNAL))
        internal = self._outside.get(named)
        return ref if internal is None else f"{INTERNAL}{internal}{rest}"


def _split(path: str) -> tuple[str, str]:
    """Cut `PROJECT/object/NAME:DIGEST` behind the project."""
    at = min((found for kind in _KINDS if (found := path.find(kind)) > 0), default=len(path))
    return path[:at], path[at:]
