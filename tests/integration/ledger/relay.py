"""A stop between a program and the bridge that keeps each export as it was sent."""

from __future__ import annotations

import gzip
import threading
import urllib.request
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

TIMEOUT_SECONDS = 30
KEPT = "request-*.pb"


class Handler(BaseHTTPRequestHandler):
    """Keeps the body of a request in a file and hands the request on."""

    def __init__(self, target: str, folder: Path, *rest: Any) -> None:
        self.target, self.folder = target, folder
        super().__init__(*rest)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        packed = self.headers.get("Content-Encoding") == "gzip"
        number = len(list(self.folder.glob(KEPT))) + 1
        (self.folder / f"request-{number:03}.pb").write_bytes(gzip.decompress(body) if packed else body)
        names = ("Content-Type", "Content-Encoding")
        headers = {name: self.headers[name] for name in names if name in self.headers}
        passed_on = urllib.request.Request(self.target + self.path, data=body, headers=headers)
        with urllib.request.urlopen(passed_on, timeout=TIMEOUT_SECONDS) as answer:
            said = answer.read()
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.headers["Content-Type"])
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_: Any) -> None:
        """Say nothing: the files are the record."""


@contextmanager
def keeping(folder: Path, target: str) -> Iterator[str]:
    """Give an address that keeps what it is sent in `folder`, in place of what was there, passing it on."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob(KEPT):
        old.unlink()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, target, folder))
    thread = threading.Thread(target=server.serve_forever, name="relay")
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
