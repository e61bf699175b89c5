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
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

from otel_bridge.errors import BridgeError
from otel_bridge.exporter import frames
from otel_bridge.exporter.gzip import compress
from otel_bridge.exporter.rendering import Limits, render
from otel_bridge.ingest.failure import failure
from otel_bridge.ingest.frames import CannotStart, Cutter, Ready, frame
from otel_bridge.queue.payload import pack_changes, pack_spans, read_changes, read_spans
from otel_bridge.queue.sqlite.reader import SqliteQueueReader
from otel_bridge.receiver.allocator import tune_allocator
from otel_bridge.translate.calls import translate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from otel_bridge.model.call import Change
    from otel_bridge.queue.base import QueueReader, Record
    from otel_bridge.translate.options import Options

RECEIVE_BYTES: Final = 1 << 16


class Item(Struct, frozen=True):
    """One item of a record: a `Span`, or a `Change` that was written through the API, as its kind says."""

    record: Record
    index: int
    value: Any

    def change(self, options: Options) -> Change:
        """Return what it changes."""
        if self.record.kind == "spans":
            return translate(self.value, options, dumped=True)
        change: Change = self.value
        return change

    def payload(self) -> bytes:
        """Return the item alone, as the queue keeps it."""
        return pack_spans([self.value]) if self.record.kind == "spans" else pack_changes([self.value])


class Renderer:
    """Answers the service. The records of the last question stay at hand: large ones take several."""

    def __init__(self, connection: socket.socket, queue: QueueReader) -> None:
        self._connection = connection
        self._queue = queue
        self._last: tuple[tuple[str, int, int], list[Record], list[Item]] | None = None

    def run(self) -> None:
        """Serve until the service closes the connection."""
        cutter = Cutter()
        while data := self._receive():
            for head, _ in cutter.feed(data):
                request = frames.decode_request(head)
                try:
                    reply = self._answer(request)
                except Exception as error:  # noqa: BLE001 - told to the one who asked
                    reply = frame(failure(request.id, error, traceback.format_exc()))
                self._send(reply)

    def _receive(self) -> bytes:
        with suppress(OSError):
            return self._connection.recv(RECEIVE_BYTES)
        return b""

    def _send(self, data: bytes) -> None:
        with suppress(OSError):
            self._connection.sendall(data)

    def _answer(self, request: frames.Request) -> bytes:
        if isinstance(request, frames.RenderCalls):
            return self._render(request)
        place = request.place
        _, items, _ = self._read(place)
        item = items[place.start]
        record = item.record
        taken = frames.Taken(
            id=request.id,
            seq=record.seq,
            index=item.index,
            kind=record.kind,
            received_ns=record.received_ns,
            wb_run_id=record.wb_run_id,
        )
        return frame(taken, item.payload())

    def _render(self, request: frames.RenderCalls) -> bytes:
        place = request.place
        records, items, blocked = self._read(place)
        told = partial(
            frames.Rendered,
            id=request.id,
            records=tuple((one.seq, _count(one)) for one in records),
            damaged=tuple(one.seq for one in records if one.damage is not None),
        )
        wanted = items[place.start : place.stop][: place.max_calls]
        if not wanted:
            return frame(told(stop=place.start, blocked=blocked))
        changes = [partial(item.change, request.options) for item in wanted]
        limits = Limits(len(wanted), request.max_bytes)
        try:
            batch = render(changes, limits, project_id=place.project_id, whole=request.whole)
        except Exception:  # noqa: BLE001 - the item is put aside, the lane goes on
            return frame(told(stop=place.start + 1, broken=traceback.format_exc()))
        bodies = [compress(one.body) if request.gzip else one.body for one in batch.requests]
        outgoing = tuple(
            frames.Outgoing(one.path, len(body), one.results)
            for one, body in zip(batch.requests, bodies, strict=True)
        )
        json_bytes = sum(len(one.body) for one in batch.requests)
        rendered = told(stop=place.start + batch.items, requests=outgoing, json_bytes=json_bytes)
        return frame(rendered, b"".join(bodies))

    def _read(self, place: frames.Place) -> tuple[list[Record], list[Item], bool]:
        """Return the records behind `place.after` and their items."""
        key = (place.destination, place.lane, place.after)
        if self._last is not None and self._last[0] == key and len(self._last[2]) > place.start:
            return self._last[1], self._last[2], False
        self._last = None
        lent = self._queue.read(
            place.destination,
            place.lane,
            place.after,
            max_calls=place.max_calls,
            max_bytes=place.max_bytes,
        )
        records = list(lent.records)
        items = [item for record in records for item in _items(record, place.project_id)]
        if len(items) > place.start + place.max_calls:
            self._last = (key, records, items)
        return records, items, lent.blocked


def _items(record: Record, project_id: str) -> list[Item]:
    if record.damage is not None:
        return []
    values: Sequence[Any] = (
        read_spans(record, project_id) if record.kind == "spans" else read_changes(record.payload)
    )
    return [Item(record, index, value) for index, value in enumerate(values)]


def _count(record: Record) -> int:
    return 0 if record.damage is not None else record.calls


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
