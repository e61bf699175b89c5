"""What the doctor found, line by line, and what that comes to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from otel_bridge.commands.doctor.catalogue import CATALOGUE

if TYPE_CHECKING:
    from otel_bridge.commands.doctor.entries import Level, Section


class Finding(Struct, frozen=True):
    """One line. `id` is that of the catalogue, empty where all is well; `fix` is one line too."""

    section: Section
    level: Level
    text: str
    id: str = ""
    fix: str = ""


class Report:
    """All findings, in the order they were made."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.senders: list[dict[str, Any]] = []

    def fine(self, section: Section, text: str) -> None:
        """Add something that is well."""
        self.findings.append(Finding(section, "ok", text))

    def note(self, section: Section, text: str) -> None:
        """Add a fact that is neither well nor ill."""
        self.findings.append(Finding(section, "note", text))

    def found(self, id_: str, text: str, **values: object) -> None:
        """Add a finding of the catalogue; `values` fill in its fix."""
        entry = CATALOGUE[id_]
        self.findings.append(Finding(entry.section, entry.level, text, id_, entry.fix.format(**values)))

    @property
    def failed(self) -> bool:
        """Whether something does not work."""
        return any(finding.level == "error" for finding in self.findings)
