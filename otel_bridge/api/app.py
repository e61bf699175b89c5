"""The API as an aiohttp application."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

from aiohttp import web

from otel_bridge.api.answers import answering, refuse
from otel_bridge.api.described import DESCRIBED, Described
from otel_bridge.api.parts import MAX_WRITE_BYTES, PARTS, Parts
from otel_bridge.api.probes import PROBED, PROBES, Probed
from otel_bridge.api.routes import ANSWERED_HERE, DESCRIPTION, MOUNTS, OF_THE_STORE, OWN_ROUTES, ROUTES
from otel_bridge.api.traced import tracing_requests
from otel_bridge.api.upstream import BAD_GATEWAY, GATEWAY_TIMEOUT, passing_any, passing_on
from otel_bridge.http.cors import with_cors
from otel_bridge.http.door import OPEN, Door, protected

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from aiohttp.typedefs import Middleware

    from otel_bridge.api.base import Calls
    from otel_bridge.api.probes import Health
    from otel_bridge.api.scoring.desk import ScoringDesk
    from otel_bridge.api.upstream import PassOn
    from otel_bridge.http.budget import ByteBudget
    from otel_bridge.http.inflate import Inflater
    from otel_bridge.http.route import Route
    from otel_bridge.telemetry import Telemetry


def api_app(
    calls: Calls,
    telemetry: Telemetry,
    *,
    inflater: Inflater,
    budget: ByteBudget,
    health: Health,
    default_entity: str = "local",
    extra_routes: Iterable[Route] = (),
    own_routes: Iterable[Route] = (),
    middlewares: Iterable[Middleware] = (),
    upstream: PassOn | None = None,
    scoring: ScoringDesk | None = None,
    door: Door = OPEN,
) -> web.Application:
    """Build the application; run it with `auto_decompress=False`.

    `middlewares` run inside the one that turns errors into answers, so they may raise any BridgeError.
    `extra_routes` are mounted as Weave's are, `own_routes` lie at the root only. `default_entity` is whose
    project a bare name means to an SDK. With an `upstream` only what changes calls is taken here, and
    everything else is asked there. Without `scoring` nothing is scored. Routes are for those that the `door`
    lets in; `extra_routes` of OTLP ask for themselves.
    """
    app = web.Application(client_max_size=MAX_WRITE_BYTES, middlewares=_around(telemetry, middlewares))
    app[PARTS] = Parts(
        calls=calls,
        telemetry=telemetry,
        inflater=inflater,
        budget=budget,
        clock=_microseconds,
        default_entity=default_entity,
        scoring=scoring,
    )
    app[PROBED] = Probed(health, telemetry)
    shared, own = _routes(own_routes, upstream, door)
    _add_routes(app, (*shared, *extra_routes), own)
    if upstream is not None:  # what newer servers have, and nobody here knows of
        app.router.add_route("*", "/{path:.*}", passing_any(upstream, door.access))
    with_cors(app, door.cors)
    return app


def _around(telemetry: Telemetry, middlewares: Iterable[Middleware]) -> tuple[Middleware, ...]:
    return (*tracing_requests(telemetry.tracing), answering(telemetry), *middlewares)


def _routes(
    more: Iterable[Route], upstream: PassOn | None, door: Door
) -> tuple[Sequence[Route], Sequence[Route]]:
    """Return the routes of Weave and those at the root, for whom the door lets in."""
    shared = ROUTES if upstream is None else tuple(_shared(upstream))
    own = [one for one in (*PROBES, *OWN_ROUTES, *more) if upstream is None or one.path not in OF_THE_STORE]
    mine = partial(protected, access=door.access, refuse=refuse)
    return [mine(one) for one in shared], [mine(one) for one in own]


def probes_app(probed: Probed, middlewares: Iterable[Middleware] = ()) -> web.Application:
    """Build an application that answers probes, describes them, and does nothing else."""
    app = web.Application(middlewares=(answering(probed.telemetry), *middlewares))
    app[PROBED] = probed
    own = (*PROBES, *(route for route in OWN_ROUTES if route.path == DESCRIPTION))
    _add_routes(app, (), own)
    return app


def _add_routes(app: web.Application, mounted: Sequence[Route], own: Sequence[Route]) -> None:
    for mount in MOUNTS:
        app.router.add_routes(definition for route in mounted for definition in route.definitions(mount))
    app.router.add_routes(definition for route in own for definition in route.definitions())
    app[DESCRIBED] = Described(mounted, own)


def _shared(upstream: PassOn) -> Iterator[Route]:
    """Yield Weave's routes: those that change calls as they are, the others passed on."""
    handler = passing_on(upstream)
    for route in ROUTES:
        if route.path in ANSWERED_HERE:
            yield route
            continue
        refuses = (*route.about.refuses, BAD_GATEWAY, GATEWAY_TIMEOUT)
        yield route._replace(handler=handler, about=route.about._replace(refuses=refuses))


def _microseconds() -> int:
    return time.time_ns() // 1000
