"""The upstream Weave server: one attempt at a time, and what came of it."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import aiohttp

from otel_bridge.exporter.credential import Credential
from otel_bridge.exporter.gzip import compress
from otel_bridge.exporter.rendering import DELETE, UPDATE, UPSERT
from otel_bridge.exporter.verdict import Again, Refused, Sent, judge
from otel_bridge.http.loopback import is_loopback
from otel_bridge.http.session import open_session, read_at_most, why_unreached

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from otel_bridge.exporter.settings import WeaveSettings
    from otel_bridge.exporter.verdict import Verdict

CONNECT_SECONDS: Final = 10.0
MAX_ANSWER_BYTES: Final = 8 << 20
"""An answer to 2 x 31 MiB of the smallest items is smaller; more than this is not the API's."""
_HEADERS: Final = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
EMPTY_BATCH: Final = b'{"batch":[]}'


class Upstream:
    """The server at `settings.endpoint`."""

    def __init__(
        self, settings: WeaveSettings, session: aiohttp.ClientSession, credential: Credential
    ) -> None:
        self._settings = settings
        self.session: Final = session
        self.credential: Final = credential
        self.url: Final = settings.endpoint.rstrip("/")
        self._timeout = aiohttp.ClientTimeout(
            total=settings.timeout_seconds, sock_connect=min(CONNECT_SECONDS, settings.timeout_seconds)
        )
        self._takes_gzip: bool | None = _chosen(settings)

    async def takes_gzip(self) -> bool:
        """Tell whether bodies may be compressed; with `auto`, an empty batch asks a remote upstream once."""
        if self._takes_gzip is None:
            verdict = await self.send(UPSERT, compress(EMPTY_BATCH), gzip=True, items=0)
            if isinstance(verdict, Sent):
                self._takes_gzip = True
            elif isinstance(verdict, Refused) or (isinstance(verdict, Again) and verdict.coding):
                self._takes_gzip = False
        return bool(self._takes_gzip)

    def refuse_gzip(self) -> None:
        """Send no more compressed bodies: the upstream did not understand one."""
        self._takes_gzip = False

    async def send(self, path: str, body: bytes, *, gzip: bool, items: int | None) -> Verdict:
        """Send one request and say what the answer means; raise nothing. `items` as in `verdict.judge`."""
        headers = {**_HEADERS, **self.credential.headers}
        if gzip:
            headers["Content-Encoding"] = "gzip"
        try:
            async with self.session.post(
                self.url + path, data=body, headers=headers, timeout=self._timeout, allow_redirects=False
            ) as response:
                answer = await read_at_most(response, MAX_ANSWER_BYTES)
                if answer is None:
                    return Again("the answer is too long", response.status)
                return judge(response.status, response.headers, answer, items=items, final=_is_final(path))
        except TimeoutError:
            return Again(f"no answer within {self._settings.timeout_seconds:g} s")
        except aiohttp.ClientConnectorError as error:
            return Again(f"cannot connect: {why_unreached(error)}", unreachable=True)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return Again(f"the connection broke: {why_unreached(error)}")


@asynccontextmanager
async def open_upstream(settings: WeaveSettings) -> AsyncGenerator[Upstream]:
    """Lend a client of the upstream; raise StartError when its key cannot be read."""
    credential = Credential(settings)
    await credential.open()
    async with open_session() as session:
        yield Upstream(settings, session, credential)


def _is_final(path: str) -> bool:
    """Tell whether a 404 is about the call that was sent, and not about the path or the project."""
    return path in {UPDATE, DELETE} or path.endswith("/call/end")


def _chosen(settings: WeaveSettings) -> bool | None:
    if settings.compression == "auto":
        return False if is_loopback(urlsplit(settings.endpoint).hostname or "") else None
    return settings.compression == "gzip"
