"""OTLP over HTTP: `contract/otlp-receiver.md` §1-§5."""

from __future__ import annotations

import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from aiohttp import web

from otel_bridge.auth.principal import Need
from otel_bridge.errors import (
    RETRY_AFTER_SECONDS,
    BridgeError,
    Forbidden,
    InvalidRequest,
    Retryable,
    Unauthenticated,
    Unavailable,
    UnknownPath,
    UnsupportedCoding,
)
from otel_bridge.http.body import check_length, read_body
from otel_bridge.http.coding import SUPPORTED
from otel_bridge.http.cors import with_cors
from otel_bridge.http.door import OPEN, Door, admit, principal_of
from otel_bridge.http.guard import guarded
from otel_bridge.http.listener import Bound, ListenerLimits, open_listener
from otel_bridge.http.route import Kind, Route
from otel_bridge.receiver.base import Encoding, Export
from otel_bridge.receiver.doors import http2_at_http_door
from otel_bridge.receiver.headers import MEDIA_TYPE, media_encoding, read_context
from otel_bridge.receiver.intake import STUMBLED, Admission, Intake, Source
from otel_bridge.receiver.signals import SIGNALS, Signal
from otel_bridge.receiver.status import UNIMPLEMENTED, encode_status, status_bytes, verdict
from otel_bridge.receiver.success import encode_success
from otel_bridge.receiver.told import told
from otel_bridge.receiver.traced import over_http

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

HTTP: Final = "http"
BASES: Final = ("", "/otel", "/agents/otel")
"""What an exporter's base URL may hold before the `/v1/traces` it adds itself: Weave's own paths."""

_UNSUPPORTED_MEDIA: Final = (
    "415 unsupported media type, supported: [application/json, application/x-protobuf]"
)
_UNSUPPORTED_METHOD: Final = "405 method not allowed, supported: [POST]"
_NO_PATH: Final = "there is nothing at this path; append %s to the endpoint"
_TEXT: Final = "text/plain"


class OtlpHttp:
    """The handlers of one intake, behind a door, on the listener of one type of receiver."""

    def __init__(self, intake: Intake, receiver: str = "otlp", door: Door = OPEN) -> None:
        self._intake = intake
        self._receiver = receiver
        self._access = door.access
        pages = door.cors is not None and bool(door.cors.allowed_origins)
        self._allow = "POST, OPTIONS" if pages else "POST"

    def routes(self) -> list[Route]:
        """Return the routes of all signals, each with and without a trailing slash.

        The API's listener mounts them too; it must run with `auto_decompress=False`.
        """
        taken = self._intake.taken
        # A slash too many, or a signal's full URL where a base belongs.
        mistaken = ("/", *(f"{base}/v1/{signal.name}" for signal in taken for base in BASES))
        found = []
        for signal in SIGNALS:
            handler = self._answering(self._taking(signal) if signal in taken else self._unsupported(signal))
            handler = over_http(handler, self._intake.telemetry, self._receiver, signal)
            for base in BASES:
                path = f"{base}/v1/{signal.name}"
                wrong = [f"{one}/v1/{signal.name}" for one in mistaken] if base == BASES[0] else []
                also = tuple(f"{one}{slash}" for one in (path, *wrong) for slash in ("", "/"))[1:]
                about = told(signal, taken=signal in taken)
                found.append(Route("POST", path, handler, about, Kind.OTLP, also, self._expect))
        return found

    async def nothing_here(self, request: web.Request) -> web.Response:
        """Answer a path that is none of ours."""
        paths = " or ".join(f"/v1/{signal.name}" for signal in self._intake.taken)
        return self._refusal(request, UnknownPath(_NO_PATH % paths))

    def _answering(
        self, handle: Callable[[web.Request, Encoding], Awaitable[web.Response]]
    ) -> Callable[[web.Request], Awaitable[web.Response]]:
        """Wrap a handler: who asks, methods and media types first; then every error becomes an answer."""

        async def answer(request: web.Request) -> web.Response:
            encoding = media_encoding(request.headers.get("Content-Type"))
            try:
                admit(self._access, request, Need.INGEST)
                if request.method != "POST":
                    return self._wrong_method(request, encoding)
                if encoding is None:
                    return await self._wrong_media(request)
                return await handle(request, encoding)
            except BridgeError as error:
                return self._refusal(request, error)
            except Exception as error:  # noqa: BLE001 - the top of a request
                return await self._bug(request, error)

        return answer

    def _taking(self, signal: Signal) -> Callable[[web.Request, Encoding], Awaitable[web.Response]]:
        async def handle(request: web.Request, encoding: Encoding) -> web.Response:
            intake = self._intake
            context = read_context(request.headers)
            intake.telemetry.note("percent_encoded_headers", context.escaped)
            with intake.admit() as admission:
                body = await self._body(request, admission)
                export = Export(
                    body=body,
                    encoding=encoding,
                    received_ns=time.time_ns(),
                    signal=signal,
                    project_id=context.project_id,
                    wb_run_id=context.wb_run_id,
                    receiver=self._receiver,
                    projects=sender.globs if (sender := principal_of(request)) is not None else None,
                )
                source = Source(HTTP, request.remote or "", encoding)
                outcome = await intake.take(export, admission, source)
            return self._success(
                encode_success(outcome.rejected, outcome.message, encoding, signal), encoding
            )

        return handle

    def _unsupported(self, signal: Signal) -> Callable[[web.Request, Encoding], Awaitable[web.Response]]:
        async def handle(request: web.Request, encoding: Encoding) -> web.Response:
            hint = self._intake.met_signal(signal, request.remote or "")
            if self._intake.settings.unsupported_signals == "reject":
                raise UnknownPath(hint)
            with self._intake.admit() as admission:
                body = await self._body(request, admission)
                count = await self._intake.count(body, encoding, signal)
            return self._success(encode_success(count, hint if count else "", encoding, signal), encoding)

        return handle

    async def _body(self, request: web.Request, admission: Admission) -> bytes:
        intake = self._intake
        async with intake.gate.arriving():
            body = await read_body(
                request, limits=intake.limits, inflater=intake.inflater, claim=admission.claim
            )
        intake.telemetry.request_size("wire", request.content.total_bytes, transport=HTTP)
        return body

    async def _expect(self, request: web.Request) -> web.Response | None:
        """Answer `Expect: 100-continue` with 100, unless the announced body is refused anyway."""
        if request.headers["Expect"].lower() != "100-continue":
            raise web.HTTPExpectationFailed(text="417 the only expectation met here is 100-continue")
        try:
            admit(self._access, request, Need.INGEST)
            check_length(request.content_length or 0, self._intake.limits)
            if self._intake.gate.is_shut:
                raise Unavailable("shutting down")
        except BridgeError as error:
            return self._refusal(request, error)
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0  # as aiohttp's own handler does: the answer has not begun yet
        return None

    def _success(self, body: bytes, encoding: Encoding) -> web.Response:
        self._intake.answered(200, None, transport=HTTP, client="")
        response = web.Response(body=body, content_type=MEDIA_TYPE[encoding])
        if self._intake.gate.is_shut:
            response.force_close()
        return response

    def _refusal(self, request: web.Request, error: BridgeError) -> web.Response:
        """Write an error as a Status in the request's encoding, as text when the request has none."""
        code = verdict(error).http
        encoding = media_encoding(request.headers.get("Content-Type"))
        if encoding is None and isinstance(error, InvalidRequest):
            encoding = Encoding.JSON  # as the collector answers a coding it cannot read
        if encoding is None:
            response = web.Response(status=code, body=f"{code} {error}".encode(), content_type=_TEXT)
        else:
            body = status_bytes(error, encoding)
            response = web.Response(status=code, body=body, content_type=MEDIA_TYPE[encoding])
        if isinstance(error, Retryable):
            response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
        if isinstance(error, Unauthenticated):
            response.headers["WWW-Authenticate"] = error.challenge
        if isinstance(error, UnsupportedCoding):
            response.headers["Accept-Encoding"] = SUPPORTED
        return self._finished(request, response, error)

    def _wrong_method(self, request: web.Request, encoding: Encoding | None) -> web.Response:
        error = UnknownPath(_UNSUPPORTED_METHOD)
        if encoding is None:
            response = web.Response(status=405, body=_UNSUPPORTED_METHOD.encode(), content_type=_TEXT)
        else:
            body = encode_status(UNIMPLEMENTED, error, encoding)
            response = web.Response(status=405, body=body, content_type=MEDIA_TYPE[encoding])
        response.headers["Allow"] = self._allow
        return self._finished(request, response, error)

    async def _wrong_media(self, request: web.Request) -> web.Response:
        """Answer 415; a body that does not inflate comes first, as in the collector."""
        if request.headers.get("Content-Encoding"):
            with self._intake.admit() as admission:
                await self._body(request, admission)
        response = web.Response(status=415, body=_UNSUPPORTED_MEDIA.encode(), content_type=_TEXT)
        return self._finished(request, response, UnknownPath(_UNSUPPORTED_MEDIA))

    async def _bug(self, request: web.Request, error: Exception) -> web.Response:
        """Answer what nobody expected: 503, so that nothing is lost by it."""
        await self._intake.met_error(error, request.remote or "")
        return self._refusal(request, Unavailable(STUMBLED))

    def _finished(self, request: web.Request, response: web.Response, error: BridgeError) -> web.Response:
        """Count an error answer; end the connection when the rest of the body is not worth reading."""
        response.headers["X-Content-Type-Options"] = "nosniff"
        if not request.content.is_eof() or self._intake.gate.is_shut:
            response.force_close()
        client = request.remote or ""
        self._intake.answered(response.status, error, transport=HTTP, client=client)
        return response

    def foreign(self, request: web.Request, error: Forbidden) -> web.Response:
        """Answer a request of a foreign `Host` or `Origin`."""
        self._intake.telemetry.note("foreign_host")
        return self._refusal(request, error)


def otlp_app(intake: Intake, host: str, door: Door = OPEN) -> web.Application:
    """Return what answers OTLP/HTTP at an address."""
    otlp = OtlpHttp(intake, door=door)
    guard = door.guard(host)
    app = web.Application(middlewares=[guarded(guard, otlp.foreign)] if guard else [])
    app.add_routes(definition for route in otlp.routes() for definition in route.definitions())
    app.add_routes([web.route("*", "/{path:.*}", otlp.nothing_here)])
    with_cors(app, door.cors)
    return app


def otlp_limits(intake: Intake) -> ListenerLimits:
    """Return the deadlines of a listener for OTLP/HTTP."""
    settings = intake.settings
    return ListenerLimits(head_seconds=settings.head_seconds, idle_seconds=settings.idle_seconds)


@asynccontextmanager
async def open_http(
    intake: Intake, host: str, port: int, *, grpc_port: int, door: Door = OPEN
) -> AsyncGenerator[Bound]:
    """Serve OTLP/HTTP; leaving drains the intake. Raise StartError for an address that cannot be used."""
    app, limits = otlp_app(intake, host, door), otlp_limits(intake)
    http2 = http2_at_http_door(intake.telemetry, lambda: grpc_port)
    opening = open_listener(app, host, port, drain=intake.drain, http2=http2, limits=limits, tls=door.tls)
    async with opening as bound:
        yield bound
