"""Why the queue does not take records."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import apsw

from otel_bridge.errors import Unavailable

if TYPE_CHECKING:
    from pathlib import Path


class DiskFull(Unavailable):
    """The queue's disk has less room than it must keep free; nothing was written."""


class QueueFull(Unavailable):
    """The queue's size limit; nothing was written."""


def why(error: Unavailable) -> str:
    """Return the reason as the metrics have it: "full", "disk" or "io"."""
    match error:
        case QueueFull():
            return "full"
        case DiskFull():
            return "disk"
        case _:
            return "disk" if isinstance(error.__cause__, apsw.FullError) else "io"


def check_disk(folder: Path, least: int) -> None:
    """Raise DiskFull when the disk of a folder has fewer bytes free; 0 asks for nothing."""
    if not least:
        return
    free = os.statvfs(folder)
    if free.f_bavail * free.f_frsize < least:
        raise DiskFull(f"the queue's disk has less than {least >> 20} MiB free")
