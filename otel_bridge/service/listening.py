"""The listeners of a bridge by name: what they serve is replaced under open connections.

A listener whose address stays keeps its socket and its connections. One that moves listens at the new address
before it leaves the old one, where what it is busy with is finished.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Final, Protocol

from msgspec import Struct

from otel_bridge.errors import StartError
from otel_bridge.http.listener import Bound, ListenerLimits, open_listener
from otel_bridge.http.stage import Stage, ready
from otel_bridge.receiver.grpc import OtlpGrpc, open_grpc
from otel_bridge.receiver.grpc_stage import GrpcStage
from otel_bridge.telemetry import log

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator, Iterable, Mapping
    from contextlib import AbstractAsyncContextManager

    from aiohttp import web

    from otel_bridge.auth.tls import Certificates
    from otel_bridge.http.door import Door
    from otel_bridge.parsers import Endpoint
    from otel_bridge.receiver.intake import Intake

    Drain = Callable[[], Awaitable[None]]

LEAVE_SECONDS: Final = 30.0
"""How long a listener that moves waits for the requests it is busy with."""


class Site(Protocol):
    """What is to be served at an address, over TLS where it has `certificates`.

    `flag` names the address on the command line.
    """

    @property
    def flag(self) -> str: ...

    @property
    def endpoint(self) -> Endpoint: ...

    @property
    def certificates(self) -> Certificates | None: ...

    async def act(self) -> Any:
        """Return what a stage switches to; it can be waited for until it is `empty`, and closed."""

    def stage(self, act: Any) -> Any:
        """Return a new stage."""

    def listen(self, stage: Any, drain: Drain) -> AbstractAsyncContextManager[Bound]:
        """Serve a stage for the length of the block; raise StartError."""

    async def switched(self, stage: Any) -> None:
        """Do what is left to do once the stage has switched to this."""


class HttpSite(Struct, frozen=True, kw_only=True):
    """An application, as `Site`."""

    flag: str
    endpoint: Endpoint
    app: web.Application
    http2: Callable[[str], bytes]
    limits: ListenerLimits = ListenerLimits()
    certificates: Certificates | None = None

    async def act(self) -> Any:
        """As `Site`."""
        return await ready(self.app)

    def stage(self, act: Any) -> Stage:
        """As `Site`."""
        return Stage(act)

    def listen(self, stage: Stage, drain: Drain) -> AbstractAsyncContextManager[Bound]:
        """As `Site`."""
        host, port = self.endpoint.host, self.endpoint.port
        tls = None if self.certificates is None else self.certificates.context
        return open_listener(stage, host, port, drain=drain, http2=self.http2, limits=self.limits, tls=tls)

    async def switched(self, stage: Stage) -> None:
        """As `Site`."""


class GrpcSite(Struct, frozen=True, kw_only=True):
    """The methods of OTLP/gRPC, as `Site`."""

    flag: str
    endpoint: Endpoint
    intake: Intake
    door: Door
    http_port: int

    @property
    def certificates(self) -> Certificates | None:
        """As `Site`."""
        return self.door.certificates

    async def act(self) -> OtlpGrpc:
        """As `Site`."""
        return OtlpGrpc(self.intake, self.door.guard(self.endpoint.host), self.door.access)

    def stage(self, act: OtlpGrpc) -> GrpcStage:
        """As `Site`."""
        return GrpcStage(act)

    def listen(self, stage: GrpcStage, drain: Drain) -> AbstractAsyncContextManager[Bound]:
        """As `Site`."""
        host, port = self.endpoint.host, self.endpoint.port
        return open_grpc(
            self.intake, host, port, http_port=self.http_port, door=self.door, stage=stage, drain=drain
        )

    async def switched(self, stage: GrpcStage) -> None:
        """As `Site`."""
        await stage.tell_health(self.intake.taken)


class Listener:
    """A listener that is open; `owned` closes it. `leaves`: it alone does, and the bridge goes on."""

    def __init__(self, site: Site, stage: Any) -> None:
        self.endpoint: Final = site.endpoint
        self.certificates: Final = site.certificates
        self.stage: Final = stage
        self.owned: Final = AsyncExitStack()
        self.bound = Bound(site.endpoint.host, site.endpoint.port)
        self.leaves = False

    def take_over(self, site: Site, act: Any) -> Any:
        """Serve an act of a site at the same address from now on; return the one before."""
        if self.certificates is not None and site.certificates is not None:
            self.certificates.give_way(site.certificates)
        return self.stage.switch(act)

    async def leave(self) -> None:
        """Finish what it is busy with, and close it."""
        self.leaves = True
        await self.owned.aclose()

    def is_at(self, endpoint: Endpoint) -> bool:
        """Tell whether it listens where an endpoint says."""
        resolved = (self.endpoint.host, self.bound.port)
        return endpoint == self.endpoint or (endpoint.host, endpoint.port) == resolved


class Change(Struct, frozen=True):
    """What is ready to be served: acts for stages that stay, and listeners that are new."""

    sites: Mapping[str, Site]
    acts: Mapping[str, Any]
    opened: Mapping[str, Listener]

    async def give_up(self) -> None:
        """Close what was opened for nothing."""
        for act in self.acts.values():
            await act.close()
        for listener in self.opened.values():
            await listener.leave()


class Listening:
    """All listeners that are open."""

    def __init__(self) -> None:
        self._open: dict[str, Listener] = {}
        self._drain: Drain = _at_once

    def bound(self, name: str) -> Bound | None:
        """Return where a listener listens; None: there is none of this name."""
        listener = self._open.get(name)
        return None if listener is None else listener.bound

    async def open(self, sites: Mapping[str, Site]) -> None:
        """Listen, for the first time; raise StartError."""
        for name, site in sites.items():
            self._open[name] = await self._opened(site)

    async def ready(self, sites: Mapping[str, Site]) -> Change:
        """Make everything ready that is to be served instead; raise StartError, then nothing is open."""
        acts: dict[str, Any] = {}
        opened: dict[str, Listener] = {}
        change = Change(sites, acts, opened)
        try:
            for name, site in sites.items():
                listener = self._open.get(name)
                if listener is not None and listener.is_at(site.endpoint):
                    acts[name] = await site.act()
                else:
                    opened[name] = await self._opened(site)
        except BaseException:
            await change.give_up()
            raise
        return change

    def switch(self, change: Change) -> tuple[list[Any], list[Listener]]:
        """Serve what is ready, from the next request on. Return acts and listeners that are to end."""
        acts = [self._open[name].take_over(change.sites[name], act) for name, act in change.acts.items()]
        gone = [name for name in self._open if name in change.opened or name not in change.sites]
        listeners = [self._open.pop(name) for name in gone]
        self._open |= change.opened
        return acts, listeners

    async def switched(self, change: Change) -> None:
        """Do what is left to do once everything has switched."""
        for name, site in change.sites.items():
            await site.switched(self._open[name].stage)

    def drained_by(self, drain: Drain) -> None:
        """Have listeners await `drain()` when they close because the bridge stops."""
        self._drain = drain

    async def close(self, names: Iterable[str]) -> None:
        """Close some listeners, if they are open, the last one first."""
        for name in reversed(list(names)):
            if name in self._open:
                await self._open.pop(name).owned.aclose()

    async def _opened(self, site: Site) -> Listener:
        listener = Listener(site, site.stage(await site.act()))

        async def drain() -> None:
            await (_left(listener, site.flag) if listener.leaves else self._drain())

        with naming(site.flag):
            opening = site.listen(listener.stage, drain)
            listener.bound = await listener.owned.enter_async_context(opening)
        return listener


async def _at_once() -> None:
    """Wait for nothing."""


async def _left(listener: Listener, flag: str) -> None:
    """Wait until nothing is served any more, or for as long as a listener waits that moves."""
    try:
        async with asyncio.timeout(LEAVE_SECONDS):
            await listener.stage.empty()
    except TimeoutError:
        log().warning("listener_cut_off", listener=flag)


@contextmanager
def naming(flag: str) -> Generator[None]:
    """Add the flag that helps to what went wrong."""
    try:
        yield
    except StartError as error:
        raise StartError(f"{error}; {flag} HOST:PORT takes another address") from error
