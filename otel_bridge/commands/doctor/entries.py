"""What an entry of the catalogue is."""

from __future__ import annotations

from typing import Final, Literal

from msgspec import Struct

Level = Literal["ok", "note", "warning", "error"]
Section = Literal[
    "Bridge", "Test span", "Senders", "Delivery", "Disk and memory", "Configuration", "Versions"
]

SECTIONS: Final[tuple[Section, ...]] = (
    "Bridge",
    "Test span",
    "Senders",
    "Delivery",
    "Disk and memory",
    "Configuration",
    "Versions",
)


class Entry(Struct, frozen=True):
    """A kind of finding. `warning`: look at it; `error`: something does not work, and the exit code is 1."""

    section: Section
    level: Level
    means: str
    fix: str
