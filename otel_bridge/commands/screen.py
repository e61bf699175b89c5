"""Where tables and trees are printed."""

from __future__ import annotations

import sys
from typing import Final

from rich.console import Console

UNBOUNDED: Final = 10_000


def terminal() -> Console:
    """Return standard output: as wide as the terminal, or without bounds for files and other programs."""
    return Console(width=None if sys.stdout.isatty() else UNBOUNDED, highlight=False)
