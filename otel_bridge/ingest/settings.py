"""What the service tells its writer process on the command line, as JSON."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from otel_bridge.ingest.exporters.settings import OutletSettings  # noqa: TC001 - msgspec reads it
from otel_bridge.pipeline.plan import Plan  # noqa: TC001 - msgspec reads the annotations
from otel_bridge.queue.base import Destination, QueueLimits
from otel_bridge.store.limits import ProjectLimits, StoreLimits
from otel_bridge.store.scoring.watching import Watched
from otel_bridge.translate.options import Options

PRIVATE: Final = 0o077
"""Of every process that makes files there: prompts are personal data."""

STORE_FILE: Final = "calls.db"
"""The store inside the data directory."""


QUEUE_FILE: Final = "queue.db"
"""The queue inside the data directory."""

QUARANTINE_DIR: Final = "quarantine"
"""Bodies that met a bug again and again, inside the data directory."""

DEAD_LETTERS_DIR: Final = "dead"
"""Where dead letters lie, beside the queue."""

DEAD_LETTERS_FILE: Final = "dead_letters.db"
"""The dead letters, inside their directory."""


WRITTEN_FILES: Final = "written_files.json"
"""Where `file` exporters have written, inside the data directory."""


class QueueSettings(Struct, frozen=True, kw_only=True):
    """Where what waits for delivery is kept, for whom, and how much of it."""

    path: str
    dead_path: str
    destinations: tuple[Destination, ...]
    limits: QueueLimits = QueueLimits()


class WriterSettings(Struct, frozen=True, kw_only=True):
    """Where calls are kept, for how long (seconds) and in how many bytes (None is no limit).

    `project_limits` say otherwise of some projects. `options` say what spans become, `watched` where monitors
    look at calls that end. Calls are kept in the store, in the queue, or in both; `outlets` are exporters of
    the writer process. `pipelines` lead what comes in there; None: everything goes everywhere. `own_instance`
    (`tracing.INSTANCE`) is there where the bridge has traces of its own.
    """

    data_dir: str
    retention_seconds: int | None
    max_bytes: int | None
    default_project: str | None
    options: Options = Options()
    watched: Watched = Watched()
    project_limits: tuple[ProjectLimits, ...] = ()
    store: bool = True
    queue: QueueSettings | None = None
    own_instance: str | None = None
    pipelines: Plan | None = None
    outlets: tuple[OutletSettings, ...] = ()

    @property
    def limits(self) -> StoreLimits:
        """How much the store may keep, and for how long."""
        return StoreLimits(
            retention_seconds=self.retention_seconds,
            max_bytes=self.max_bytes,
            projects=self.project_limits,
        )
