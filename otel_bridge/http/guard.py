"""The guard of a loopback door: requests that a foreign web page makes a browser send are refused."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from aiohttp import web
from msgspec import Struct

from otel_bridge.errors import Forbidden
from otel_bridge.http.loopback import is_loopback

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from aiohttp.typedefs import Handler, Middleware

CONTAINER_HOSTS: Final = frozenset({"host.docker.internal", "host.containers.internal"})
"""How programs in containers call the loopback of their host; no public name server answers for these."""


class Guard(Struct, frozen=True):
    """Which names a listener goes by, and which web pages may call it."""

    hosts: frozenset[str] = frozenset()
    origins: frozenset[str] = frozenset()

    def check(self, hosts: Sequence[str], origins: Sequence[str]) -> None:
        """Raise Forbidden for a foreign value among all `Host` and `Origin` headers of a request.

        DNS rebinding shows in the Host, a page of another site in the Origin
        (`contract/otlp-receiver.md` §10). Programs send no Origin, and old ones no Host.
        """
        for host in hosts:
            if not self._knows(host):
                raise Forbidden("this listener answers to localhost only, not to this Host")
        for origin in origins:
            if not (any_matches(self.origins, origin) or self._knows(_host_of(origin))):
                raise Forbidden("web pages of this Origin may not use this listener")

    def _knows(self, host: str) -> bool:
        name = _name(host)
        return name in self.hosts or name in CONTAINER_HOSTS or is_loopback(name)


def any_matches(patterns: Iterable[str], origin: str) -> bool:
    """Tell whether an origin is one of these, in which a `*` stands for anything."""
    wanted = origin.lower()
    return any(fnmatchcase(wanted, _literal(pattern.lower())) for pattern in patterns)


def _literal(pattern: str) -> str:
    """Take from `?` and `[` what they mean to `fnmatch`: only the star means something here."""
    return pattern.replace("[", "[[]").replace("?", "[?]")


def guard_for(host: str, *, origins: Sequence[str] = ()) -> Guard | None:
    """Return the guard of a listener bound to `host`; None when others than this machine may reach it.

    Pages of `origins` may use it; a `*` in one stands for anything.
    """
    if not is_loopback(host):
        return None
    return Guard(frozenset({_name(host)}), frozenset(origins))


def guarded(guard: Guard, refuse: Callable[[web.Request, Forbidden], web.Response]) -> Middleware:
    """Return a middleware that answers `refuse(request, error)` to foreign requests."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        headers = request.headers
        try:
            guard.check(headers.getall("Host", ()), headers.getall("Origin", ()))
        except Forbidden as error:
            return refuse(request, error)
        return await handler(request)

    return middleware


def _name(host: str) -> str:
    """Cut the port off a `Host` value."""
    if host.startswith("["):
        return host[1 : host.find("]")].lower()
    name = host.partition(":")[0] if host.count(":") == 1 else host
    return name.rstrip(".").lower()


def _host_of(origin: str) -> str:
    """Return the host part of an `Origin`; something foreign when it has none ("null")."""
    try:
        return urlsplit(origin).netloc or origin
    except ValueError:
        return origin
