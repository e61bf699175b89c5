"""How the bridge is: what the probes tell, part by part."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from otel_bridge.exporter.delivery import Delivery
    from otel_bridge.ingest.keeper import Keeper
    from otel_bridge.service.scoring import Workers

FULL_PERCENT: Final = 95
"""A queue that is fuller takes no more for long (`contract/pipeline-config.md` §5.2)."""
MOUNTS: Final = "/proc/self/mountinfo"
EMPTY_DIR: Final = "kubernetes.io~empty-dir"


class State:
    """What is known of the parts; they come while the bridge starts."""

    def __init__(self) -> None:
        self.keeper: Keeper | None = None
        self.delivery: Delivery | None = None
        self.workers: Workers | None = None
        self.phase = "starting"

    @property
    def started(self) -> bool:
        """Whether the bridge has ever been up."""
        return self.phase != "starting"

    def __call__(self) -> tuple[bool, Mapping[str, str]]:
        """`api.probes.Health`. Upstreams and scoring workers are told of, but the bridge is ready without."""
        keeper = self.keeper
        if keeper is None:
            return False, {"service": self.phase}
        parts = {
            "service": self.phase,
            "writer": "ok" if keeper.progressing() else "silent",
            "disk": keeper.disk,
        }
        if self.workers is not None:
            parts["scoring"] = self.workers.health
        ok = self.phase == "running" and parts["writer"] == parts["disk"] == "ok"
        if self.delivery is None or keeper.outbox is None:
            return ok, parts
        sizes = keeper.outbox.sizes()
        full = 100 * sizes.bytes >= FULL_PERCENT * sizes.max_bytes
        parts["queue"] = "full" if full else "ok"
        parts |= {f"exporter {name}": word for name, word in self.delivery.health.items()}
        return ok and not full, parts


def fleeting(directory: Path) -> str | None:
    """Tell what makes the contents of a directory go away with a machine or a pod; None when nothing does.

    Reads the mounts of this process (proc(5)); None where there are none to read.
    """
    here = os.path.realpath(directory)
    try:
        with open(MOUNTS, encoding="utf-8", errors="replace") as file:  # noqa: PTH123 - no path of ours
            mounts = [line.split() for line in file]
    except OSError:
        return None
    best = max(
        (fields for fields in mounts if _holds(fields[4], here)),
        key=lambda fields: len(fields[4]),
        default=None,
    )
    if best is None:
        return None
    kind = best[best.index("-") + 1]
    if kind in {"tmpfs", "ramfs"}:
        return "memory"
    return "the pod" if EMPTY_DIR in best[3] else None


def _holds(mount: str, path: str) -> bool:
    return mount in {"/", path} or path.startswith(mount + "/")
