"""What a listener serves: an application, whose place another may take while connections stay open."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from aiohttp import web

from otel_bridge.http.gate import Gate

if TYPE_CHECKING:
    import asyncio

    from aiohttp.http_parser import RawRequestMessage
    from aiohttp.streams import StreamReader


class Act:
    """An application that is ready to serve; counts the requests it is busy with."""

    def __init__(self, runner: web.AppRunner) -> None:
        serve = runner.server
        assert serve is not None  # after setup there is one
        self._runner = runner
        self._handle = serve.request_handler
        self.make_request = serve.request_factory
        self._gate = Gate(sys.maxsize)

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer a request."""
        with self._gate.enter():
            return await self._handle(request)

    async def empty(self) -> None:
        """Return when no request is being answered."""
        await self._gate.empty()

    async def close(self) -> None:
        """Let the application clean up."""
        await self._runner.cleanup()


class Stage:
    """Serves one act at a time. A request is answered to its end by the act that began it."""

    def __init__(self, act: Act) -> None:
        self._act = act

    def switch(self, act: Act) -> Act:
        """Let another act answer what comes from now on; return the one before, which may still be busy."""
        before, self._act = self._act, act
        return before

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer a request, of whichever connection."""
        return await self._act.handle(request)

    def make_request(
        self,
        message: RawRequestMessage,
        payload: StreamReader,
        protocol: web.RequestHandler,
        writer: object,
        task: asyncio.Task[None],
    ) -> web.BaseRequest:
        """Make a request as the act of this moment takes it."""
        return self._act.make_request(message, payload, protocol, writer, task)  # type: ignore[arg-type]

    async def empty(self) -> None:
        """Return when the act of this moment answers no request."""
        await self._act.empty()

    async def close(self) -> None:
        """Let the act of this moment clean up."""
        await self._act.close()


async def ready(app: web.Application) -> Act:
    """Make an application ready to serve."""
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    return Act(runner)
