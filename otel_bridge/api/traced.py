"""What the API says in the bridge's own traces: a request, its route and its answer."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from aiohttp import web

from otel_bridge.api.probes import PROBES

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiohttp.typedefs import Middleware

    from otel_bridge.tracing import Tracing

_UNTOLD: Final = frozenset(route.path for route in PROBES)
"""Probes: they come all the time, and say nothing."""
_OTLP: Final = ("/v1/traces", "/v1/metrics", "/v1/logs")
"""The receiver traces these itself."""


def tracing_requests(tracing: Tracing) -> tuple[Middleware, ...]:
    """Return what traces requests, outside of everything else; nothing while own traces are off."""
    if not tracing.on:
        return ()

    @web.middleware
    async def traced(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        resource = request.match_info.route.resource
        route = "" if resource is None else resource.canonical
        if route in _UNTOLD or route.rstrip("/").endswith(_OTLP):
            return await handler(request)
        facts = {"http.request.method": request.method, "http.route": route}
        name = f"{request.method} {route}".rstrip()
        with tracing.request(name, facts, carrier=request.headers) as step:
            response = await handler(request)
            step.tell({"http.response.status_code": response.status})
            if response.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                step.failed(HTTPStatus(response.status).phrase)
            return response

    return (traced,)
