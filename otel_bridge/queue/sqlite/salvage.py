"""Opens a queue whatever its files have been through: what cannot be read is set aside, never thrown away."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

import apsw

from otel_bridge.errors import StartError
from otel_bridge.queue.sqlite.dead import DeadLetters
from otel_bridge.queue.sqlite.writer import SqliteQueueWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from otel_bridge.queue.base import Destination, QueueLimits

_SUFFIXES = ("", "-wal", "-shm")


def open_queue(
    path: Path,
    dead_path: Path,
    destinations: Sequence[Destination],
    limits: QueueLimits,
    *,
    lost: Callable[[Path, Path], None],
) -> SqliteQueueWriter:
    """Open the queue, anew where a file is no readable database; raise StartError for anything else.

    `lost` is told of each such file, and under which name it is kept.
    """
    try:
        DeadLetters(dead_path).close()
    except StartError as error:
        lost(dead_path, _set_aside(dead_path, error))
    try:
        return SqliteQueueWriter(path, dead_path, destinations, limits)
    except StartError as error:
        lost(path, _set_aside(path, error))
    return SqliteQueueWriter(path, dead_path, destinations, limits)


def _set_aside(path: Path, error: StartError) -> Path:
    """Rename a damaged file and its log; raise the error when damage is not what it is about."""
    if not isinstance(error.__cause__, apsw.NotADBError | apsw.CorruptError):
        raise error
    name = next(n for at in count(1) if not (n := path.with_name(f"{path.name}.damaged-{at}")).exists())
    for suffix in _SUFFIXES:
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(name.with_name(name.name + suffix))
    return name
