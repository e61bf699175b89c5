"""The page's routes: the index at `/`, its files under a path that changes with them.

The page asks the API as any other client does. Its policy lets it load nothing from elsewhere and run no
script but its own files; it needs no key, and keeps none in what is served.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aiohttp import web

from otel_bridge.errors import UnknownPath
from otel_bridge.http.route import About, Route

if TYPE_CHECKING:
    from collections.abc import Mapping

    from otel_bridge.page.assets import Asset, Page

_SOURCES: Final[Mapping[str, str]] = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data: blob:",
    "media-src": "data: blob:",
    "connect-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
    "require-trusted-types-for": "'script'",
    "trusted-types": "'none'",
}
POLICY: Final = "; ".join(f"{name} {value}" for name, value in _SOURCES.items())
"""No inline script, no inline style sheet, no frame, and no text that is parsed as HTML (Trusted Types)."""

HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Vary": "Accept-Encoding",
}
TAG: Final = "Page"
EXAMPLE_FILE: Final = "main.js"
ALWAYS_ASK: Final = "no-cache"
FOR_GOOD: Final = "public, max-age=31536000, immutable"
"""For files whose path holds the version of all of them."""


def page_routes(page: Page) -> tuple[Route, ...]:
    """Return the routes that serve `page`, to GET and HEAD."""

    async def index(request: web.Request) -> web.Response:
        return _serve(request, page.index, ALWAYS_ASK)

    async def asset(request: web.Request) -> web.Response:
        found = page.assets.get(request.match_info["file"])
        if found is None or request.match_info["version"] != page.version:
            raise UnknownPath("no such file of this version of the page")
        return _serve(request, found, FOR_GOOD)

    example = (("version", page.version), ("file", EXAMPLE_FILE))
    kinds = tuple(sorted({asset.content_type.partition(";")[0] for asset in page.assets.values()}))
    return (
        Route("GET", "/", index, About(TAG, "A page to look at traces", gives=("text/html",))),
        Route(
            "GET",
            "/page/{version}/{file:.+}",
            asset,
            About(TAG, "A file of the page", gives=kinds, parts=example),
        ),
    )


def _serve(request: web.Request, asset: Asset, caching: str) -> web.Response:
    packed = _takes_gzip(request.headers.get("Accept-Encoding", ""))
    etag = f'{asset.etag[:-1]}-gzip"' if packed else asset.etag
    headers = {**HEADERS, "Cache-Control": caching, "ETag": etag}
    if _has(request.headers.get("If-None-Match", ""), etag):
        return web.Response(status=304, headers=headers)
    headers["Content-Type"] = asset.content_type
    if packed:
        headers["Content-Encoding"] = "gzip"
    return web.Response(body=asset.packed if packed else asset.body, headers=headers)


def _has(kept: str, etag: str) -> bool:
    """Tell whether `If-None-Match` names what would be sent; compared weakly (RFC 9110 §13.1.2)."""
    tags = [tag.strip().removeprefix("W/") for tag in kept.split(",")]
    return etag in tags or "*" in tags


def _takes_gzip(accepted: str) -> bool:
    """Tell whether `Accept-Encoding` names gzip and does not refuse it (RFC 9110 §12.5.3)."""
    for part in accepted.lower().split(","):
        coding, _, weight = part.partition(";")
        if coding.strip() == "gzip":
            return weight.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False
