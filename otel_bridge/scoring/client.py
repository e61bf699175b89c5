"""The bridge as a worker sees it: HTTP, nothing else. `contract/weave-api.md` §2, §5.3."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final, TypeVar

import aiohttp
import msgspec

from otel_bridge.auth.access import WORKER_HEADER
from otel_bridge.auth.own_key import advice, headers_of
from otel_bridge.auth.own_tls import own_context
from otel_bridge.errors import NotFound, Refused, Unavailable
from otel_bridge.http.session import open_session, why_unreached
from otel_bridge.model.tasks import Claimed

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence

    from otel_bridge.model.scoring import EndedCall, Task

T = TypeVar("T")

CONNECT_SECONDS: Final = 5.0
ANSWER_SECONDS: Final = 60.0
OK: Final = 200
BAD_REQUEST: Final = 400
NOT_FOUND: Final = 404
UNPROCESSABLE: Final = 422
TOO_MANY: Final = 429
SERVER_ERRORS: Final = 500
NOT_BUILT: Final = 501


class NotUnderstood(Refused):
    """The bridge says that what it was asked makes no sense."""


class BridgeClient:
    """Asks one bridge, as the worker `name`.

    Every method raises Unavailable when there is no answer or a later one may differ, NotFound for a 404, and
    Refused when asking again changes nothing.
    """

    def __init__(
        self, session: aiohttp.ClientSession, url: str, *, name: str, token: str = "", key: str = ""
    ) -> None:
        self._tls = own_context() if url.startswith("https:") else True
        self.url: Final = url.rstrip("/")
        self.name: Final = name
        self.session: Final = session
        self._headers = {"Content-Type": "application/json"}
        if token:
            self._headers[WORKER_HEADER] = token
        self._headers |= headers_of(key)

    async def lease(
        self,
        limit: int,
        lease_seconds: int,
        *,
        wait_seconds: float,
        rooms: Mapping[str, int],
        each: int,
        ended: int,
    ) -> Claimed:
        """Take up to `limit` tasks and `ended` calls that ended, waiting for some so long.

        `rooms` bounds the tasks of a scorer (0: none of them), `each` those of any other.
        """
        body = {"worker": self.name, "limit": limit, "lease_seconds": lease_seconds, "each": each,
                "wait_seconds": wait_seconds, "rooms": rooms, "ended": ended}  # fmt: skip
        answer = await self._post("/bridge/scoring/lease", body, seconds=wait_seconds + ANSWER_SECONDS)
        return self._decoded(answer, Claimed)

    async def lease_these(self, tasks: Sequence[Task], lease_seconds: int) -> Claimed:
        """Take exactly these tasks, without those that are done."""
        body = {"worker": self.name, "limit": len(tasks), "lease_seconds": lease_seconds, "wait_seconds": 0,
                "keys": tasks, "ended": 0}  # fmt: skip
        return self._decoded(await self._post("/bridge/scoring/lease", body), Claimed)

    async def renew(self, tasks: Sequence[Task], lease_seconds: int) -> None:
        """Keep tasks for so much longer."""
        body = {"worker": self.name, "tasks": tasks, "lease_seconds": lease_seconds}
        await self._post("/bridge/scoring/renew", body)

    async def settle(self, outcomes: Iterable[bytes], *, seconds: float = ANSWER_SECONDS) -> None:
        """Hand outcomes back, each as JSON; what another worker has settled already is ignored."""
        worker = msgspec.json.encode(self.name)
        body = b'{"worker":%b,"outcomes":[%b]}' % (worker, b",".join(outcomes))
        await self._send("/bridge/scoring/settle", body, seconds=seconds)

    async def enqueue(self, tasks: Sequence[Task], ended: Sequence[EndedCall]) -> None:
        """Queue the tasks that `ended` led to, and be done with these."""
        await self._post("/bridge/scoring/enqueue", {"tasks": tasks, "ended": ended})

    async def refs(self, refs: Sequence[str]) -> list[Any]:
        """Read what refs mean, in their order; None where there is nothing."""
        answer = await self.ask("/refs/read_batch", {"refs": refs})
        return list(answer["vals"])

    async def ask(self, path: str, body: Any) -> Any:
        """Ask a route that answers one JSON document."""
        return self._decoded(await self._post(path, body), dict)

    async def lines(self, path: str, body: Any) -> AsyncGenerator[bytes]:
        """Ask a route that answers JSON lines, such as `/calls/stream_query`; yield each without its end."""
        parts: list[bytes] = []
        async with self._asked(path, msgspec.json.encode(body), ANSWER_SECONDS) as response:
            async for piece in response.content.iter_any():
                parts.append(piece)
                if b"\n" not in piece:
                    continue
                *lines, rest = b"".join(parts).split(b"\n")
                parts = [rest]
                for line in lines:
                    yield line
        if any(parts):
            raise Unavailable(f"the answer to {path} broke off")

    async def _post(self, path: str, body: Any, *, seconds: float = ANSWER_SECONDS) -> bytes:
        return await self._send(path, msgspec.json.encode(body), seconds=seconds)

    async def _send(self, path: str, body: bytes, *, seconds: float) -> bytes:
        async with self._asked(path, body, seconds) as response:
            return await response.read()

    def _decoded(self, answer: bytes, kind: type[T]) -> T:
        try:
            return msgspec.json.decode(answer, type=kind)
        except msgspec.MsgspecError as error:
            raise Unavailable(f"{self.url} answered something else: {error}") from error

    @asynccontextmanager
    async def _asked(self, path: str, body: bytes, seconds: float) -> AsyncGenerator[aiohttp.ClientResponse]:
        timeout = aiohttp.ClientTimeout(total=seconds, sock_connect=min(CONNECT_SECONDS, seconds))
        try:
            async with self.session.post(
                self.url + path,
                data=body,
                headers=self._headers,
                timeout=timeout,
                allow_redirects=False,
                ssl=self._tls,
            ) as response:
                if response.status != OK:
                    raise _refusal(self.url + path, response.status, await response.content.read(1 << 16))
                yield response
        except TimeoutError as error:
            raise Unavailable(f"{self.url} did not answer within {seconds:g} s") from error
        except (aiohttp.ClientError, OSError) as error:
            raise Unavailable(f"cannot reach {self.url}: {why_unreached(error)}") from error


@asynccontextmanager
async def open_client(url: str, *, name: str, token: str = "", key: str = "") -> AsyncGenerator[BridgeClient]:
    """Lend a client of the bridge at `url`, which shows the token of its own workers, or a key."""
    async with open_session(decompress=True) as session:
        yield BridgeClient(session, url, name=name, token=token, key=key)


def _refusal(url: str, status: int, body: bytes) -> Unavailable | NotFound | Refused:
    text = f"{url} answered {status}: {_said(body)}{advice(status)}"
    if status != NOT_BUILT and (status >= SERVER_ERRORS or status == TOO_MANY):
        return Unavailable(text)
    if status in {BAD_REQUEST, UNPROCESSABLE}:
        return NotUnderstood(text)
    return NotFound(text) if status == NOT_FOUND else Refused(text)


def _said(body: bytes) -> str:
    """Take the words for a person out of an error's body."""
    try:
        document = msgspec.json.decode(body)
    except msgspec.MsgspecError:
        document = None
    if isinstance(document, dict):
        return str(document.get("reason", document.get("detail", document)))[:1000]
    return body[:200].decode(errors="replace")
