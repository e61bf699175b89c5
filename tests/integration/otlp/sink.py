"""An OTLP/HTTP receiver in a thread: it remembers what it took, and answers as a test says."""

from __future__ import annotations

import gzip
import threading
import time
from collections import Counter, deque
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

PATIENCE_SECONDS = 60
PROTOBUF = "application/x-protobuf"


@dataclass
class Request:
    """What came; `spans` are the messages in it, in their order."""

    path: str
    headers: dict[str, str]
    body: ExportTraceServiceRequest

    @property
    def spans(self) -> list:
        return [s for r in self.body.resource_spans for c in r.scope_spans for s in c.spans]

    @property
    def ids(self) -> set[str]:
        return {span.span_id.hex() for span in self.spans}


@dataclass
class Sink:
    """`taken` are the requests that were answered with success, `asked` all of them.

    `answer` gives an answer to a request: status, headers, body; by default success. Answers in `next` go
    before it.
    """

    port: int = 0
    taken: list[Request] = field(default_factory=list)
    asked: list[Request] = field(default_factory=list)
    next: deque = field(default_factory=deque)
    answer: object = None
    changed: threading.Condition = field(default_factory=threading.Condition)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def counts(self) -> Counter:
        """How often each span was taken, by its id in hexadecimal digits."""
        with self.changed:
            return Counter(span.span_id.hex() for request in self.taken for span in request.spans)

    def wait(self, happened) -> None:
        """Wait until something holds."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        with self.changed:
            assert self.changed.wait_for(happened, max(0.0, deadline - time.monotonic()))

    def wait_for(self, ids) -> None:
        """Wait until all these spans are there."""
        wanted = set(ids)
        self.wait(lambda: wanted <= {name for request in self.taken for name in request.ids})

    def forget(self) -> None:
        """Begin anew: nothing came, and everything is answered with success."""
        with self.changed:
            self.taken, self.asked, self.answer = [], [], None
            self.next.clear()

    def reply_to(self, request: Request) -> tuple[int, dict, bytes]:
        with self.changed:
            self.asked.append(request)
            given = self.next.popleft() if self.next else None
            if given is None and self.answer is not None:
                given = self.answer(request)
            status, headers, body = given or (200, {}, b"")
            if status < 300:
                self.taken.append(request)
            self.changed.notify_all()
        return status, headers, body


def _handler(sink: Sink):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            headers = {name.lower(): value for name, value in self.headers.items()}
            request = Request(self.path, headers, ExportTraceServiceRequest.FromString(body))
            status, more, answer = sink.reply_to(request)
            self.send_response(status)
            for name, value in {"Content-Type": PROTOBUF, "Content-Length": str(len(answer)), **more}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *arguments):
            """Say nothing."""

    return Handler


@contextmanager
def listening(port: int = 0):
    """A sink for the length of a block."""
    sink = Sink()

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False

        def handle_error(self, *arguments):
            """Clients may go away."""

    with Server(("127.0.0.1", port), _handler(sink)) as server:
        sink.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield sink
        finally:
            server.shutdown()
            thread.join()
