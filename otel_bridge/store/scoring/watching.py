"""Which projects monitors watch: those that the configuration names, and those that hold a `Monitor`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import orjson
from msgspec import Struct

from otel_bridge.model import annex
from otel_bridge.store.annex.versions import latest
from otel_bridge.store.merge import Held

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from otel_bridge.model.annex import AnnexChange, Version
    from otel_bridge.store.annex.base import AnnexRows
    from otel_bridge.store.merge import Slot

MONITOR: Final = "Monitor"
"""The class of Weave's monitors (its SDK, `flow/monitor.py`)."""


class Watched(Struct, frozen=True):
    """What monitors of the configuration watch: every project, or those that are named."""

    everywhere: bool = False
    projects: tuple[str, ...] = ()


class Watch:
    """Knows the watched projects; it is false where there are none."""

    def __init__(self, watched: Watched | None = None) -> None:
        watched = watched or Watched()
        self._everywhere = watched.everywhere
        self._named = frozenset(watched.projects)
        self._stored: frozenset[str] = frozenset()
        self._committed = self._stored

    def __bool__(self) -> bool:
        """Tell whether any project is watched."""
        return self._everywhere or bool(self._named) or bool(self._stored)

    def sees(self, project_id: str) -> bool:
        """Tell whether a project is watched."""
        return self._everywhere or project_id in self._named or project_id in self._stored

    def look_after(self, rows: AnnexRows, changes: Sequence[AnnexChange]) -> None:
        """See what changes made of the monitors of their projects."""
        touched = set(filter(None, map(self._touched, changes)))
        if touched:
            self.look(rows, touched)

    def look(self, rows: AnnexRows, projects: Collection[str]) -> None:
        """See which of these projects have active monitors of their own."""
        active = {project for project in projects if _is_active(rows, project)}
        self._stored = self._stored.difference(projects) | active

    def kept(self) -> None:
        """Take what was seen for good."""
        self._committed = self._stored

    def rolled_back(self) -> None:
        """Forget what was seen since the last commit."""
        self._stored = self._committed

    def _touched(self, change: AnnexChange) -> str | None:
        """Return the project in which a change may begin or end the work of a monitor."""
        match change:
            case annex.KeepObject(version=version) if (
                is_monitor(version) or version.project_id in self._stored
            ):
                return version.project_id
            case annex.DeleteObject(project_id=project_id):
                return project_id
            case _:
                return None


def is_monitor(version: Version) -> bool:
    """Tell whether a version is one of a monitor."""
    return MONITOR in {version.base_class, version.leaf_class}


def newly_ended(before: Slot | None, now: Held) -> bool:
    """Tell whether a change made a call one that can be seen and has ended."""
    return _has_ended(now) and not _has_ended(before)


def can_be_seen(slot: Slot | None) -> bool:
    """Tell whether what is kept under an id is a visible call."""
    return isinstance(slot, Held) and slot.started_at is not None


def _has_ended(slot: Slot | None) -> bool:
    return isinstance(slot, Held) and slot.started_at is not None and slot.ended_at is not None


def _is_active(rows: AnnexRows, project_id: str) -> bool:
    names = rows.monitors(project_id)
    if not names:
        return False
    versions = [one for one in rows.versions(project_id, names) if not one.is_op]
    newest = (latest(one for one in versions if one.object_id == name) for name in names)
    monitors = [one for one in newest if one is not None and is_monitor(one)]
    return any(map(_says_active, rows.values(monitors)))


def _says_active(val: bytes | None) -> bool:
    tree = None if val is None else orjson.loads(val)
    return isinstance(tree, dict) and tree.get("active") is True
