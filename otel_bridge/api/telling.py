"""What `otel-bridge doctor` asks of a running bridge: how it is, and which way spans would take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from otel_bridge.api.answers import json_answer
from otel_bridge.api.bridge import path_question
from otel_bridge.api.typed import post
from otel_bridge.auth.principal import Need
from otel_bridge.http.door import principal_of
from otel_bridge.http.route import About, Route

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiohttp import web

    from otel_bridge.api.parts import Parts
    from otel_bridge.auth.principal import Principal

STATUS: Final = "/bridge/status"
PATH: Final = "/bridge/path"
TAG: Final = "Bridge"


def telling_routes(
    tell: Callable[[], Awaitable[bytes]], way: Callable[[str, bytes], Awaitable[bytes]]
) -> tuple[Route, ...]:
    """Return the routes: `tell` gives the facts, `way` that of a request which a type of receiver took."""

    async def status(request: web.Request) -> web.Response:
        _check(principal_of(request))
        return json_answer(200, await tell())

    async def path(parts: Parts, question: tuple[str, bytes]) -> bytes:
        _check(parts.principal)
        return await way(*question)

    told = About(
        TAG,
        "How the bridge is",
        None,
        "StatusRes",
        more="Senders, refusals, upstreams, memory: what `otel-bridge doctor` shows. No secrets, no content.",
    )
    asked = About(
        TAG,
        "Which way spans would take through the pipelines",
        "PathReq",
        "PathRes",
        more="Nothing is kept or counted.",
    )
    return (
        Route("GET", STATUS, status, told, needs=Need.ADMIN),
        post(PATH, path_question, path, asked, needs=Need.ADMIN),
    )


def _check(principal: Principal | None) -> None:
    """Raise Forbidden for a key of some projects: senders and refusals are those of all."""
    if principal is not None:
        principal.require_every()
