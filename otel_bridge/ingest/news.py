"""What the writer tells the service without being asked: what expired, what waits, what was missed."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from otel_bridge.errors import Unavailable
from otel_bridge.ingest import frames
from otel_bridge.ingest.frames import frame
from otel_bridge.ingest.scoring_frames import BacklogChanged
from otel_bridge.model.tasks import Backlog

if TYPE_CHECKING:
    from collections.abc import Callable

    from otel_bridge.queue.base import QueueSizes, QueueWriter
    from otel_bridge.store.base import CallWriter


class News:
    """Remembers what was told last, and tells what has changed since."""

    def __init__(
        self, store: CallWriter | None, queue: QueueWriter | None, reply: Callable[[bytes], None]
    ) -> None:
        self._store = store
        self._queue = queue
        self._reply = reply
        self._expired = 0 if store is None else store.expired
        self._sizes: QueueSizes | None = None
        self._backlog = Backlog()

    def tell(self, *, whole: bool = False) -> None:
        """Tell how the queue looks now, all of it when `whole`, and how much is to be scored."""
        with suppress(Unavailable):  # a disk in trouble: what was told last stands
            self._tell_queue(whole=whole)
            self._tell_backlog(whole=whole)

    def tell_expired(self) -> None:
        """Count calls that retention has removed."""
        if self._store is not None and self._store.expired > self._expired:
            expired = self._store.expired
            self._reply(frame(frames.Noted({"expired_calls": expired - self._expired})))
            self._expired = expired

    def missed(self, calls: int) -> None:
        """Count calls that the queue of optional destinations could not keep."""
        self._reply(frame(frames.Noted({"queue_missed_calls": calls})))

    def _tell_queue(self, *, whole: bool) -> None:
        if self._queue is None:
            return
        sizes = self._queue.sizes()
        lanes = tuple(self._queue.changed())
        if whole or lanes or sizes != self._sizes:
            self._sizes = sizes
            self._reply(frame(frames.QueueChanged(lanes, sizes, whole)))

    def _tell_backlog(self, *, whole: bool) -> None:
        if self._store is None:
            return
        backlog = self._store.backlog()
        if whole or backlog != self._backlog:
            self._backlog = backlog
            self._reply(frame(BacklogChanged(backlog)))
