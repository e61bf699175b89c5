"""Web pages of other sites; preflights are answered before anything is asked (`otlp-receiver.md` §10)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aiohttp import web

from otel_bridge.http.guard import any_matches

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aiohttp.typedefs import Handler, Middleware

    from otel_bridge.auth.settings import Cors

METHODS: Final = frozenset({"GET", "HEAD", "POST"})
"""What pages may use here; the collector's default too."""
ALWAYS_ALLOWED: Final = ("accept", "content-type", "x-requested-with")
"""Headers that need no mention, as in the collector."""
_VARY: Final = "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"


def with_cors(app: web.Application, cors: Cors | None) -> None:
    """Let pages of the allowed origins use `app`; before it is served. Without origins nothing changes."""
    if cors is None or not cors.allowed_origins:
        return

    async def say(request: web.Request, response: web.StreamResponse) -> None:
        _add_headers(request, response, cors)

    app.middlewares.insert(0, _preflights(cors))
    app.on_response_prepare.append(say)


def _preflights(cors: Cors) -> Middleware:
    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        headers = request.headers
        if request.method != "OPTIONS" or "Access-Control-Request-Method" not in headers:
            return await handler(request)
        response = web.Response(status=204, headers={"Vary": _VARY})
        wanted = _names(headers.getall("Access-Control-Request-Headers", ()))
        method = headers["Access-Control-Request-Method"].upper()
        if method in METHODS and _origin(request, cors) and _allows(cors, wanted):
            response.headers["Access-Control-Allow-Methods"] = method
            if wanted:
                response.headers["Access-Control-Allow-Headers"] = ", ".join(wanted)
            if seconds := int(cors.max_age.total_seconds()):
                response.headers["Access-Control-Max-Age"] = str(seconds)
        return response

    return middleware


def _add_headers(request: web.Request, response: web.StreamResponse, cors: Cors) -> None:
    """Name the very origin: with credentials a star would mean nothing to browsers."""
    if "Vary" not in response.headers:
        response.headers["Vary"] = "Origin"
    elif "Origin" not in response.headers["Vary"]:
        response.headers["Vary"] += ", Origin"
    origin = _origin(request, cors)
    preflight = request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers
    if not origin or (preflight and "Access-Control-Allow-Methods" not in response.headers):
        return
    response.headers["Access-Control-Allow-Origin"] = origin
    response.headers["Access-Control-Allow-Credentials"] = "true"
    if cors.exposed_headers and not preflight:
        response.headers["Access-Control-Expose-Headers"] = ", ".join(cors.exposed_headers)


def _origin(request: web.Request, cors: Cors) -> str:
    """Return the origin of a request, if its pages may use this listener."""
    origins: list[str] = request.headers.getall("Origin", [])
    known = len(origins) == 1 and origins[0].isprintable() and any_matches(cors.allowed_origins, origins[0])
    return origins[0] if known else ""


def _allows(cors: Cors, wanted: Iterable[str]) -> bool:
    allowed = {name.lower() for name in (*cors.allowed_headers, *ALWAYS_ALLOWED)}
    return "*" in allowed or all(name in allowed for name in wanted)


def _names(values: Iterable[str]) -> list[str]:
    return [name.strip().lower() for value in values for name in value.split(",") if name.strip()]
