"""Room on disks and in memory, against the limits of the bridge."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, Any, Final

from rich.filesize import decimal

from otel_bridge.ingest.disk import MIN_FREE_BYTES
from otel_bridge.ingest.settings import QUEUE_FILE, STORE_FILE
from otel_bridge.service.memory import total_bytes
from otel_bridge.service.state import fleeting

if TYPE_CHECKING:
    from pathlib import Path

    from otel_bridge.commands.doctor.report import Report
    from otel_bridge.config import BridgeConfig

SECTION: Final = "Disk and memory"
LOW_BYTES: Final = 1 << 30
"""Less than this is little, where the bridge may still grow by more."""
CAP_PERCENT: Final = 95
HIGH_PERCENT: Final = 80
GOES_WITH: Final = {"memory": "it is in memory (tmpfs)", "the pod": "it is an emptyDir of Kubernetes"}


def disks(config: BridgeConfig, report: Report) -> None:
    """Look at the directories of the configuration."""
    if config.store:
        limit = None if config.max_disk is None else int(config.max_disk)
        size = _size(config.data_dir, STORE_FILE)
        _directory("--data-dir", config.data_dir, size, limit, MIN_FREE_BYTES, report)
        _cap(size, limit, config, report)
    if config.upstreams or config.otlp_receivers:
        queue_dir = config.queue_dir or config.data_dir
        size = _size(queue_dir, QUEUE_FILE)
        minimum = int(config.queue_min_free)
        _directory("--queue-dir", queue_dir, size, int(config.queue_size), minimum, report)
        if (with_what := fleeting(queue_dir)) is not None:
            text = f"{queue_dir}: {GOES_WITH.get(with_what, with_what)}; what waits there goes with it"
            report.found("disk.fleeting", text, flag="--queue-dir")


def _directory(
    flag: str, directory: Path, size: int, limit: int | None, minimum: int, report: Report
) -> None:
    here = directory
    while not here.exists() and here != here.parent:
        here = here.parent
    if not os.access(here, os.W_OK | os.X_OK):
        report.found("disk.unwritable", f"{here} is not writable", flag=f"{flag} DIR")
        return
    free = shutil.disk_usage(here).free
    grows = None if limit is None else max(0, limit - size)
    text = f"{directory}: {decimal(free)} free, {decimal(size)} taken"
    text += f" of at most {decimal(limit)}" if limit is not None else ", without a limit"
    if free < minimum:
        why = f"{text}; at least {decimal(minimum)} must stay free"
        report.found("disk.full", why, directory=directory)
    elif free < LOW_BYTES and (grows is None or grows > free - minimum):
        report.found("disk.low", text, directory=directory)
    else:
        report.fine(SECTION, text)


def _cap(size: int, limit: int | None, config: BridgeConfig, report: Report) -> None:
    if limit is not None and 100 * size >= CAP_PERCENT * limit:
        why = f"the store is full ({decimal(limit)}); calls were to be kept {config.kept_for}"
        report.found("disk.cap", why)


def _size(directory: Path, name: str) -> int:
    files = [directory / name, directory / f"{name}-wal"]
    return sum(file.stat().st_size for file in files if file.exists())


def memory(facts: dict[str, Any] | None, report: Report) -> None:
    """Say how much memory the bridge takes, of how much."""
    if facts is None:
        report.note(SECTION, f"memory: {decimal(total_bytes())} for this machine or container")
        return
    taken = facts["memory"]
    most = taken["limit"] or taken["total"]
    text = f"memory: {decimal(taken['resident'])} of {decimal(most)}"
    if taken["refuses_from"] is not None and taken["resident"] > taken["refuses_from"]:
        report.found("memory.refuses", text)
    elif 100 * taken["resident"] > HIGH_PERCENT * most:
        report.found("memory.high", text)
    else:
        report.fine(SECTION, text)
