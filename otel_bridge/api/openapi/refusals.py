"""Every answer but the 200, by the kind of an endpoint: which statuses, when, and in which shape."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from otel_bridge.api.openapi.schemas import reference
from otel_bridge.api.routes import PROTOBUF
from otel_bridge.auth.principal import Need
from otel_bridge.errors import RETRY_AFTER_SECONDS
from otel_bridge.http.route import JSON, Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from otel_bridge.http.route import Route

REASON: Final = reference("ErrorReason")
STATUS: Final = reference("Status")
BINARY: Final = {"type": "string", "format": "binary"}
USED: Final = ("ErrorReason", "Detail", "HTTPValidationError", "Deleted", "Status", "ReadyRes")
"""The models that refusals name."""

_SCHEMAS: Final[Mapping[int, Mapping[str, Any]]] = {
    404: {"anyOf": [reference("Deleted"), reference("Detail")]},
    405: reference("Detail"),
    422: {"anyOf": [reference("HTTPValidationError"), REASON]},
}
"""Of the statuses that are not told by an ErrorReason."""

_WORDS: Final[Mapping[int, str]] = {
    400: "Well-formed but not acceptable, or not readable as HTTP; the reason names the member.",
    401: "No key, or one that is not known here. Only of a bridge that asks for keys.",
    403: "The key may not do this, or not in this project; or a foreign `Host` or `Origin`: web pages of"
    " other sites may not use a bridge on loopback.",
    404: "Nothing is kept under this name.",
    405: "Another method is needed; `Allow` names it.",
    408: "The body did not arrive in time.",
    409: "The content has another digest than `expected_digest` says.",
    413: "The body is too large, or holds too many parts. Clients send halves.",
    415: "Neither `application/json` nor `application/x-protobuf`.",
    429: "Too many requests with this key.",
    422: "The body is not what the schema says; or it names a field that is none.",
    500: "A fault of the bridge. Nothing was kept.",
    503: "No room, no disk, starting or stopping. Nothing was kept: send it again.",
    502: "The upstream Weave server cannot be reached.",
    504: "The question took longer than it may; a narrower one may not.",
}
_EVERYWHERE: Final = (403, 500)
_WITH_A_BODY: Final = (400, *_EVERYWHERE, 408, 413, 422, 503)
_OF_KIND: Final[Mapping[Kind, tuple[int, ...]]] = {
    Kind.SAY: _EVERYWHERE,
    Kind.PROBE: (*_EVERYWHERE, 503),
    Kind.ASK: (*_WITH_A_BODY, 504),
    Kind.WRITE: _WITH_A_BODY,
    Kind.OTLP: (*_EVERYWHERE, 400, 408, 413, 415, 503),
}
_RETRY: Final = {
    "Retry-After": {
        "description": "Seconds to wait.",
        "required": True,
        "schema": {"type": "integer", "const": RETRY_AFTER_SECONDS},
    }
}


_CHALLENGE: Final = {
    "WWW-Authenticate": {
        "description": "How a key may be sent.",
        "required": True,
        "schema": {"type": "string", "minLength": 1},
    }
}
_HEADERS: Final[Mapping[int, Mapping[str, Any]]] = {401: _CHALLENGE, 429: _RETRY, 503: _RETRY}


def refusals(route: Route) -> dict[str, Any]:
    """Return the responses of a route beside its 200."""
    statuses = {*_OF_KIND[route.kind], *route.about.refuses}
    if route.need is not Need.NOTHING:
        statuses |= {401, 429}
    if "{" in route.path:
        statuses.add(404)
    return {str(status): _response(route.kind, status) for status in sorted(statuses)}


def _response(kind: Kind, status: int) -> dict[str, Any]:
    if kind is Kind.PROBE and status == HTTPStatus.SERVICE_UNAVAILABLE:
        return {"description": "Not now, and why.", "content": {JSON: {"schema": reference("ReadyRes")}}}
    content = _otlp(status) if kind is Kind.OTLP else _json(status)
    headers = {"headers": _HEADERS[status]} if status in _HEADERS else {}
    return {"description": _WORDS[status], **headers, "content": content}


def _json(status: int) -> dict[str, Any]:
    return {JSON: {"schema": _SCHEMAS.get(status, REASON)}}


def _otlp(status: int) -> dict[str, Any]:
    """Return a `google.rpc.Status` in the encoding of the request, or text where that is not known.

    What comes before a receiver or behind it answers as everywhere: the guard (403), a bug (500).
    """
    text = {"text/plain": {"schema": {"type": "string"}}}
    if status == HTTPStatus.UNSUPPORTED_MEDIA_TYPE:
        return text
    outside = status in {HTTPStatus.FORBIDDEN, HTTPStatus.INTERNAL_SERVER_ERROR}
    told = {"anyOf": [STATUS, REASON]} if outside else STATUS
    return {JSON: {"schema": told}, PROTOBUF: {"schema": BINARY}, **text}
