"""What makes files and directories last, and go."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from otel_bridge.errors import Refused

if TYPE_CHECKING:
    from pathlib import Path


def sync(path: Path, *, data_only: bool = False) -> None:
    """Return when a file or a directory is on the disk; raise OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        (os.fdatasync if data_only else os.fsync)(descriptor)
    finally:
        os.close(descriptor)


def sync_tree(folder: Path) -> None:
    """Return when all that is in a directory is on the disk, and the directory itself."""
    for path in folder.rglob("*"):
        sync(path)
    sync(folder)


def remove(folder: Path) -> None:
    """Remove a directory of ours, if it is there."""
    shutil.rmtree(folder, ignore_errors=True)


def check_room(folder: Path, needed: int) -> None:
    """Raise Refused when the disk of a directory has fewer bytes free than are needed."""
    found = os.statvfs(folder)
    free = found.f_bavail * found.f_frsize
    if needed > free:
        raise Refused(f"{folder} has room for {free >> 20:,} MiB; {(needed >> 20) + 1:,} MiB are needed")
