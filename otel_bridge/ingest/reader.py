"""The reader process: answers queries and renders calls, so that no query holds up the event loop."""

from __future__ import annotations

import signal
import socket
import sys
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from otel_bridge.ingest import frames
from otel_bridge.ingest.failure import failure
from otel_bridge.ingest.frames import frame
from otel_bridge.receiver.allocator import tune_allocator
from otel_bridge.store.sqlite.reader import SqliteReader

if TYPE_CHECKING:
    from collections.abc import Iterator

    from otel_bridge.model.query import SortBy
    from otel_bridge.store.base import CallReader

THREADS: Final = 4
"""Queries at once; SQLite works without the interpreter's lock."""
LONG_THREADS: Final = 4
"""Expressions at once, which may read every body of a project; other questions keep threads of their own."""
RECEIVE_BYTES: Final = 1 << 16
SWITCH_SECONDS: Final = 0.0005


class Reader:
    """The loop of the reader process."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._sending = threading.Lock()
        self._store: CallReader | None = None

    def run(self) -> None:
        """Serve until the service closes the connection."""
        cutter = frames.Cutter()
        with (
            ExitStack() as owned,
            ThreadPoolExecutor(THREADS, thread_name_prefix="query") as pool,
            ThreadPoolExecutor(LONG_THREADS, thread_name_prefix="long") as long,
        ):
            for request in self._requests(cutter):
                if isinstance(request, frames.OpenStore):
                    self._store = owned.enter_context(closing(SqliteReader(Path(request.path))))
                    self._send(frame(frames.Done(request.id)))
                else:
                    (long if _may_be_long(request) else pool).submit(self._answer, request)

    def _requests(self, cutter: frames.Cutter) -> Iterator[frames.Request]:
        while data := self._receive():
            for head, _ in cutter.feed(data):
                yield frames.decode_request(head)

    def _receive(self) -> bytes:
        with suppress(OSError):
            return self._connection.recv(RECEIVE_BYTES)
        return b""

    def _answer(self, request: frames.Request) -> None:
        try:
            reply = self._reply(request)
        except Exception as error:  # noqa: BLE001 - told to the one who asked
            reply = frame(failure(request.id, error, traceback.format_exc()))
        self._send(reply)

    def _reply(self, request: frames.Request) -> bytes:
        store = self._store
        assert store is not None
        match request:
            case frames.PlanQuery(id=number, query=query, after=after):
                plan = store.plan(query, after=after)
                return frame(frames.Planned(number, plan.seqs, plan.after))
            case frames.RenderLines(id=number, query=query, seqs=seqs):
                return frame(frames.Rendered(number), store.lines(query, seqs))
            case frames.FetchSpans(id=number, project_id=project_id, seqs=seqs):
                return frame(frames.Rendered(number), store.spans(project_id, seqs))
            case frames.CountCalls(id=number, query=query):
                return frame(frames.Counted(number, store.count(query)))
            case frames.Ask(id=number, question=question):
                return frame(frames.Told(number), store.answer(question))
            case _:
                return frame(frames.Done(request.id))

    def _send(self, data: bytes) -> None:
        with self._sending, suppress(OSError):
            self._connection.sendall(data)


def _may_be_long(request: frames.Request) -> bool:
    """Tell whether a question may read the bodies of a whole project."""
    match request:
        case frames.PlanQuery(query=query) | frames.CountCalls(query=query):
            return query.query is not None or any(map(_reads_bodies, query.sort_by or ()))
        case _:
            return False


def _reads_bodies(key: SortBy) -> bool:
    return "." in key.field and not key.field.startswith("summary.weave.")


def main() -> None:
    """Run the reader on the socket whose number is argv[1]."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.setswitchinterval(SWITCH_SECONDS)
    tune_allocator()
    with socket.socket(fileno=int(sys.argv[1])) as connection:
        connection.sendall(frame(frames.Ready()))
        Reader(connection).run()


if __name__ == "__main__":
    main()
