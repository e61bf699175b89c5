"""`file`: what comes in is added to a file, lines of OTLP/JSON or one growing OTLP message."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Final

import zstandard

from otel_bridge.errors import Unavailable
from otel_bridge.ingest.exporters.call_lines import call_lines
from otel_bridge.ingest.exporters.growing import GrowingFile
from otel_bridge.ingest.exporters.naming import naming_projects
from otel_bridge.queue.payload import pack_spans
from otel_bridge.translate import otlp_json

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from otel_bridge.ingest.exporters.settings import FileSettings
    from otel_bridge.model.call import Change
    from otel_bridge.model.span import Span

TIDY_SECONDS: Final = 600.0
"""Between two looks for files that are too old."""
ZSTD_LEVEL: Final = 3


class FileOutlet:
    """Adds each group as one piece: a zstd frame where the file is compressed.

    `told` hears how many spans and calls were `sent`, or `missed` by a file that is not required. Raise
    StartError when the file cannot be used.
    """

    def __init__(
        self,
        settings: FileSettings,
        told: Callable[[str, int], None],
        clock: Callable[[], float] = time.monotonic,
        *,
        default_project: str | None = None,
    ) -> None:
        self.name: Final = settings.name
        self.takes_calls: Final = settings.format == "json"
        self._settings = settings
        self._told = told
        self._outcomes: Counter[str] = Counter()
        self._clock = clock
        self._default_project = default_project
        self._file = GrowingFile(settings)
        self._group: list[bytes] = []
        self._count = 0
        self._unsynced_since: float | None = None
        self._next_tidy = 0.0
        self._compress = zstandard.ZstdCompressor(level=ZSTD_LEVEL, write_checksum=True).compress

    @property
    def cut(self) -> int:
        """Return how many bytes a crash had left half written."""
        return self._file.cut

    def spans(self, spans: Sequence[Span]) -> list[bytes]:
        """As `Outlet.spans`; each says in its resource which project it is of, but for the default one."""
        spans = naming_projects(spans, self._default_project)
        if self._settings.format == "proto":
            return [pack_spans(spans)]
        return [line + b"\n" for line in otlp_json.lines(spans)]

    def changes(self, changes: Sequence[Change]) -> list[bytes]:
        """As `Outlet.changes`."""
        return list(call_lines(changes))

    def put(self, piece: list[bytes], count: int) -> None:
        """As `Outlet.put`."""
        self._group += piece
        self._count += count

    def commit(self) -> None:
        """As `Outlet.commit`: on the disk, where the file is required."""
        data, count = b"".join(self._group), self._count
        self.rollback()
        if not data:
            return
        if self._settings.compression == "zstd":
            data = self._compress(data)
        required = self._settings.required
        try:
            self._file.add(data, sync=required)
        except OSError as error:
            if required:
                raise Unavailable(f"the file of exporter {self.name} cannot be written") from error
            self._outcomes["missed"] += count
            return
        self._outcomes["sent"] += count
        if not required and self._unsynced_since is None:
            self._unsynced_since = self._clock()

    def rollback(self) -> None:
        """As `Outlet.rollback`."""
        self._group, self._count = [], 0

    def maintain(self) -> None:
        """As `Outlet.maintain`: put on the disk what waits for it, remove what is too old."""
        self._tell()
        now = self._clock()
        since = self._unsynced_since
        try:
            if since is not None and now - since >= self._settings.flush_seconds:
                self._unsynced_since = None
                self._file.sync()
            if now >= self._next_tidy:
                self._next_tidy = now + TIDY_SECONDS
                self._file.tidy()
        except OSError:  # the next commit meets it too, and tells
            return

    def close(self) -> None:
        """As `Outlet.close`."""
        self._tell()
        self._file.close()

    def _tell(self) -> None:
        outcomes, self._outcomes = self._outcomes, Counter()
        for outcome, count in outcomes.items():
            self._told(outcome, count)
