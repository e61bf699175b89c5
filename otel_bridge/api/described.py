"""`GET /openapi.json` and `/docs`: the routes described, for programs and for people.

The document is made when it is first asked for, off the event loop, and kept.
"""

from __future__ import annotations

import asyncio
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from aiohttp import web

from otel_bridge.http.route import JSON

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from otel_bridge.http.route import Route

CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'none';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""The page is ours alone: nothing inline, nothing from elsewhere, in nobody's frame."""

_HEADERS: Final = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Described:
    """What an application's routes are described as; `mounted` lie below each mount, `own` at the root."""

    def __init__(self, mounted: Sequence[Route], own: Sequence[Route]) -> None:
        self._mounted = mounted
        self._own = own
        self._making = asyncio.Lock()
        self._made: dict[str, bytes] = {}

    async def openapi(self) -> bytes:
        """Return the OpenAPI 3.1 document."""
        return await self._once("openapi.json", self._openapi)

    async def page(self) -> bytes:
        """Return the page that shows the document."""
        document = await self.openapi()

        def make() -> bytes:
            from otel_bridge.api.openapi.page import page  # noqa: PLC0415 - only where somebody reads

            return page(document)

        return await self._once("page.html", make)

    async def file(self, name: str) -> bytes:
        """Return a file that the page needs."""
        return await self._once(name, lambda: _static(name))

    def _openapi(self) -> bytes:
        from otel_bridge.api.openapi.document import document  # noqa: PLC0415 - 60 models: some 0.1 s

        return document(self._mounted, self._own)

    async def _once(self, name: str, make: Callable[[], bytes]) -> bytes:
        if name not in self._made:
            async with self._making:
                if name not in self._made:
                    self._made[name] = await asyncio.to_thread(make)
        return self._made[name]


DESCRIBED: Final = web.AppKey("described", Described)


async def openapi(request: web.Request) -> web.Response:
    """Describe the API to programs."""
    return await _answer(request.app[DESCRIBED].openapi(), JSON)


async def page(request: web.Request) -> web.Response:
    """Describe the API to people."""
    return await _answer(request.app[DESCRIBED].page(), "text/html")


async def style(request: web.Request) -> web.Response:
    """Give the page's style."""
    return await _answer(request.app[DESCRIBED].file("page.css"), "text/css")


async def script(request: web.Request) -> web.Response:
    """Give the page's script."""
    return await _answer(request.app[DESCRIBED].file("page.js"), "text/javascript")


async def _answer(body: Awaitable[bytes], content_type: str) -> web.Response:
    charset = None if content_type == JSON else "utf-8"
    return web.Response(body=await body, content_type=content_type, charset=charset, headers=_HEADERS)


def _static(name: str) -> bytes:
    return (files("otel_bridge.api.openapi") / "static" / name).read_bytes()
