"""What the service and the writer say to each other about scoring tasks (`ingest.frames`)."""

from __future__ import annotations

from msgspec import Struct

from otel_bridge.model.tasks import Backlog  # noqa: TC001 - msgspec reads the annotations


class ChangeTasks(Struct, frozen=True, tag="change_tasks"):
    """The body is the JSON of a `model.tasks.ScoringChange`, asked for at `now` (microseconds)."""

    id: int
    now: int


class TasksChanged(Struct, frozen=True, tag="tasks_changed"):
    """It is committed; the body is the JSON of the `model.tasks.ScoringAnswer`."""

    id: int


class BacklogChanged(Struct, frozen=True, tag="backlog_changed"):
    """How much is to be done now."""

    backlog: Backlog
