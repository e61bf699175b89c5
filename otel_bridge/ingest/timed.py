"""A writer that tells the service how long its work takes: for the bridge's own traces, where they are on."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from otel_bridge.ingest.frames import frame
from otel_bridge.ingest.requests import Prepared
from otel_bridge.ingest.timing_frames import Worked
from otel_bridge.ingest.writer import Writer

if TYPE_CHECKING:
    from otel_bridge.ingest import frames
    from otel_bridge.ingest.writer import Work


class TimedWriter(Writer):
    """The loop of the writer process, with a clock. Times are nanoseconds since the Unix epoch."""

    _ready: tuple[tuple[int, int, int], ...] = ()
    _group: tuple[tuple[int, int, int], ...] = ()
    _submitted = 0

    def _prepared_of(self, request: frames.Request, body: bytes) -> Work | None:
        start = time.time_ns()
        prepared = super()._prepared_of(request, body)
        if isinstance(prepared, Prepared):
            self._ready = (*self._ready, (request.id, start, time.time_ns()))
        return prepared

    def _submit(self) -> None:
        start = time.time_ns()
        super()._submit()
        if not self._prepared:
            self._group, self._submitted = self._ready if self._commit.busy else (), start
            self._ready = ()

    def _ended(self) -> None:
        if self._group:
            self._reply(frame(Worked(self._group, (self._submitted, time.time_ns()))))
            self._group = ()
        super()._ended()
