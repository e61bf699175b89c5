"""The statements of `queries.sql` and `dead.sql`, by name, and the schema."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from otel_bridge.store.sqlite.queries import named

if TYPE_CHECKING:
    from collections.abc import Mapping

    import apsw

QUERIES: Final[Mapping[str, str]] = named(Path(__file__).with_name("queries.sql"))
DEAD: Final[Mapping[str, str]] = named(Path(__file__).with_name("dead.sql"))
SCHEMA: Final = tuple(
    Path(__file__).with_name(name).read_text(encoding="utf-8") for name in ("schema.sql", "schema_2.sql")
)
"""The steps that lead to this version's schema, in order."""

APPLICATION_ID: Final = 0x4F544251
"""Tells a queue from other databases: "OTBQ" in its header."""


def rows(connection: apsw.Connection, sql: str, *bindings: int | str) -> list[Any]:
    """Return all rows of a statement."""
    return connection.execute(sql, bindings).fetchall()


def row(connection: apsw.Connection, sql: str, *bindings: int | str) -> Any:
    """Return the first row of a statement, None when there is none."""
    return connection.execute(sql, bindings).fetchone()
