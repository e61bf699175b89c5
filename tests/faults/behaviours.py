"""Ways in which an upstream misbehaves, each for one request, whose calls it may have kept or not."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aiohttp import web

from tests.faults.upstream import Upstream, answer

if TYPE_CHECKING:
    from tests.faults.upstream import Behaviour


def status(code: int, retry_after: str | None = None) -> Behaviour:
    """Answer with a status and keep nothing."""

    async def behave(_upstream: Upstream, request: web.Request) -> web.Response:
        await request.read()
        headers = {} if retry_after is None else {"Retry-After": retry_after}
        return answer(code, {"reason": "not now"}, **headers)

    return behave


def body(text: bytes, *, kept: bool) -> Behaviour:
    """Answer 200 with a body that is not the API's."""

    async def behave(upstream: Upstream, request: web.Request) -> web.Response:
        if kept:
            await upstream.take(request)
        return web.Response(body=text, content_type="application/json")

    return behave


async def slow_bytes(upstream: Upstream, request: web.Request) -> web.StreamResponse:
    """Keep the calls, then send the answer byte by byte."""
    kept = await upstream.take(request)
    response = web.StreamResponse(status=kept.status, headers={"Content-Type": "application/json"})
    await response.prepare(request)
    for at in range(len(kept.body)):
        await response.write(kept.body[at : at + 1])
        await asyncio.sleep(0)
    await response.write_eof()
    return response


async def never_ending_bytes(upstream: Upstream, request: web.Request) -> web.StreamResponse:
    """Keep the calls, then send one byte of the answer and no other until the client goes."""
    await upstream.take(request)
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(request)
    await response.write(b"{")
    await asyncio.to_thread(upstream.released.wait)
    return response


async def hang(upstream: Upstream, request: web.Request) -> web.Response:
    """Read the request, keep nothing, never answer."""
    await request.read()
    await asyncio.to_thread(upstream.released.wait)
    return answer(503, {})


async def reset_before_reading(_upstream: Upstream, request: web.Request) -> web.Response:
    """Cut the connection while the body is on its way."""
    _cut(request)
    return answer(500, {})


async def reset_in_the_answer(upstream: Upstream, request: web.Request) -> web.StreamResponse:
    """Keep the calls, promise a longer answer than is sent, cut the connection."""
    kept = await upstream.take(request)
    response = web.StreamResponse(
        headers={"Content-Type": "application/json", "Content-Length": str(len(kept.body) + 100)}
    )
    await response.prepare(request)
    await response.write(kept.body)
    _cut(request)
    return response


async def commit_then_drop(upstream: Upstream, request: web.Request) -> web.Response:
    """Keep the calls and cut the connection before any answer."""
    await upstream.take(request)
    _cut(request)
    return answer(500, {})


def _cut(request: web.Request) -> None:
    assert request.transport is not None
    request.transport.abort()


STATUSES = (408, 425, 429, 500, 502, 503, 504)
RETRY_AFTERS = (None, "1", "0", "-5", "soon", "Wed, 21 Oct 2015 07:28:00 GMT")

MISBEHAVIOURS: dict[str, Behaviour] = {
    "slow bytes": slow_bytes,
    "an answer that never ends": never_ending_bytes,
    "truncated JSON, kept": body(b'{"res":[{"id":', kept=True),
    "truncated JSON, not kept": body(b'{"res":[{"id":', kept=False),
    "another JSON": body(b'{"status":"ok"}', kept=False),
    "too few results": body(b'{"res":[]}', kept=False),
    "a page of a proxy": body(b"<html>log in</html>", kept=False),
    "nothing": body(b"", kept=False),
    "a reset while the body is sent": reset_before_reading,
    "a reset in the answer": reset_in_the_answer,
    "accept, then hang": hang,
    "commit, then drop": commit_then_drop,
    **{
        f"{code}{'' if wait is None else f', Retry-After: {wait}'}": status(code, wait)
        for code in STATUSES
        for wait in RETRY_AFTERS
    },
}
