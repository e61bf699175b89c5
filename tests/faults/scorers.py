"""Scorers for bridges that are killed while they run."""

from __future__ import annotations

import os
import time


def slow(output: object) -> dict[str, object]:
    """Take a moment, so that a kill finds it at work."""
    time.sleep(0.005)
    return {"seen": output, "by": os.getpid()}
