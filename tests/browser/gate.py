"""A server that asks for a key, in front of a bridge that asks for none: what a gateway is to the page."""

from __future__ import annotations

import base64
import http.client
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

OPEN = ("/?", "/page/")
HOP = {"connection", "content-length", "date", "keep-alive", "server", "transfer-encoding"}


@contextmanager
def gate(api: str, key: str) -> Iterator[str]:
    """Serve `api` to who sends `key`, as Weave's clients do where it is no bearer token; the page to all."""
    netloc = urlsplit(api).netloc
    basic = "Basic " + base64.b64encode(f"api:{key}".encode()).decode()
    wanted = f"Bearer {key}" if key.isascii() and " " not in key else basic

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if self.path.startswith(OPEN) or self.headers.get("Authorization") == wanted:
                self._pass_on(body)
            else:
                self._answer(401, [("Content-Type", "application/json")], b'{"reason":"no such key"}')

        do_POST = do_GET  # noqa: N815 - the name that the base class looks for

        def _pass_on(self, body: bytes) -> None:
            connection = http.client.HTTPConnection(netloc, timeout=60)
            headers = {"Content-Type": "application/json", "Accept": self.headers.get("Accept", "*/*")}
            connection.request(self.command, self.path, body or None, headers)
            answer = connection.getresponse()
            self._answer(answer.status, answer.getheaders(), answer.read())
            connection.close()

        def _answer(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
            self.send_response(status)
            for name, value in headers:
                if name.lower() not in HOP:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
