"""The last step of a restore: what was decided on is moved into its place, also after a crash.

`otel-bridge restore` lays a whole, checked, synced backup beside what is in a directory, and decides by one
rename, to `READY_DIR`. From there on whoever takes the directory first moves the files: what they replace
goes aside, then they come. Each move is a rename, and none is done twice.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec import Struct

from otel_bridge.errors import StartError

if TYPE_CHECKING:
    from pathlib import Path

READY_DIR: Final = "restore.ready"
PLAN_FILE: Final = "restore.json"


class RestorePlan(Struct, frozen=True):
    """What a restore replaces: names in the directory, and the directory in it that they go to."""

    aside: str
    replaced: tuple[str, ...]


def finish_restore(folder: Path) -> bool:
    """Move what a restore has decided on into its place; tell whether there was anything.

    The directory must be held. Raise StartError when it cannot be done.
    """
    ready = folder / READY_DIR
    try:
        if not ready.is_dir():
            return False
        _finish(folder, ready)
    except (OSError, msgspec.DecodeError) as error:
        raise StartError(f"a restore into {folder} cannot be finished: {error}") from error
    return True


def _finish(folder: Path, ready: Path) -> None:
    plan_file = ready / PLAN_FILE
    if plan_file.exists():
        plan = msgspec.json.decode(plan_file.read_bytes(), type=RestorePlan)
        if plan.replaced:
            (folder / plan.aside).mkdir(mode=0o700, exist_ok=True)
        for name in plan.replaced:
            if (folder / name).exists() and not (folder / plan.aside / name).exists():
                (folder / name).rename(folder / plan.aside / name)
        _sync(folder)
        for path in ready.iterdir():
            if path.name != PLAN_FILE:
                path.rename(folder / path.name)
        _sync(folder)
        plan_file.unlink()
    ready.rmdir()
    _sync(folder)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
