"""The virtual environments of the programs, made anew for a run."""

from __future__ import annotations

from pathlib import Path
from threading import Lock

from tests.fixtures.environments import CannotInstall, make_environment

LISTS = Path(__file__).parent / "environments"


class Environments:
    """Makes each environment once, in its own folder, when it is first asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._locks = {path.stem: Lock() for path in LISTS.glob("*.txt")}
        self._made: dict[str, Path | CannotInstall] = {}

    def python(self, name: str) -> Path:
        """Return the interpreter that has the packages of the list `name`; raise CannotInstall."""
        with self._locks[name]:
            if name not in self._made:
                self._made[name] = self._make(name)
        made = self._made[name]
        if isinstance(made, CannotInstall):
            raise made
        return made

    def _make(self, name: str) -> Path | CannotInstall:
        try:
            return make_environment(self._folder / name, "--requirement", LISTS / f"{name}.txt")
        except CannotInstall as why:
            return why
