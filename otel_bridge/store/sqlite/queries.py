"""The statements of an SQL file, by name; those of `queries.sql`, `annex.sql` and `scoring.sql`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_MARK: Final = "-- name: "


def named(path: Path) -> Mapping[str, str]:
    """Return the statements of a file, by the names above them."""
    parts = path.read_text(encoding="utf-8").split(_MARK)[1:]
    named = (part.partition("\n") for part in parts)
    return {name.strip(): _bare(body) for name, _, body in named}


def _bare(body: str) -> str:
    lines = [line for line in body.splitlines() if not line.startswith("--")]
    return "\n".join(lines).strip().removesuffix(";")


QUERIES: Final = named(Path(__file__).with_name("queries.sql"))
"""Name to SQL: calls."""

ANNEX: Final = {
    **named(Path(__file__).with_name("annex.sql")),
    "find_project": QUERIES["find_project"],
}
"""Name to SQL: what is kept beside calls."""

SCORING: Final = named(Path(__file__).with_name("scoring.sql"))
"""Name to SQL: scoring tasks."""
