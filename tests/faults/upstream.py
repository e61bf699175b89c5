"""A Weave server in a thread that keeps what it is sent, and misbehaves as it is told."""

from __future__ import annotations

import asyncio
import threading
import time
import zlib
from base64 import b64encode
from collections import Counter, deque
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import orjson
from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    Behaviour = Callable[["Upstream", web.Request], Awaitable[web.StreamResponse]]

PATIENCE_SECONDS = 60.0
MAX_BYTES = 32 << 20


class Upstream:
    """What a Weave server keeps: `calls` by id, each merged from its parts; `times` counts their comings.

    `starts` are all starts that came, in order.

    `behave` takes how the next writes are answered, one each; `always` answers every write while it is set.
    `refused_ops` makes batches with a call of such a name bad (400), `fatal_ops` fatal (500), `whole_only`
    names projects that take whole calls, `max_items` is what a batch may hold (413), `key` is the password
    that is asked for (401).
    """

    def __init__(self) -> None:
        self.calls: dict[str, dict[str, Any]] = {}
        self.times: Counter[str] = Counter()
        self.requests: list[tuple[str, str, int]] = []
        self.headers: list[dict[str, str]] = []
        self.starts: list[dict[str, Any]] = []
        self.deleted: list[str] = []
        self.renamed: dict[str, str] = {}
        self.always: Behaviour | None = None
        self.slow_projects: dict[str, Behaviour] = {}
        self.refused_ops: set[str] = set()
        self.fatal_ops: set[str] = set()
        self.whole_only: set[str] = set()
        self.max_items: int | None = None
        self.key: str | None = None
        self.takes_gzip = True
        self.url = ""
        self.released = threading.Event()
        self._plan: deque[Behaviour] = deque()
        self._changed = threading.Condition()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._server: asyncio.Server | None = None
        self._runner: web.AppRunner | None = None
        self._port = 0

    def behave(self, *behaviours: Behaviour) -> None:
        self._plan.extend(behaviours)

    @property
    def planned(self) -> int:
        """How many behaviours nobody has met yet."""
        return len(self._plan)

    def wait(self, condition: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> None:
        """Wait until something holds; requests wake it."""
        deadline = time.monotonic() + seconds
        with self._changed:
            while not condition():
                left = deadline - time.monotonic()
                assert left > 0, f"not within {seconds} s: {len(self.calls)} calls, {self.requests[-5:]}"
                self._changed.wait(min(left, 0.2))

    def whole(self) -> set[str]:
        """The ids of calls whose start and end are both here."""
        calls = self.calls.copy()  # at once: the server adds to them in its thread
        return {one for one, call in calls.items() if "started_at" in call and "ended_at" in call}

    # What it does with a write.

    async def take(self, request: web.Request) -> web.Response:
        """Keep what a good server keeps, and answer as it does."""
        body = await request.read()
        if self.key is not None and not self._knows(request):
            return answer(401, {"reason": "no such key"})
        if request.headers.get("Content-Encoding") == "gzip":
            if not self.takes_gzip:
                return answer(400, {"reason": "bad JSON"})
            body = zlib.decompress(body, 31)
        document = orjson.loads(body)
        return self._keep(request.path, document)

    def _keep(self, path: str, document: dict[str, Any]) -> web.Response:
        items = list(_parts(path, document))
        if self.max_items is not None and len(items) > self.max_items:
            return answer(413, {"reason": "Request too large"})
        if path == "/call/upsert_batch" and any(part["project_id"] in self.whole_only for _, part in items):
            code = "CALLS_COMPLETE_MODE_REQUIRED"
            return answer(400, {"reason": "whole calls only", "error_code": code})
        if any(part.get("op_name") in self.fatal_ops for _, part in items):
            return answer(500, {"reason": "Internal server error"})
        if any(part.get("op_name") in self.refused_ops for _, part in items):
            return answer(400, {"reason": "Invalid op_name"})
        if path == "/call/update":
            self.renamed[document["call_id"]] = document["display_name"]
        elif path == "/calls/delete":
            self.deleted += document["call_ids"]
        for _, part in items:
            self.calls.setdefault(part["id"], {}).update(part)
        self.starts += [part for kind, part in items if kind != "end"]
        self.times.update(part["id"] for kind, part in items if kind != "end")
        if path == "/call/upsert_batch":
            return answer(200, {"res": [_ids(kind, part) for kind, part in items]})
        return answer(200, {})

    def _knows(self, request: web.Request) -> bool:
        wanted = "Basic " + b64encode(f"api:{self.key}".encode()).decode()
        return request.headers.get("Authorization") in {wanted, f"Bearer {self.key}"}

    # The server.

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        self.headers.append(dict(request.headers))
        behaviour = self.always or (self._plan.popleft() if self._plan else None)
        if behaviour is None and self.slow_projects:
            document = orjson.loads(await request.read())
            projects = {part["project_id"] for _, part in _parts(request.path, document)}
            behaviour = next((self.slow_projects[one] for one in projects if one in self.slow_projects), None)
        try:
            response = await (behaviour or Upstream.take)(self, request)
            self.requests.append((request.path, request.headers.get("Content-Encoding", ""), response.status))
        finally:
            with self._changed:
                self._changed.notify_all()
        return response

    async def _start(self) -> None:
        app = web.Application(client_max_size=MAX_BYTES)
        app[SERVER] = self
        for path in ("/call/upsert_batch", "/call/update", "/calls/delete"):
            app.router.add_post(path, self._handle)
        app.router.add_post("/v2/{entity}/{project}/{tail:.+}", self._handle)
        app.router.add_route("*", "/{tail:.*}", self._other)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, auto_decompress=False)
        await self._runner.setup()
        await self._listen()

    async def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        assert self._runner is not None
        self._server = await loop.create_server(self._runner.server, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self._port}"

    async def _other(self, request: web.Request) -> web.StreamResponse:
        """Reads: tell what came, so that tests see what was passed on."""
        self.headers.append(dict(request.headers))
        body = await request.read()
        told = {"method": request.method, "path": request.raw_path, "body": body.decode("latin-1")}
        if request.path == "/calls/stream_query":
            return await _stream(request)
        if request.path == "/teapot":
            return web.Response(status=418, body=b'{"reason":"short and stout"}', headers={"X-Teapot": "yes"})
        return answer(200, told)

    def refuse_connections(self) -> None:
        """Close the port, and every connection."""
        self._do(self._stop_listening())

    def accept_connections(self) -> None:
        self._do(self._listen())

    async def _stop_listening(self) -> None:
        assert self._server is not None
        assert self._runner is not None
        self._server.close()
        for handler in list(self._runner.server.connections):
            if handler.transport is not None:
                handler.transport.abort()

    def _do(self, work: Any) -> None:
        assert self._loop is not None
        asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE_SECONDS)

    def _run(self, ready: threading.Event, done: threading.Event) -> None:
        async def main() -> None:
            self._loop = asyncio.get_running_loop()
            await self._start()
            ready.set()
            await asyncio.to_thread(done.wait)
            self.released.set()
            await self._stop_listening()
            assert self._runner is not None
            await self._runner.cleanup()

        asyncio.run(main())


@contextmanager
def upstream() -> Iterator[Upstream]:
    """A running upstream."""
    server, ready, done = Upstream(), threading.Event(), threading.Event()
    thread = threading.Thread(target=server._run, args=(ready, done))
    thread.start()
    try:
        assert ready.wait(PATIENCE_SECONDS)
        yield server
    finally:
        done.set()
        thread.join(PATIENCE_SECONDS)


def answer(status: int, document: Any, **headers: str) -> web.Response:
    return web.Response(
        status=status, body=orjson.dumps(document), content_type="application/json", headers=headers
    )


def _parts(path: str, document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    if path.endswith("/calls/complete"):
        yield from (("whole", one) for one in document["batch"])
    elif path == "/call/upsert_batch":
        yield from ((kind, part) for item in document["batch"] for kind, part in item["req"].items())
    elif path.endswith(("/call/start", "/call/end")):
        yield from document.items()


def _ids(kind: str, part: dict[str, Any]) -> dict[str, str]:
    return {"id": part["id"], "trace_id": part["trace_id"]} if kind == "start" else {}


async def _stream(request: web.Request) -> web.StreamResponse:
    """Two lines, the second one only when the first has been read by somebody."""
    response = web.StreamResponse(headers={"Content-Type": "application/jsonl"})
    await response.prepare(request)
    await response.write(b'{"id":"one"}\n')
    server = request.app[SERVER]
    with suppress(TimeoutError):
        await asyncio.wait_for(asyncio.to_thread(server.released.wait, 30), 30)
    await response.write(b'{"id":"two"}\n')
    await response.write_eof()
    return response


SERVER = web.AppKey("server", Upstream)
