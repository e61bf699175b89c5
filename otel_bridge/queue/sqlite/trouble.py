"""Why the queue does not take records."""

from __future__ import annotations

import apsw

from otel_bridge.errors import Unavailable


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
