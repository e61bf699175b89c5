"""The upstream Weave server: one attempt at a time, and what came of it."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from otel_bridge.exporter.credential import Credential
from otel_bridge.exporter.frames import Outgoing
from otel_bridge.exporter.gzip import compress
from otel_bridge.exporter.posting import LastAnswer, Post
from otel_bridge.exporter.rendering import DELETE, UPDATE, UPSERT
from otel_bridge.exporter.tls import tls_of
from otel_bridge.exporter.verdict import Again, Refused, Sent, judge
from otel_bridge.http.loopback import is_loopback
from otel_bridge.http.session import open_session

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    import aiohttp

    from otel_bridge.exporter.settings import WeaveSettings
    from otel_bridge.exporter.verdict import Verdict

_HEADERS: Final = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
EMPTY_BATCH: Final = b'{"batch":[]}'


class Upstream:
    """The server at `settings.endpoint`, as `base.Target`."""

    def __init__(self, settings: WeaveSettings, post: Post, credential: Credential) -> None:
        self._post = post
        self.session: Final[aiohttp.ClientSession] = post.session
        self.credential: Final = credential
        self.url: Final = settings.endpoint.rstrip("/")
        self._takes_gzip: bool | None = _chosen(settings)

    async def takes_gzip(self) -> bool:
        """As `base.Target`; with `auto`, an empty batch asks a remote upstream once."""
        if self._takes_gzip is None:
            body = compress(EMPTY_BATCH)
            verdict = await self.send(Outgoing(UPSERT, len(body), 0), body, project="", gzip=True)
            if isinstance(verdict, Sent):
                self._takes_gzip = True
            elif isinstance(verdict, Refused) or (isinstance(verdict, Again) and verdict.coding):
                self._takes_gzip = False
        return bool(self._takes_gzip)

    def refuse_gzip(self) -> None:
        """As `base.Target`."""
        self._takes_gzip = False

    async def send(self, request: Outgoing, body: bytes, *, project: str, gzip: bool) -> Verdict:
        """As `base.Target`; the project is in the body."""
        del project
        headers = {**_HEADERS, **self.credential.headers}
        if gzip:
            headers["Content-Encoding"] = "gzip"
        path = request.path
        answer = await self._post(self.url + path, body, headers)
        if isinstance(answer, Again):
            return answer
        return judge(answer.status, answer.headers, answer.body, items=request.results, final=_is_final(path))

    @property
    def last(self) -> LastAnswer | None:
        """As `base.Target`."""
        return self._post.last

    async def renew(self) -> bool:
        """As `base.Target`."""
        return await self.credential.renew()


@asynccontextmanager
async def open_upstream(settings: WeaveSettings) -> AsyncGenerator[Upstream]:
    """Lend a client of the upstream; raise StartError when its key or a certificate cannot be read."""
    credential = Credential(settings)
    await credential.open()
    async with open_session(tls=await tls_of(settings)) as session:
        yield Upstream(settings, Post(session, settings.timeout_seconds), credential)


def _is_final(path: str) -> bool:
    """Tell whether a 404 is about the call that was sent, and not about the path or the project."""
    return path in {UPDATE, DELETE} or path.endswith("/call/end")


def _chosen(settings: WeaveSettings) -> bool | None:
    if settings.compression == "auto":
        return False if is_loopback(urlsplit(settings.endpoint).hostname or "") else None
    return settings.compression == "gzip"
