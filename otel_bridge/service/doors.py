"""The listeners: OTLP, Weave's API, probes and metrics."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING

from otel_bridge.api.answers import refuse
from otel_bridge.api.app import api_app, probes_app
from otel_bridge.api.probes import Probed
from otel_bridge.api.upstream import PassOn
from otel_bridge.errors import StartError
from otel_bridge.http.guard import guard_for, guarded
from otel_bridge.http.listener import open_listener
from otel_bridge.http.loopback import is_loopback
from otel_bridge.page.assets import read_page
from otel_bridge.page.serving import page_routes
from otel_bridge.pipeline.plan import WEAVE_API
from otel_bridge.receiver.doors import http2_at_http_door
from otel_bridge.receiver.grpc import open_grpc
from otel_bridge.receiver.http import OtlpHttp, open_http
from otel_bridge.service.announcing import Doors

if TYPE_CHECKING:
    from collections.abc import Generator
    from contextlib import AsyncExitStack

    from otel_bridge.api.scoring.desk import ScoringDesk
    from otel_bridge.config import BridgeConfig
    from otel_bridge.exporter.upstream import Upstream
    from otel_bridge.http.listener import Bound
    from otel_bridge.ingest.keeper import Keeper
    from otel_bridge.page.assets import Page
    from otel_bridge.parsers import Endpoint
    from otel_bridge.receiver.intake import Intake
    from otel_bridge.service.state import State
    from otel_bridge.telemetry import Telemetry


@contextmanager
def naming(flag: str) -> Generator[None]:
    """Add the flag that helps to what went wrong."""
    try:
        yield
    except StartError as error:
        raise StartError(f"{error}; {flag} HOST:PORT takes another address") from error


def reading_page(owned: AsyncExitStack, config: BridgeConfig) -> asyncio.Task[Page]:
    """Begin to read the page's files, in a thread, beside whatever else has to start."""
    reading = asyncio.create_task(asyncio.to_thread(read_page, config.default_project or ""))
    owned.push_async_callback(asyncio.wait, [reading])
    return reading


async def open_probes(
    owned: AsyncExitStack, config: BridgeConfig, state: State, telemetry: Telemetry
) -> dict[str, Bound]:
    """Listen for probes and for metrics where they have addresses of their own."""
    found: dict[str, Bound] = {}
    for name, endpoint in (("admin", config.admin), ("metrics", config.metrics)):
        if endpoint is None:
            continue
        guard = guard_for(endpoint.host)
        app = probes_app(Probed(state, telemetry), [guarded(guard, refuse)] if guard else [])
        http2 = http2_at_http_door(telemetry, _port(config.otlp_grpc))
        with naming(f"--{name}"):
            found[name] = await owned.enter_async_context(
                open_listener(app, endpoint.host, endpoint.port, drain=_at_once, http2=http2)
            )
    return found


async def open_otlp(owned: AsyncExitStack, config: BridgeConfig, intake: Intake) -> Doors:
    """Listen for OTLP."""
    grpc = http = None
    if (endpoint := config.otlp_grpc) is not None:
        with naming("--otlp-grpc"):
            opening = open_grpc(intake, endpoint.host, endpoint.port, http_port=_port(config.otlp_http))
            grpc = await owned.enter_async_context(opening)
    if (endpoint := config.otlp_http) is not None:
        grpc_port = grpc.port if grpc is not None else 0
        with naming("--otlp-http"):
            http = await owned.enter_async_context(
                open_http(intake, endpoint.host, endpoint.port, grpc_port=grpc_port)
            )
    return Doors(grpc=grpc, http=http)


async def open_api(
    owned: AsyncExitStack,
    config: BridgeConfig,
    keeper: Keeper,
    intake: Intake,
    state: State,
    doors: Doors,
    upstream: Upstream | None,
    page: Page | None,
    scoring: ScoringDesk | None,
) -> Bound | None:
    """Listen for Weave's API. In a bridge without a store the `upstream` answers it."""
    endpoint = config.api
    if endpoint is None or page is None:
        return None
    guard = guard_for(endpoint.host)
    otlp = OtlpHttp(intake, WEAVE_API)
    app = api_app(
        keeper,
        intake.telemetry,
        inflater=intake.inflater,
        budget=intake.budget,
        health=state,
        default_entity=(config.default_project or "").partition("/")[0],
        extra_routes=otlp.routes(),
        own_routes=page_routes(page),
        middlewares=[guarded(guard, refuse)] if guard else [],
        upstream=None if config.store or upstream is None else _pass_on(upstream, endpoint),
        scoring=scoring,
    )
    http2 = http2_at_http_door(intake.telemetry, doors.grpc.port if doors.grpc is not None else 0)
    with naming("--api"):
        return await owned.enter_async_context(
            open_listener(app, endpoint.host, endpoint.port, drain=intake.drain, http2=http2)
        )


def _pass_on(upstream: Upstream, endpoint: Endpoint) -> PassOn:
    """Lend our key to callers on this machine only: others could read with it whatever it opens."""
    credential = upstream.credential
    lent = is_loopback(endpoint.host)
    return PassOn(upstream.session, upstream.url, lambda: credential.headers if lent else {})


def _port(endpoint: Endpoint | None) -> int:
    return endpoint.port if endpoint is not None else 0


async def _at_once() -> None:
    """Wait for nothing: probes are answered at once."""
