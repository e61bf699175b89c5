"""Work that may wait: how a process of ours steps back behind ingestion and queries."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

WORKER: Final = 10
"""The event loop that moves calls and results."""
RUNNER: Final = 19
"""Where scorers compute."""
_AUTOGROUP: Final = Path("/proc/self/autogroup")


def be_nice(level: int) -> None:
    """Give way to others, by the nice level and by that of the process's autogroup.

    Where Linux groups processes by session (sched(7), "The autogroup feature"), a nice level counts within
    the group only: a session of its own would take as much CPU as all of the bridge.
    """
    with suppress(OSError):
        os.nice(max(0, level - os.nice(0)))
    if os.getsid(0) == os.getpid():
        with suppress(OSError, ValueError):
            # "/autogroup-25 nice 0"; nothing where the process is in no group, as in some containers
            _, _, now = _AUTOGROUP.read_text(encoding="ascii").rpartition(" ")
            if now and int(now) < level:
                _AUTOGROUP.write_text(str(level), encoding="ascii")
