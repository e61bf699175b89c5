"""Answers that are sent while they are read: any number of calls in little memory (`weave-api.md` §2.6)."""

from __future__ import annotations

import asyncio
import re
from contextlib import aclosing
from typing import TYPE_CHECKING, Final, TypeAlias

from aiohttp import web

from otel_bridge.errors import BridgeError
from otel_bridge.telemetry import log

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from otel_bridge.api.base import Calls
    from otel_bridge.model.query import CallsQuery
    from otel_bridge.telemetry import Telemetry

FIRST_PAGE_CALLS: Final = 16
MAX_PAGE_CALLS: Final = 1000
PAGE_BYTES: Final = 512 * 1024
"""What a page should come to; the length of the pages before it tells how many calls that is."""

STALL_SECONDS: Final = 900.0
"""How long a client may take to read one page; at one line a second it needs some minutes."""

JSONL: Final = "application/jsonl"
_LINE_TYPES: Final = frozenset(
    {
        JSONL,
        "application/json",
        "application/json-lines",
        "application/jsonlines",
        "application/ndjson",
        "application/octet-stream",
        "application/x-jsonlines",
        "application/x-ndjson",
        "text/plain",
    }
)
"""Types that are repeated from `Accept`; never one that a browser would run."""

_MEDIA_TYPE: Final = re.compile(r"\s*([\w.+-]+/[\w.+-]+)")
BROKEN_OFF: Final = "api_stream_broken_off"


def line_type(accept: str | None) -> str:
    """Choose the content type of JSON lines: what the client accepts, else `application/jsonl`."""
    named = _MEDIA_TYPE.match(accept or "")
    wanted = named[1].lower() if named else JSONL
    return wanted if wanted in _LINE_TYPES else JSONL


Render: TypeAlias = "Callable[[CallsQuery, tuple[int, ...]], Awaitable[bytes]]"
"""Turns some calls of a query, by their numbers, into a page."""


async def pages(calls: Calls, query: CallsQuery, render: Render | None = None) -> AsyncGenerator[bytes]:
    """Yield the calls of `query` some at a time, as JSON lines or as `render` has them.

    Nothing is held in the store meanwhile.
    """
    render = render or calls.lines
    size = FIRST_PAGE_CALLS
    after: bytes | None = None
    while True:
        plan = await calls.plan(query, after=after)
        start = 0
        while start < len(plan.seqs):
            part = plan.seqs[start : start + size]
            start += len(part)
            page = await render(query, part)
            if page:
                yield page
                size = _next_size(len(part), len(page))
        after = plan.after
        if after is None:
            return


def _next_size(calls: int, size_bytes: int) -> int:
    fitting = calls * PAGE_BYTES // size_bytes
    return max(1, min(fitting, 8 * calls, MAX_PAGE_CALLS))


async def one_ahead(pieces: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    """Yield the pieces, the next one being made while the last one is sent."""
    async with aclosing(pieces):
        following = asyncio.ensure_future(anext(pieces, None))
        try:
            while (piece := await following) is not None:
                following = asyncio.ensure_future(anext(pieces, None))
                yield piece
        finally:
            following.cancel()
            await asyncio.wait((following,))


async def as_array(lines: AsyncGenerator[bytes], *, member: bytes) -> AsyncGenerator[bytes]:
    """Turn pages of JSON lines into pieces of one object, `{"<member>":[…]}`."""
    opening = lead = b'{"%b":[' % member
    async with aclosing(lines):
        async for page in lines:
            yield lead + page.rstrip(b"\n").replace(b"\n", b",")
            lead = b","
    yield b"]}" if lead == b"," else opening + b"]}"


async def send(
    request: web.Request, pieces: AsyncGenerator[bytes], content_type: str, telemetry: Telemetry
) -> web.StreamResponse:
    """Send the pieces one after the other, waiting for the client to read them.

    Raise what the first piece raises. A later failure breaks the connection off, because a client that saw
    an orderly end would take the calls it has for all of them.
    """
    response = web.StreamResponse(headers={"X-Content-Type-Options": "nosniff"})
    response.content_type = content_type
    async with aclosing(one_ahead(pieces)) as made:
        first = await anext(made, b"")
        await response.prepare(request)
        try:
            await _write(response, first)
            async for piece in made:
                await _write(response, piece)
        except ConnectionError:
            raise  # the client is gone
        except (BridgeError, TimeoutError) as error:
            log().warning(BROKEN_OFF, path=request.path, reason=str(error) or "the client stopped reading")
            _break_off(request)
        except Exception:  # noqa: BLE001 - the status is sent: all that is left is to break off
            log().exception(BROKEN_OFF, path=request.path)
            telemetry.note("unhandled_errors")
            _break_off(request)
    return response


async def _write(response: web.StreamResponse, piece: bytes) -> None:
    if piece:
        async with asyncio.timeout(STALL_SECONDS):
            await response.write(piece)


def _break_off(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()
