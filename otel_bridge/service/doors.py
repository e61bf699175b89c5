"""What the listeners serve: OTLP, Weave's API, probes and metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from otel_bridge.api.answers import refuse
from otel_bridge.api.app import api_app, probes_app
from otel_bridge.api.probes import Probed
from otel_bridge.api.scoring.routes import OF_WORKERS
from otel_bridge.api.upstream import PassOn
from otel_bridge.auth.access import Access
from otel_bridge.http.door import Door
from otel_bridge.http.guard import guard_for, guarded
from otel_bridge.http.loopback import is_loopback
from otel_bridge.page.serving import page_routes
from otel_bridge.parsers import Endpoint
from otel_bridge.pipeline.plan import WEAVE_API
from otel_bridge.receiver.doors import http2_at_http_door
from otel_bridge.receiver.http import OtlpHttp, otlp_app, otlp_limits
from otel_bridge.service.listening import GrpcSite, HttpSite

if TYPE_CHECKING:
    from collections.abc import Callable

    from otel_bridge.api.scoring.desk import ScoringDesk
    from otel_bridge.auth.settings import Security
    from otel_bridge.config import BridgeConfig
    from otel_bridge.exporter.upstream import Upstream
    from otel_bridge.ingest.keeper import Keeper
    from otel_bridge.page.assets import Page
    from otel_bridge.receiver.intake import Intake
    from otel_bridge.service.listening import Listening, Site
    from otel_bridge.service.securing import Guarded
    from otel_bridge.service.state import State
    from otel_bridge.service.status import Status
    from otel_bridge.telemetry import Telemetry

ADMIN: Final = "admin"
METRICS: Final = "metrics"
OTLP_GRPC: Final = "otlp_grpc"
OTLP_HTTP: Final = "otlp_http"
API: Final = "api"
WORKERS: Final = "workers"
LOOPBACK: Final = Endpoint(host="127.0.0.1", port=0)


class Api(NamedTuple):
    """What the API's listeners are made of. In a bridge without a store the `upstream` answers."""

    config: BridgeConfig
    keeper: Keeper
    intake: Intake
    state: State
    upstream: Upstream | None
    page: Page | None
    scoring: ScoringDesk | None
    guards: Guarded
    status: Status
    token: str
    """What the bridge's own workers show."""


def probe_sites(
    config: BridgeConfig, state: State, telemetry: Telemetry, listening: Listening
) -> dict[str, Site]:
    """Return probes and metrics where they have addresses of their own."""
    found: dict[str, Site] = {}
    for name, endpoint in ((ADMIN, config.admin), (METRICS, config.metrics)):
        if endpoint is None:
            continue
        guard = guard_for(endpoint.host)
        app = probes_app(Probed(state, telemetry), [guarded(guard, refuse)] if guard else [])
        http2 = _http2(telemetry, listening)
        found[name] = HttpSite(flag=f"--{name}", endpoint=endpoint, app=app, http2=http2)
    return found


def otlp_sites(
    config: BridgeConfig, intake: Intake, listening: Listening, guards: Guarded
) -> dict[str, Site]:
    """Return where OTLP is received."""
    found: dict[str, Site] = {}
    if (endpoint := config.otlp_grpc) is not None:
        found[OTLP_GRPC] = GrpcSite(
            flag="--otlp-grpc",
            endpoint=endpoint,
            intake=intake,
            door=guards.otlp_grpc,
            http_port=_port(config.otlp_http),
        )
    if (endpoint := config.otlp_http) is not None:
        found[OTLP_HTTP] = HttpSite(
            flag="--otlp-http",
            endpoint=endpoint,
            app=otlp_app(intake, endpoint.host, guards.otlp_http),
            http2=_http2(intake.telemetry, listening),
            limits=otlp_limits(intake),
            certificates=guards.otlp_http.certificates,
        )
    return found


def api_sites(api: Api, listening: Listening) -> dict[str, Site]:
    """Return Weave's API, and what the bridge's own workers ask where the API would want a key of them."""
    endpoint, door = api.config.api, api.guards.api
    if endpoint is None or api.page is None:
        return {}
    found: dict[str, Site] = {API: _api_site(api, listening, endpoint, door)}
    if api.scoring is not None and not (door.access is None and door.certificates is None):
        note = api.intake.telemetry.note
        access = Access((), api.guards.limiter, note, worker_token=api.token, worker_paths=OF_WORKERS)
        found[WORKERS] = _api_site(api, listening, LOOPBACK, Door(access))
    return found


def _api_site(api: Api, listening: Listening, at: Endpoint, door: Door) -> HttpSite:
    intake, config = api.intake, api.config
    guard = door.guard(at.host)
    upstream = None
    if not config.store and api.upstream is not None and config.api is not None:
        asks = door.access is not None
        upstream = _pass_on(api.upstream, config.api, config.api_security, asks=asks)
    app = api_app(
        api.keeper,
        intake.telemetry,
        inflater=intake.inflater,
        budget=intake.budget,
        health=api.state,
        default_entity=(config.default_project or "").partition("/")[0],
        extra_routes=OtlpHttp(intake, WEAVE_API, door).routes(),
        own_routes=() if api.page is None else [*page_routes(api.page), *api.status.routes()],
        middlewares=[guarded(guard, refuse)] if guard else [],
        upstream=upstream,
        scoring=api.scoring,
        door=door,
    )
    http2 = _http2(intake.telemetry, listening)
    return HttpSite(flag="--api", endpoint=at, app=app, http2=http2, certificates=door.certificates)


def _pass_on(upstream: Upstream, endpoint: Endpoint, security: Security, *, asks: bool) -> PassOn:
    """Lend our key to callers on this machine, and to those who showed a key: it opens much."""
    credential = upstream.credential
    lent = asks or is_loopback(endpoint.host)
    return PassOn(
        upstream.session, upstream.url, lambda: credential.headers if lent else {}, security.passthrough
    )


def _http2(telemetry: Telemetry, listening: Listening) -> Callable[[str], bytes]:
    """Return what tells who speaks gRPC at the wrong port the right one."""

    def port() -> int:
        bound = listening.bound(OTLP_GRPC)
        return 0 if bound is None else bound.port

    return http2_at_http_door(telemetry, port)


def _port(endpoint: Endpoint | None) -> int:
    return endpoint.port if endpoint is not None else 0
