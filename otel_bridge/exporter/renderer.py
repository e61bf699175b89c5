"""The renderer process: reads what waits in the queue and makes the requests that deliver it.

It computes, so that the event loop need not; and translation happens here, when a batch leaves, so that a
better mapping reaches what waits.
"""

from __future__ import annotations

import signal
import socket
import sys
import traceback
from contextlib import closing, suppress
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

from otel_bridge.errors import BridgeError
from otel_bridge.exporter import frames
from otel_bridge.exporter.gzip import compress
from otel_bridge.exporter.passing import pass_on
from otel_bridge.exporter.rendering import Limits, render
from otel_bridge.exporter.waiting import Waiting, items_of
from otel_bridge.ingest.failure import failure
from otel_bridge.ingest.frames import CannotStart, Cutter, Ready, frame
from otel_bridge.ingest.frames import head as head_of
from otel_bridge.queue.sqlite.reader import SqliteQueueReader
from otel_bridge.receiver.allocator import tune_allocator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from otel_bridge.exporter.rendering import Batch
    from otel_bridge.queue.base import QueueReader

RECEIVE_BYTES: Final = 1 << 16
MIN_READ_BYTES: Final = 64 << 10


class Renderer:
    """Answers the service. The records of the last question stay at hand: large ones take several."""

    def __init__(self, connection: socket.socket, queue: QueueReader) -> None:
        self._connection = connection
        self._queue = queue
        self._last: tuple[tuple[str, int, int], Waiting] | None = None
        self._growth = 2.0  # bytes of JSON that a byte of payload becomes

    def run(self) -> None:
        """Serve until the service closes the connection."""
        cutter = Cutter()
        while data := self._receive():
            for head, _ in cutter.feed(data):
                request = frames.decode_request(head)
                try:
                    reply, bodies = self._answer(request)
                except Exception as error:  # noqa: BLE001 - told to the one who asked
                    reply, bodies = failure(request.id, error, traceback.format_exc()), []
                self._send(reply, bodies)

    def _receive(self) -> bytes:
        with suppress(OSError):
            return self._connection.recv(RECEIVE_BYTES)
        return b""

    def _send(self, reply: object, bodies: Sequence[bytes]) -> None:
        with suppress(OSError):
            self._connection.sendall(head_of(reply, sum(map(len, bodies))))
            for body in bodies:
                self._connection.sendall(body)

    def _answer(self, request: frames.Request) -> tuple[object, Sequence[bytes]]:
        if isinstance(request, frames.RenderCalls):
            return self._render(request)
        place = request.place
        item = next(self._read(place).behind(place.start))
        record = item.record
        taken = frames.Taken(
            id=request.id,
            seq=record.seq,
            index=item.index,
            kind=record.kind,
            received_ns=record.received_ns,
            wb_run_id=record.wb_run_id,
        )
        return taken, [item.payload()]

    def _render(self, request: frames.RenderCalls) -> tuple[object, Sequence[bytes]]:
        place = request.place
        waiting = self._read(place)
        told = partial(
            frames.Rendered,
            id=request.id,
            records=tuple((one.seq, items_of(one)) for one in waiting.records),
            damaged=tuple(one.seq for one in waiting.records if one.damage is not None),
        )
        room = place.max_calls if place.stop is None else min(place.max_calls, place.stop - place.start)
        try:
            batch = _batch(request, waiting, Limits(room, request.max_bytes))
        except Exception:  # noqa: BLE001 - the item is put aside, the lane goes on
            return told(stop=place.start + 1, broken=traceback.format_exc()), []
        if batch is None:
            return told(stop=place.start, blocked=waiting.blocked), []
        bodies = [compress(one.body) if request.gzip else one.body for one in batch.requests]
        outgoing = tuple(
            frames.Outgoing(one.path, len(body), one.results, one.wb_run_id)
            for one, body in zip(batch.requests, bodies, strict=True)
        )
        json_bytes = sum(len(one.body) for one in batch.requests)
        stop = place.start + batch.items
        self._learn(waiting, place.start, stop, json_bytes)
        return told(stop=stop, requests=outgoing, json_bytes=json_bytes), bodies

    def _learn(self, waiting: Waiting, start: int, stop: int, json_bytes: int) -> None:
        """Remember how payloads grow, so that no more is read than one batch needs."""
        calls = sum(map(items_of, waiting.records))
        size = sum(len(one.payload) for one in waiting.records)
        if start == 0 and calls and size:
            growth = json_bytes * calls / (size * stop)
            self._growth = min(max((self._growth * 3 + growth) / 4, 1.0), 8.0)

    def _read(self, place: frames.Place) -> Waiting:
        """Return the records behind `place.after`."""
        key = (place.destination, place.lane, place.after)
        if self._last is not None and self._last[0] == key:
            return self._last[1]
        self._last = None
        lent = self._queue.read(
            place.destination,
            place.lane,
            place.after,
            max_calls=place.max_calls,
            max_bytes=max(MIN_READ_BYTES, int(place.max_bytes / self._growth)),
        )
        waiting = Waiting(lent, place.project_id)
        if lent.records:
            self._last = (key, waiting)
        return waiting


def _batch(request: frames.RenderCalls, waiting: Waiting, limits: Limits) -> Batch | None:
    """Make one batch of what waits behind a position; None of nothing."""
    place, options = request.place, request.options
    if options is None:
        return pass_on(waiting, place.start, limits)
    items = islice(waiting.behind(place.start), limits.max_calls)
    changes = (partial(item.change, options) for item in items)
    return render(changes, limits, project_id=place.project_id, whole=request.whole)


def main() -> None:
    """Run the renderer on the socket whose number is argv[1], over the queue file argv[2]."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the service decides when to stop
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    tune_allocator()
    with socket.socket(fileno=int(sys.argv[1])) as connection:
        try:
            queue = SqliteQueueReader(Path(sys.argv[2]))
        except BridgeError as error:
            connection.sendall(frame(CannotStart(str(error))))
            sys.exit(1)
        with closing(queue):
            connection.sendall(frame(Ready()))
            Renderer(connection, queue).run()


if __name__ == "__main__":
    main()
