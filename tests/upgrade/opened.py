"""Brings data directories of earlier versions up to date."""

from __future__ import annotations

from typing import TYPE_CHECKING

from otel_bridge.queue.base import Destination
from otel_bridge.queue.sqlite.writer import SqliteQueueWriter
from otel_bridge.repair.manifest import DEAD_LETTERS
from otel_bridge.store.sqlite.writer import SqliteWriter
from tests.contract.queue.records import ANY_DISK
from tests.contract.store.records import EVERYTHING

if TYPE_CHECKING:
    from pathlib import Path


def open_store(data_dir: Path, **more) -> None:
    """Bring the store up to date."""
    SqliteWriter(data_dir / "calls.db", EVERYTHING, **more).close()


def open_queue(data_dir: Path, **more) -> None:
    """Bring the queue and the dead letters up to date."""
    where = (data_dir / "queue.db", data_dir / DEAD_LETTERS)
    SqliteQueueWriter(*where, [Destination("weave")], ANY_DISK, **more).close()
