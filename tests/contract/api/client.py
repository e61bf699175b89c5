"""A client of the API that shows what went over the wire."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from tests.contract.api.bodies import PROJECT, a_batch, end_item, start_item

if TYPE_CHECKING:
    from collections.abc import Mapping

    import aiohttp
    from multidict import CIMultiDictProxy

    from otel_bridge.telemetry import Telemetry
    from tests.contract.api.calls import InProcessCalls


LARGE_BYTES = 1 << 20
"""More than this aiohttp's client wants as a file."""


class Reply(NamedTuple):
    status: int
    headers: CIMultiDictProxy[str]
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)

    @property
    def lines(self) -> list[dict]:
        assert self.status == 200, self.body
        return [orjson.loads(line) for line in self.body.splitlines()]


class Api:
    def __init__(
        self,
        http: aiohttp.ClientSession,
        address: tuple[str, int],
        calls: InProcessCalls,
        telemetry: Telemetry,
    ) -> None:
        self.http = http
        self.address = address
        self.calls = calls
        self.telemetry = telemetry

    async def send(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """Send bytes as they are and anything else as JSON; no Content-Type unless `headers` has one."""
        data: Any = body if body is None or isinstance(body, bytes) else orjson.dumps(body)
        if data is not None and len(data) > LARGE_BYTES:
            data = io.BytesIO(data)
        async with self.http.request(
            method, path, data=data, headers=headers, skip_auto_headers=("Content-Type", "Accept")
        ) as response:
            return Reply(response.status, response.headers, await response.read())

    async def post(self, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Reply:
        return await self.send("POST", path, body, headers)

    async def get(self, path: str, headers: Mapping[str, str] | None = None) -> Reply:
        return await self.send("GET", path, headers=headers)

    async def upsert(self, *items: dict) -> list[dict]:
        """Keep these items; return the answer's entries."""
        reply = await self.post("/call/upsert_batch", a_batch(*items))
        assert reply.status == 200, reply.body
        return reply.json["res"]

    async def keep_calls(self, *numbers: int) -> None:
        await self.upsert(*[item for n in numbers for item in (start_item(n), end_item(n))])

    async def query(self, **members: Any) -> list[dict]:
        """Return the calls of a stream query."""
        reply = await self.post("/calls/stream_query", {"project_id": PROJECT} | members)
        return reply.lines

    async def ids(self, **members: Any) -> list[int]:
        """Return which calls, by number, a stream query gives."""
        return [int(call["id"], 16) for call in await self.query(**members)]

    async def call(self, n: int = 1, project_id: str = PROJECT) -> dict | None:
        """Return one call."""
        reply = await self.post("/call/read", {"project_id": project_id, "id": f"{n:016x}"})
        assert reply.status == 200, reply.body
        return reply.json["call"]


class Told:
    """A health that is as it is told."""

    def __init__(self, *, ok: bool, started: bool = True, **parts: str) -> None:
        self.started = started
        self._told = ok, parts

    def __call__(self) -> tuple[bool, dict[str, str]]:
        return self._told
