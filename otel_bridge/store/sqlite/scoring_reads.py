"""What is told of scoring tasks, over one connection (`store.scoring.base.TaskReads`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from otel_bridge.store.scoring.base import STATES, Job, StateCount
from otel_bridge.store.sqlite.queries import QUERIES, SCORING
from otel_bridge.store.sqlite.scoring import NUMBERS, entry_of

if TYPE_CHECKING:
    import apsw

    from otel_bridge.model.scoring import TaskState
    from otel_bridge.store.scoring.base import Entry


class SqliteTaskReads:
    """Reads tasks of projects; nothing is found in one that is not known."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def task_counts(self, project_id: str, job_id: str | None) -> list[StateCount]:
        """Count tasks by scorer and state."""
        if job_id is None:
            found = self._of("task_counts", project_id)
        else:
            found = self._of("task_counts_of_job", project_id, job_id)
        return [StateCount(ref, STATES[state], count) for ref, state, count in found]

    def troubles(
        self, project_id: str, job_id: str | None, scorer_ref: str, state: TaskState | None, *, limit: int
    ) -> list[Entry]:
        """Return the tasks of a scorer that have an error."""
        args = (scorer_ref, None if state is None else NUMBERS[state], limit)
        if job_id is None:
            found = self._of("troubles", project_id, *args)
        else:
            found = self._of("troubles_of_job", project_id, *args, job_id)
        return list(map(entry_of, found))

    def jobs(self, project_id: str, job_id: str | None, *, limit: int) -> list[Job]:
        """Return the jobs of a project."""
        found = self._of("jobs", project_id, limit) if job_id is None else self._of("job", project_id, job_id)
        return [Job(*row) for row in found]

    def ended_count(self, project_id: str) -> int:
        """Count the ended calls that nobody has looked at yet."""
        found = self._of("ended_count", project_id)
        return int(found[0][0]) if found else 0

    def _of(self, query: str, project_id: str, *args: Any) -> list[Any]:
        project: int | None = self._connection.execute(QUERIES["find_project"], (project_id,)).get
        if project is None:
            return []
        return self._connection.execute(SCORING[query], (project, *args)).fetchall()
