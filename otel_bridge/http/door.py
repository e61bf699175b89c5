"""What stands at one door: who may come in, over what, and from which web pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from aiohttp import web

from otel_bridge.auth.principal import Need, Principal
from otel_bridge.auth.tls import names_of
from otel_bridge.errors import BridgeError
from otel_bridge.http.guard import Guard, guard_for

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Sequence

    from otel_bridge.auth.access import Access
    from otel_bridge.auth.settings import Cors
    from otel_bridge.auth.tls import Certificates
    from otel_bridge.http.route import Route

PRINCIPAL: Final = web.RequestKey("principal", Principal)
"""Under which a request knows who sent it."""


class Door(NamedTuple):
    """How a listener is guarded; without `access` it asks nobody who they are."""

    access: Access | None = None
    certificates: Certificates | None = None
    cors: Cors | None = None

    @property
    def tls(self) -> ssl.SSLContext | None:
        """What an HTTP listener speaks TLS with."""
        return None if self.certificates is None else self.certificates.context

    def guard(self, host: str) -> Guard | None:
        """Return the guard of a listener at `host`: a loopback one that asks nobody who they are has one."""
        origins = () if self.cors is None else self.cors.allowed_origins
        return None if self.access is not None else guard_for(host, origins=origins)


OPEN: Final = Door()


def admit(access: Access | None, request: web.Request, need: Need, path: str = "") -> Principal | None:
    """Let a request in and note who sent it; None where nobody is asked. Raise as `Access.admit` does."""
    if access is None:
        return None
    if (known := principal_of(request)) is not None:  # by `Expect`: it is one request
        return known
    principal = access.admit(request.headers, _certificate(request), need, path)
    request[PRINCIPAL] = principal
    return principal


def principal_of(request: web.Request) -> Principal | None:
    """Return who sent a request; None where nobody was asked."""
    return request.get(PRINCIPAL)


def protected(
    route: Route, access: Access | None, refuse: Callable[[web.Request, BridgeError], web.Response]
) -> Route:
    """Return the route for those who may use it. OTLP's routes ask for themselves, in words of their own.

    `refuse` answers who comes with `Expect`, before any middleware sees the request; what the handler raises
    is theirs.
    """
    if access is None or route.need is Need.NOTHING:
        return route
    inner, need, path = route.handler, route.need, route.path

    async def handler(request: web.Request) -> web.StreamResponse:
        admit(access, request, need, path)
        return await inner(request)

    async def expect(request: web.Request) -> web.StreamResponse | None:
        try:
            admit(access, request, need, path)
        except BridgeError as error:
            response = refuse(request, error)
            response.force_close()
            return response
        await _continue(request)
        return None

    return route._replace(handler=handler, expect=expect)


async def _continue(request: web.Request) -> None:
    """Do what aiohttp does itself with `Expect`, once it is known who asks."""
    if request.headers.get("Expect", "").lower() != "100-continue":
        raise web.HTTPExpectationFailed(text="417 the only expectation met here is 100-continue")
    await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    request.writer.output_size = 0


def _certificate(request: web.Request) -> Sequence[str] | None:
    """Return the names in the client's certificate, which TLS has verified; None without one."""
    transport = request.transport
    connection: Any = None if transport is None else transport.get_extra_info("ssl_object")
    found = None if connection is None else connection.getpeercert()
    return names_of(found) if found else None
