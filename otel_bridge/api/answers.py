"""The one place where errors become answers of Weave's API (`contract/weave-api.md` §1.2)."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import orjson
from aiohttp import web

from otel_bridge.errors import (
    RETRY_AFTER_SECONDS,
    BridgeError,
    Forbidden,
    InvalidRequest,
    NotBuilt,
    NotFound,
    QueryTimeout,
    RateLimited,
    Refused,
    RequestTooLarge,
    TooSlow,
    Unauthenticated,
    Unavailable,
    UnknownPath,
    UnsupportedCoding,
)
from otel_bridge.http.coding import SUPPORTED
from otel_bridge.http.route import JSON
from otel_bridge.telemetry import log
from otel_bridge.weave.refusals import WriteRefused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp.typedefs import Handler, Middleware

    from otel_bridge.telemetry import Telemetry

UNHANDLED: Final = "api_request_failed"

_STATUS: Final[tuple[tuple[type[BridgeError], int], ...]] = (
    (InvalidRequest, 400),
    (RequestTooLarge, 413),
    (Unauthenticated, 401),
    (Forbidden, 403),
    (UnknownPath, 404),
    (NotFound, 404),
    (TooSlow, 408),
    (QueryTimeout, 504),
    (Refused, 400),
    (NotBuilt, 501),
    (RateLimited, 429),
    (Unavailable, 503),
)
_HEADERS: Final[Mapping[type[BridgeError], Mapping[str, str]]] = {
    RateLimited: {"Retry-After": str(RETRY_AFTER_SECONDS)},
    Unavailable: {"Retry-After": str(RETRY_AFTER_SECONDS)},
    UnsupportedCoding: {"Accept-Encoding": SUPPORTED},
}


def json_answer(status: int, body: bytes, headers: Mapping[str, str] | None = None) -> web.Response:
    """Answer with JSON."""
    return web.Response(status=status, body=body, content_type=JSON, headers=headers)


def answer_to(error: BridgeError) -> web.Response:
    """Say what went wrong in Weave's words."""
    if isinstance(error, WriteRefused):
        return json_answer(error.status, error.body)
    if isinstance(error, UnknownPath):
        return _said(404, {"detail": "Not Found"})
    status = next((status for kind, status in _STATUS if isinstance(error, kind)), 500)
    if isinstance(error, NotFound) and error.deleted_at is not None:
        return _said(status, {"reason": str(error), "deleted_at": error.deleted_at})
    if isinstance(error, Unauthenticated):
        return _said(status, {"reason": str(error)}, {"WWW-Authenticate": error.challenge})
    reason = "Request too large" if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE else str(error)
    return _said(status, {"reason": reason}, _HEADERS.get(type(error)))


def refuse(_request: web.Request, error: BridgeError) -> web.Response:
    """Answer as `answer_to`; the face that `http.guard.guarded` asks for."""
    return answer_to(error)


def answering(telemetry: Telemetry) -> Middleware:
    """Return the outermost middleware: whatever a handler raises, the client gets a JSON answer."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except BridgeError as error:
            response = answer_to(error)
        except web.HTTPException as error:
            response = _of_aiohttp(error)
        except ConnectionError:
            raise  # the client is gone, nobody is left to answer
        except Exception:  # noqa: BLE001 - a bug must not cost the client its connection
            log().exception(UNHANDLED, path=request.path, method=request.method)
            telemetry.note("unhandled_errors")
            response = _said(500, {"reason": "Internal server error"})
        if not request.content.is_eof():
            response.force_close()  # the rest of the body would be read as the next request
        return response

    return middleware


def _of_aiohttp(error: web.HTTPException) -> web.Response:
    if error.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return _said(error.status, {"reason": "Request too large"})
    allow = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else None
    return _said(error.status, {"detail": HTTPStatus(error.status).phrase}, allow)


def _said(status: int, body: Any, headers: Mapping[str, str] | None = None) -> web.Response:
    return json_answer(status, orjson.dumps(body), headers)
