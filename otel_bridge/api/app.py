"""The API as an aiohttp application."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from aiohttp import web

from otel_bridge.api.answers import answering
from otel_bridge.api.described import DESCRIBED, Described
from otel_bridge.api.parts import MAX_WRITE_BYTES, PARTS, Parts
from otel_bridge.api.probes import PROBES
from otel_bridge.api.routes import MOUNTS, OWN_ROUTES, ROUTES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aiohttp.typedefs import Middleware

    from otel_bridge.api.base import Calls
    from otel_bridge.api.parts import Health
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
) -> web.Application:
    """Build the application; run it with `auto_decompress=False`.

    `middlewares` run inside the one that turns errors into answers, so they may raise any BridgeError.
    `extra_routes` are mounted as Weave's are, `own_routes` lie at the root only. `default_entity` is whose
    project a bare name means to an SDK.
    """
    app = web.Application(client_max_size=MAX_WRITE_BYTES, middlewares=(answering(telemetry), *middlewares))
    app[PARTS] = Parts(
        calls=calls,
        telemetry=telemetry,
        inflater=inflater,
        budget=budget,
        health=health,
        clock=_microseconds,
        default_entity=default_entity,
    )
    mounted, own = (*ROUTES, *extra_routes), (*PROBES, *OWN_ROUTES, *own_routes)
    for mount in MOUNTS:
        app.router.add_routes(definition for route in mounted for definition in route.definitions(mount))
    app.router.add_routes(definition for route in own for definition in route.definitions())
    app[DESCRIBED] = Described(mounted, own)
    return app


def _microseconds() -> int:
    return time.time_ns() // 1000
