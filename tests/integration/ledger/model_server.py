"""A model server that knows nothing but keeps its books: it bills every answer it gives."""

from __future__ import annotations

import json
import re
import threading
from collections import defaultdict
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tests.integration.ledger.answers import (
    anthropic_messages,
    google_content,
    openai_chat,
    openai_responses,
)
from tests.integration.ledger.book import Ledger
from tests.integration.ledger.turn import BROKEN, SILENT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROUTE = re.compile(
    r"/(?P<program>[\w-]+)/(?:v1/(?P<endpoint>chat/completions|embeddings|responses|messages)"
    r"|v1(?:beta)?/models/(?P<model>[\w.-]+):(?P<method>generateContent|streamGenerateContent))"
)
SPEAKERS = {
    "chat/completions": openai_chat,
    "responses": openai_responses,
    "messages": anthropic_messages,
    "generateContent": google_content,
}


class Books(defaultdict[str, Ledger]):
    """The ledger of each program, by the first part of the path it sends to."""

    def __missing__(self, program: str) -> Ledger:
        return self.setdefault(program, Ledger(seed=program))


class Handler(BaseHTTPRequestHandler):
    """Answers one request and enters it in the books."""

    protocol_version = "HTTP/1.1"

    def __init__(self, books: dict[str, Ledger], *rest: Any) -> None:
        self.books = books
        super().__init__(*rest)

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        route = ROUTE.fullmatch(urlsplit(self.path).path)
        if route is None:
            self._send(404, [json.dumps({"error": {"message": f"no such path: {self.path}"}}).encode()])
            return
        endpoint = route["endpoint"] or "generateContent"
        body["model"] = route["model"] or body["model"]
        ledger = self.books[route["program"]]
        if body["model"].startswith(BROKEN):
            status = int(body["model"].removeprefix(BROKEN))
            ledger.refused.append(status)
            self._send(status, [b'{"type": "error", "error": {"type": "broken", "message": "try later"}}'])
            return
        streams = route["method"] == "streamGenerateContent" or bool(body.get("stream"))
        self._answer(ledger, endpoint, body, streams=streams)

    def _answer(self, ledger: Ledger, endpoint: str, body: dict[str, Any], *, streams: bool) -> None:
        model = body["model"]
        usage = ledger.bill(endpoint, model, speaks=not model.startswith(SILENT), streamed=streams)
        if endpoint == "embeddings":
            self._send(200, [json.dumps(openai_chat.embeddings(body, usage)).encode()])
            return
        speaker = SPEAKERS[endpoint]
        said = speaker.turn(body)
        if streams:
            self._send(200, speaker.stream(body, said, usage), content_type="text/event-stream")
        else:
            self._send(200, [json.dumps(speaker.whole(body, said, usage)).encode()])

    def _send(self, status: int, pieces: Iterable[bytes], *, content_type: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Transfer-Encoding", "chunked")
        self.send_header("x-should-retry", "false")  # OpenAI's and Anthropic's clients obey it
        self.end_headers()
        for piece in pieces:
            self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *_: Any) -> None:
        """Say nothing: the books are the record."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True


@contextmanager
def model_server(books: dict[str, Ledger] | None = None) -> Iterator[tuple[str, dict[str, Ledger]]]:
    """Run the server for the length of a block; give its address and its books, new ones unless given."""
    books = Books() if books is None else books
    server = _Server(("127.0.0.1", 0), partial(Handler, books))
    thread = threading.Thread(target=server.serve_forever, name="model server")
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", books
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
