"""From typed functions to aiohttp handlers: the only code that knows both sides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from aiohttp import web

from otel_bridge.api.answers import json_answer
from otel_bridge.api.parts import QUERY_LIMITS, WRITE_LIMITS, Parts
from otel_bridge.api.scoped import parts_of
from otel_bridge.api.stream import send
from otel_bridge.http.body import read_body
from otel_bridge.http.route import JSON, About, Kind, Route
from otel_bridge.weave.base import Write
from otel_bridge.weave.checked import parse

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from otel_bridge.auth.principal import Need

QuestionT = TypeVar("QuestionT")
Read: TypeAlias = "Callable[[Any], QuestionT]"
"""Checks a parsed body; raises WriteRefused or NotBuilt."""


def get(path: str, endpoint: Callable[[], bytes], about: About) -> Route:
    """Route a question without a body to `endpoint`, which answers with JSON."""

    async def handler(_request: web.Request) -> web.Response:
        return json_answer(200, endpoint())

    return Route("GET", path, handler, about)


def post(
    path: str,
    read: Read[QuestionT],
    endpoint: Callable[[Parts, QuestionT], Awaitable[bytes]],
    about: About,
    *,
    content_type: Callable[[str | None], str] = lambda _accept: JSON,
    needs: Need | None = None,
) -> Route:
    """Route a question to `endpoint`, which answers at once.

    `content_type` chooses the answer's type by the request's `Accept`.
    """

    async def handler(request: web.Request) -> web.Response:
        parts = parts_of(request)
        body = await endpoint(parts, await _question(request, parts, read))
        kind = content_type(request.headers.get("Accept"))
        return web.Response(body=body, content_type=kind, headers={"X-Content-Type-Options": "nosniff"})

    return Route("POST", path, handler, about, Kind.ASK, needs=needs)


def stream(
    path: str,
    read: Read[QuestionT],
    endpoint: Callable[[Parts, QuestionT], AsyncGenerator[bytes]],
    about: About,
    *,
    content_type: Callable[[str | None], str],
) -> Route:
    """Route a question to `endpoint`, whose pieces are sent as they come.

    `content_type` chooses the answer's type by the request's `Accept`.
    """

    async def handler(request: web.Request) -> web.StreamResponse:
        parts = parts_of(request)
        pieces = endpoint(parts, await _question(request, parts, read))
        return await send(request, pieces, content_type(request.headers.get("Accept")), parts.telemetry)

    return Route("POST", path, handler, about, Kind.ASK)


def write(path: str, route: str, about: About) -> Route:
    """Route a body, as it is, to whoever keeps calls; `route` is its key in `weave.writes.WRITES`."""

    async def handler(request: web.Request) -> web.Response:
        parts = parts_of(request)
        with parts.budget.claim() as claim:
            body = await read_body(request, limits=WRITE_LIMITS, inflater=parts.inflater, claim=claim)
            answer = await parts.calls.write(
                Write(
                    route=route,
                    body=body,
                    received_at=parts.clock(),
                    project_id=_project(request),
                    content_type=request.headers.get("Content-Type"),
                )
            )
        return json_answer(answer.status, answer.body)

    return Route("POST", path, handler, about, Kind.WRITE)


async def _question(request: web.Request, parts: Parts, read: Read[QuestionT]) -> QuestionT:
    with parts.budget.claim() as claim:
        body = await read_body(request, limits=QUERY_LIMITS, inflater=parts.inflater, claim=claim)
        return read(parse(body))


def _project(request: web.Request) -> str | None:
    path = request.match_info
    return f"{path['entity']}/{path['project']}" if "entity" in path else None
