"""Weave's API as the upstream gives it: requests passed on and answers passed back, piece by piece."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import aiohttp
import orjson
from aiohttp import web
from msgspec import Struct
from multidict import CIMultiDict
from yarl import URL

from otel_bridge.api.answers import json_answer
from otel_bridge.api.stream import BROKEN_OFF, STALL_SECONDS
from otel_bridge.auth.credentials import HEADERS
from otel_bridge.auth.principal import Need
from otel_bridge.http.body import BODY_SECONDS
from otel_bridge.http.door import admit, principal_of
from otel_bridge.telemetry import log

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping

    from otel_bridge.auth.access import Access

CONNECT_SECONDS: Final = 10.0
ANSWER_SECONDS: Final = 300.0
"""How long the upstream may say nothing; Weave's slowest queries are given this long by its own proxies."""

MOUNT: Final = "/traces"
"""Where clients find the API that know only `WANDB_BASE_URL`; trace servers have it at the root."""

BAD_GATEWAY: Final = 502
GATEWAY_TIMEOUT: Final = 504

HOP_BY_HOP: Final = frozenset(
    {
        "connection",
        "host",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
"""Headers that are about one connection only (RFC 9110 §7.6.1)."""

CREDENTIALS: Final = ("Authorization", "wandb-api-key")
"""How a caller brings its own key."""


class PassOn(Struct, frozen=True):
    """Where requests are passed on. `credential` gives the headers for callers that bring no key.

    `passthrough`: keys that the bridge asked for are the upstream's too.
    """

    session: aiohttp.ClientSession
    url: str
    credential: Callable[[], Mapping[str, str]]
    passthrough: bool = False


def passing_on(upstream: PassOn) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """Return the handler of every route that the upstream answers; `MOUNT` is cut off the path.

    What a key of ours is for, the upstream does not know: only one for all projects may ask it. What a key of
    its own is for, it says itself.
    """

    async def handler(request: web.Request) -> web.StreamResponse:
        if (principal := principal_of(request)) is not None and not _brings_upstreams(request, upstream):
            principal.require_every()
        return await _pass_on(request, upstream)

    return handler


def passing_any(
    upstream: PassOn, access: Access | None
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """Return the handler of routes that nobody here knows: they need every right."""
    passing = passing_on(upstream)

    async def handler(request: web.Request) -> web.StreamResponse:
        principal = admit(access, request, Need.KEY)
        for need in (Need.READ, Need.INGEST, Need.SCORE, Need.ADMIN):
            if principal is not None:
                principal.require(need)
        return await passing(request)

    return handler


async def _pass_on(request: web.Request, upstream: PassOn) -> web.StreamResponse:
    path = request.raw_path
    target = URL(
        upstream.url + (path.removeprefix(MOUNT) if path.startswith(MOUNT + "/") else path), encoded=True
    )
    try:
        answer = await upstream.session.request(
            request.method,
            target,
            headers=_headers(request, upstream),
            data=_body(request) if request.body_exists else None,
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS, sock_read=ANSWER_SECONDS),
        )
    except aiohttp.ConnectionTimeoutError:
        return _failed(GATEWAY_TIMEOUT, "the upstream Weave server cannot be reached in time")
    except TimeoutError:
        return _failed(GATEWAY_TIMEOUT, "the upstream Weave server did not answer in time")
    except (aiohttp.ClientError, OSError) as error:
        log().warning("upstream_unreachable", path=request.path, reason=type(error).__name__)
        return _failed(BAD_GATEWAY, "the upstream Weave server cannot be reached")
    async with answer:
        return await _answer(request, answer)


def _headers(request: web.Request, upstream: PassOn) -> CIMultiDict[str]:
    """Return the caller's headers, without those of its connection, and a key."""
    named = {name.strip().lower() for name in request.headers.get("Connection", "").split(",")}
    headers = CIMultiDict(
        (name, value)
        for name, value in request.headers.items()
        if name.lower() not in HOP_BY_HOP and name.lower() not in named
    )
    headers.setdefault("Accept-Encoding", "identity")
    if principal_of(request) is not None and not _brings_upstreams(request, upstream):
        for name in HEADERS:
            headers.popall(name, None)
    if not any(name in headers for name in CREDENTIALS):
        headers.update(upstream.credential())
    return headers


def _brings_upstreams(request: web.Request, upstream: PassOn) -> bool:
    """Tell whether the caller's key is for the upstream too. A key of ours is none of the upstream's."""
    return upstream.passthrough and any(name in request.headers for name in CREDENTIALS)


async def _body(request: web.Request) -> AsyncGenerator[bytes]:
    while True:
        async with asyncio.timeout(BODY_SECONDS):
            piece = await request.content.readany()
        if not piece:
            return
        yield piece


async def _answer(request: web.Request, answer: aiohttp.ClientResponse) -> web.StreamResponse:
    """Send the answer while it comes. Once it has begun, all that is left for a failure is to break off."""
    response = web.StreamResponse(status=answer.status, reason=answer.reason)
    for name, value in answer.headers.items():
        if name.lower() not in HOP_BY_HOP:
            response.headers.add(name, value)
    await response.prepare(request)
    try:
        async for piece in answer.content.iter_any():
            async with asyncio.timeout(STALL_SECONDS):
                await response.write(piece)
        await response.write_eof()
    except (aiohttp.ClientError, TimeoutError) as error:
        log().warning(BROKEN_OFF, path=request.path, reason=str(error) or type(error).__name__)
        if request.transport is not None:
            request.transport.abort()
    return response


def _failed(status: int, text: str) -> web.Response:
    return json_answer(status, orjson.dumps({"reason": text}))
