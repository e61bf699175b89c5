"""The statements of `queries.sql` and `annex.sql`, by name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_MARK: Final = "-- name: "


def _parse(text: str) -> Mapping[str, str]:
    parts = text.split(_MARK)[1:]
    named = (part.partition("\n") for part in parts)
    return {name.strip(): _bare(body) for name, _, body in named}


def _bare(body: str) -> str:
    lines = [line for line in body.splitlines() if not line.startswith("--")]
    return "\n".join(lines).strip().removesuffix(";")


def _read(name: str) -> Mapping[str, str]:
    return _parse(Path(__file__).with_name(name).read_text(encoding="utf-8"))


QUERIES: Final = _read("queries.sql")
"""Name to SQL: calls."""

ANNEX: Final = {**_read("annex.sql"), "find_project": QUERIES["find_project"]}
"""Name to SQL: what is kept beside calls."""
