"""Writes docs/doctor.md from the catalogue of findings: `python -m tests.pages.doctor`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from otel_bridge.commands.doctor.catalogue import CATALOGUE
from otel_bridge.commands.doctor.entries import SECTIONS
from otel_bridge.commands.doctor.shown import MARKS
from tests.pages import doctor_prose as prose
from tests.pages.markdown import flowing, table

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE: Final = Path(__file__).parents[2] / "docs" / "doctor.md"
HEAD: Final = ("Finding", "", "Means", "What helps")


def page() -> str:
    """Return the page."""
    return "\n".join(_lines()).rstrip() + "\n"


def _lines() -> Iterator[str]:
    for text in (prose.HEAD, prose.SPAN, prose.SENDERS, prose.ROUTES, prose.FINDINGS):
        yield from (_flowing(text), "")
    for section in SECTIONS:
        found = {name: entry for name, entry in CATALOGUE.items() if entry.section == section}
        yield from (f"### {section}", "")
        yield from table(
            HEAD, ((f"`{name}`", MARKS[one.level], one.means, one.fix) for name, one in found.items())
        )


def _flowing(text: str) -> str:
    """Return prose with one line a paragraph; code and tables stay as they are."""
    parts = text.split("\n\n")
    return "\n\n".join(part if part.startswith(("```", "|")) else flowing(part) for part in parts)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
