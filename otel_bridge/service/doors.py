"""The listeners: OTLP, Weave's API, probes and metrics."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, NamedTuple

from otel_bridge.api.answers import refuse
from otel_bridge.api.app import api_app, probes_app
from otel_bridge.api.probes import Probed
from otel_bridge.api.scoring.routes import OF_WORKERS
from otel_bridge.api.upstream import PassOn
from otel_bridge.auth.access import Access
from otel_bridge.errors import StartError
from otel_bridge.http.door import Door
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
    from contextlib import AbstractAsyncContextManager, AsyncExitStack

    from otel_bridge.api.scoring.desk import ScoringDesk
    from otel_bridge.auth.settings import Security
    from otel_bridge.config import BridgeConfig
    from otel_bridge.exporter.upstream import Upstream
    from otel_bridge.http.listener import Bound
    from otel_bridge.ingest.keeper import Keeper
    from otel_bridge.page.assets import Page
    from otel_bridge.parsers import Endpoint
    from otel_bridge.receiver.intake import Intake
    from otel_bridge.service.securing import Guarded
    from otel_bridge.service.state import State
    from otel_bridge.service.status import Status
    from otel_bridge.telemetry import Telemetry


LOOPBACK: Final = "127.0.0.1"


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


async def open_otlp(owned: AsyncExitStack, config: BridgeConfig, intake: Intake, guards: Guarded) -> Doors:
    """Listen for OTLP."""
    grpc = http = None
    if (endpoint := config.otlp_grpc) is not None:
        with naming("--otlp-grpc"):
            opening = open_grpc(
                intake,
                endpoint.host,
                endpoint.port,
                http_port=_port(config.otlp_http),
                door=guards.otlp_grpc,
            )
            grpc = await owned.enter_async_context(opening)
    if (endpoint := config.otlp_http) is not None:
        grpc_port = grpc.port if grpc is not None else 0
        with naming("--otlp-http"):
            http = await owned.enter_async_context(
                open_http(intake, endpoint.host, endpoint.port, grpc_port=grpc_port, door=guards.otlp_http)
            )
    return Doors(grpc=grpc, http=http, http_tls=guards.otlp_http.tls is not None)


class Api(NamedTuple):
    """What the API's listeners are made of. In a bridge without a store the `upstream` answers."""

    config: BridgeConfig
    keeper: Keeper
    intake: Intake
    state: State
    doors: Doors
    upstream: Upstream | None
    page: Page | None
    scoring: ScoringDesk | None
    guards: Guarded
    status: Status


async def open_api(owned: AsyncExitStack, api: Api) -> Bound | None:
    """Listen for Weave's API."""
    endpoint = api.config.api
    if endpoint is None or api.page is None:
        return None
    door = api.guards.api
    with naming("--api"):
        return await owned.enter_async_context(_listening(api, endpoint.host, endpoint.port, door))


async def open_for_workers(owned: AsyncExitStack, api: Api, bound: Bound, token: str) -> Bound:
    """Return where the bridge's own workers ask: the API, if it asks nobody who they are and has no TLS.

    Else a listener of their own, on loopback, that takes their token for their routes and nothing else.
    """
    if api.guards.api.access is None and api.guards.api.tls is None:
        return bound
    note = api.intake.telemetry.note
    access = Access((), api.guards.limiter, note, worker_token=token, worker_paths=OF_WORKERS)
    return await owned.enter_async_context(_listening(api, LOOPBACK, 0, Door(access)))


def _listening(api: Api, host: str, port: int, door: Door) -> AbstractAsyncContextManager[Bound]:
    intake, endpoint = api.intake, api.config.api
    guard = door.guard(host)
    upstream = None
    if not api.config.store and api.upstream is not None and endpoint is not None:
        upstream = _pass_on(api.upstream, endpoint, api.config.api_security, asks=door.access is not None)
    app = api_app(
        api.keeper,
        intake.telemetry,
        inflater=intake.inflater,
        budget=intake.budget,
        health=api.state,
        default_entity=(api.config.default_project or "").partition("/")[0],
        extra_routes=OtlpHttp(intake, WEAVE_API, door).routes(),
        own_routes=() if api.page is None else [*page_routes(api.page), *api.status.routes()],
        middlewares=[guarded(guard, refuse)] if guard else [],
        upstream=upstream,
        scoring=api.scoring,
        door=door,
    )
    http2 = http2_at_http_door(intake.telemetry, api.doors.grpc.port if api.doors.grpc is not None else 0)
    return open_listener(app, host, port, drain=intake.drain, http2=http2, tls=door.tls)


def _pass_on(upstream: Upstream, endpoint: Endpoint, security: Security, *, asks: bool) -> PassOn:
    """Lend our key to callers on this machine, and to those who showed a key: it opens much."""
    credential = upstream.credential
    lent = asks or is_loopback(endpoint.host)
    return PassOn(
        upstream.session, upstream.url, lambda: credential.headers if lent else {}, security.passthrough
    )


def _port(endpoint: Endpoint | None) -> int:
    return endpoint.port if endpoint is not None else 0


async def _at_once() -> None:
    """Wait for nothing: probes are answered at once."""
