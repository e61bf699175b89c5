"""Stores as earlier versions wrote them: what later steps of the schema added is taken away again."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import apsw

ADDED = {
    2: (
        "ALTER TABLE results DROP COLUMN logs",
        "DROP TABLE waiting_logs",
        "DROP TABLE retranslations",
        "UPDATE bodies SET ranks = ranks & ((1 << 28) - 1)",
    ),
    3: tuple(
        f"DROP TABLE {name}"
        for name in ("feedback", "prices", "objects", "files", "table_places", "table_rows", "tables")
    ),
    4: ("DROP TABLE usages",),
    5: (
        "DROP INDEX slowest_roots",
        "DROP INDEX failed_calls",
        "UPDATE calls SET flags = flags & 15",
    ),
    6: ("DROP INDEX feedback_by_type",),
    7: (
        "DROP VIEW named_tasks",
        *(
            f"DROP TABLE {name}"
            for name in ("tasks", "task_counts", "scoring_requests", "scorer_refs", "ended_calls")
        ),
        "DROP INDEX monitors",
    ),
    8: (
        "UPDATE calls SET flags = flags & 31",
        "DROP INDEX root_calls_by_start",
        "CREATE INDEX root_calls_by_start ON calls (project, started_at, id) WHERE parent_id IS NULL",
    ),
    9: ("DROP INDEX misplaced_calls", "UPDATE calls SET flags = flags & 63"),
    10: ("DROP INDEX sampled_calls", "ALTER TABLE usages DROP COLUMN weight"),
}
"""What undoes each step, by its number."""


def take_back(connection: apsw.Connection, *, schema: int) -> None:
    """Make the database one of an earlier schema."""
    for number in sorted(ADDED, reverse=True):
        for statement in ADDED[number] if number > schema else ():
            connection.execute(statement).fetchall()
    connection.pragma("user_version", schema)
