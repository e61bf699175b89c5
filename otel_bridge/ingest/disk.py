"""The disk under a data directory: whether there is room, and whether the directory is still there."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

MIN_FREE_BYTES: Final = 16 << 20
"""With less room on its disk the bridge is not ready: it may answer 503 any moment."""

DiskState: TypeAlias = Literal["ok", "full", "gone"]
"""`gone`: somebody removed or replaced what is written to; whatever is written now nobody will find again."""


class Disk:
    """Looks at a directory and files in it, as they were when this was made."""

    def __init__(self, directory: Path, files: Iterable[Path] = ()) -> None:
        self._directory = directory
        self._known = {path: _identity(path) for path in (directory, *files)}

    def look(self) -> DiskState:
        """Say how it is now; it may block."""
        if any(_identity(path) != known for path, known in self._known.items()):
            return "gone"
        return "ok" if shutil.disk_usage(self._directory).free >= MIN_FREE_BYTES else "full"


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = os.stat(path)  # noqa: PTH116 - the two numbers are all that is wanted
    except OSError:
        return None
    return found.st_dev, found.st_ino
