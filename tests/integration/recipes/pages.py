"""The recipes: a page of docs/recipes each, read as a person reads it who does what it says."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[3]
PAGES = ROOT / "docs/recipes"
PROGRAMS = ROOT / "examples/recipes"
INDEX = PAGES / "README.md"

SECTIONS = ("What you get", "Install", "Code", "Variables", "In the bridge", "Good to know")
"""What every page has, in this order."""

LANGUAGES = {".py": "python", ".mjs": "js"}
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^## (.+)$", re.MULTILINE)
BRIDGE = re.compile(r"^otel-bridge run(.*)$", re.MULTILINE)
EXPORT = re.compile(r"^export (\w+)=(.*?)(?:\s+#.*)?$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Recipe:
    """One page; `text` is all of it."""

    page: Path
    text: str

    @property
    def name(self) -> str:
        return self.page.stem

    @property
    def program(self) -> Path:
        """The file that the page shows: it has the page's name, in its language's spelling."""
        (found,) = PROGRAMS.glob(self.name.replace("-", "_") + ".*")
        return found

    @property
    def sections(self) -> dict[str, str]:
        """The text below each heading."""
        _, *parts = HEADING.split(self.text)
        return dict(zip(parts[::2], parts[1::2], strict=True))

    def block(self, section: str, language: str) -> str:
        """The one fenced block of a language in a section."""
        (text,) = (text for found, text in BLOCK.findall(self.sections[section]) if found == language)
        return text

    @property
    def code(self) -> str:
        return self.block("Code", LANGUAGES[self.program.suffix])

    @property
    def install(self) -> list[str]:
        """The words of the command that installs, the first of which is `pip` or `npm`."""
        return shlex.split(self.block("Install", "sh"))

    @property
    def packages(self) -> list[str]:
        return self.install[2:]

    @property
    def variables(self) -> dict[str, str]:
        """What the page exports, as a shell reads it."""
        exports = EXPORT.findall(self.sections["Variables"])
        return {name: "".join(shlex.split(value)) for name, value in exports}

    @property
    def flags(self) -> list[str]:
        """The options of `otel-bridge run`, where the page gives it any."""
        found = BRIDGE.search(self.sections["Variables"])
        return shlex.split(found[1]) if found else []

    @property
    def shown(self) -> str:
        """The calls that the page shows."""
        return self.block("In the bridge", "text")


def recipes() -> list[Recipe]:
    """Read every page but the index."""
    pages = sorted(set(PAGES.glob("*.md")) - {INDEX}, key=lambda page: page.stem)
    return [Recipe(page, page.read_text(encoding="utf-8")) for page in pages]
