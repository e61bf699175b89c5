"""The API as an aiohttp application."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from aiohttp import web

from otel_bridge.api.answers import answering
from otel_bridge.api.parts import MAX_WRITE_BYTES, PARTS, Parts
from otel_bridge.api.probes import PROBED, PROBES, Probed
from otel_bridge.api.routes import MOUNTS, OWN_ROUTES, QUEUED_ROUTES, ROUTES
from otel_bridge.api.upstream import passing_on

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aiohttp.typedefs import Middleware

    from otel_bridge.api.base import Calls
    from otel_bridge.api.probes import Health
    from otel_bridge.api.upstream import PassOn
    from otel_bridge.http.budget import ByteBudget
    from otel_bridge.http.inflate import Inflater
    from otel_bridge.telemetry import Telemetry


def api_app(
    calls: Calls,
    telemetry: Telemetry,
    *,
    inflater: Inflater,
    budget: ByteBudget,
    health: Health,
    default_entity: str = "local",
    extra_routes: Iterable[web.AbstractRouteDef] = (),
    middlewares: Iterable[Middleware] = (),
    upstream: PassOn | None = None,
) -> web.Application:
    """Build the application; run it with `auto_decompress=False`.

    `middlewares` run inside the one that turns errors into answers, so they may raise any BridgeError.
    `default_entity` is whose project a bare project name means to an SDK. With an `upstream` only what
    changes calls is taken here, and everything else is asked there.
    """
    app = web.Application(client_max_size=MAX_WRITE_BYTES, middlewares=(answering(telemetry), *middlewares))
    app[PARTS] = Parts(
        calls=calls,
        telemetry=telemetry,
        inflater=inflater,
        budget=budget,
        clock=_microseconds,
        default_entity=default_entity,
    )
    app[PROBED] = Probed(health, telemetry)
    for mount in MOUNTS:
        taken = ROUTES if upstream is None else QUEUED_ROUTES
        app.router.add_routes(web.route(r.method, mount + r.path, r.handler) for r in taken)
    own = PROBES if upstream is not None else (*PROBES, *OWN_ROUTES)
    app.router.add_routes(web.route(r.method, r.path, r.handler) for r in own)
    app.router.add_routes(extra_routes)
    if upstream is not None:
        for mount in reversed(MOUNTS):  # the longer one first
            app.router.add_route("*", mount + "/{path:.*}", passing_on(upstream, mount))
    return app


def _microseconds() -> int:
    return time.time_ns() // 1000
