"""How much memory the bridge takes, against its limit: above it senders are told to come again."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from otel_bridge.telemetry import log

if TYPE_CHECKING:
    from otel_bridge.processor.settings import MemoryLimiterSettings
    from otel_bridge.telemetry import Telemetry

MIB: Final = 1 << 20
SPIKE_SHARE: Final = 0.2
"""How far below the limit it begins, where nothing is said (`contract/pipeline-config.md` §1.5)."""
REFUSED: Final = "the bridge takes more memory than it may; try again in a moment"

_LIMITS: Final = ("sys/fs/cgroup/memory.max", "sys/fs/cgroup/memory/memory.limit_in_bytes")
"""Of the container: cgroup v2, and v1."""


def total_bytes(root: Path = Path("/")) -> int:
    """Return how much memory there is: what the container may take, or what the machine has."""
    found = [_machine_bytes(root)]
    for name in _LIMITS:
        with suppress(OSError, ValueError):  # no such file, or the word "max"
            found.append(int((root / name).read_text(encoding="ascii")))
    return min(found)


def _machine_bytes(root: Path) -> int:
    for line in (root / "proc/meminfo").read_text(encoding="ascii").splitlines():
        if line.startswith("MemTotal:"):
            return int(line.split()[1]) << 10
    raise OSError("there is no MemTotal in /proc/meminfo")


def bounds(settings: MemoryLimiterSettings, total: int) -> tuple[int, int]:
    """Return where refusing begins, and the limit, in bytes."""
    if settings.limit_mib is not None:
        limit = settings.limit_mib * MIB
    else:
        assert settings.limit_percentage is not None
        limit = int(total * settings.limit_percentage / 100)
    if settings.spike_limit_mib is not None:
        spike = settings.spike_limit_mib * MIB
    elif settings.spike_limit_percentage is not None:
        spike = int(total * settings.spike_limit_percentage / 100)
    else:
        spike = int(limit * SPIKE_SHARE)
    return max(0, limit - spike), limit


def resident_bytes(pid: int, root: Path = Path("/")) -> int:
    """Return the resident memory of a process and all below it; those that end meanwhile count nothing."""
    page = os.sysconf("SC_PAGE_SIZE")
    waiting, total = [pid], 0
    while waiting:
        process = root / "proc" / str(waiting.pop())
        with suppress(OSError, ValueError, IndexError):
            total += int((process / "statm").read_text(encoding="ascii").split()[1]) * page
            for task in (process / "task").iterdir():
                waiting += map(int, (task / "children").read_text(encoding="ascii").split())
    return total


class MemoryLimiter:
    """Looks every `check_interval` how much memory is taken; between two looks the last one counts."""

    def __init__(self, settings: MemoryLimiterSettings, telemetry: Telemetry, *, total: int) -> None:
        self._interval = settings.check_interval.total_seconds()
        self._from, self._limit = bounds(settings, total)
        self._telemetry = telemetry
        self._refuses = False
        telemetry.memory(limit=self._limit)

    def __call__(self) -> str | None:
        """Say why nothing is taken now; None when there is room."""
        if not self._refuses:
            return None
        self._telemetry.note("memory_limiter_refused_requests")
        return REFUSED

    def see(self, resident: int) -> None:
        """Take a look into account."""
        self._telemetry.memory(rss=resident)
        refuses = resident > self._from
        if refuses != self._refuses:
            told = log().warning if refuses else log().info
            told("memory_limit", refuses=refuses, rss_bytes=resident, limit_bytes=self._limit)
        self._refuses = refuses

    async def watch(self) -> None:
        """Look again and again. Never returns."""
        while True:
            self.see(await asyncio.to_thread(resident_bytes, os.getpid()))
            await asyncio.sleep(self._interval)
