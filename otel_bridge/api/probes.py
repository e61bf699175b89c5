"""What orchestrators and Prometheus ask: `/livez` (`/healthz`), `/readyz`, `/startupz`, `/metrics`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

import orjson
from aiohttp import web

from otel_bridge.api.answers import json_answer
from otel_bridge.exposition import exposition
from otel_bridge.http.route import About, Kind, Route

if TYPE_CHECKING:
    from collections.abc import Mapping

    from otel_bridge.telemetry import Telemetry

METRICS_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


class Health(Protocol):
    """Tells how the bridge is."""

    @property
    def started(self) -> bool:
        """Whether the bridge has ever been up."""

    def __call__(self) -> tuple[bool, Mapping[str, str]]:
        """Return whether requests can be served now, and a word on each part; must not block."""


class Probed(NamedTuple):
    """What the probes look at."""

    health: Health
    telemetry: Telemetry


PROBED: Final = web.AppKey("probed", Probed)


async def live(_request: web.Request) -> web.Response:
    """Say that the event loop turns, whatever else may be wrong."""
    return json_answer(200, b'{"status":"ok"}')


async def ready(request: web.Request) -> web.Response:
    """Tell whether requests can be served now, part by part: 200 or 503."""
    ok, details = request.app[PROBED].health()
    return _told(details, ok=ok)


async def started(request: web.Request) -> web.Response:
    """Tell whether the bridge has come up: 200 from then on, 503 before."""
    health = request.app[PROBED].health
    return _told(health()[1], ok=health.started)


async def metrics(request: web.Request) -> web.Response:
    """Give all metrics in Prometheus' text format."""
    body = await exposition(request.app[PROBED].telemetry)
    return web.Response(body=body, headers={"Content-Type": METRICS_TYPE})


PROBE: Final = "Probes"

PROBES: Final = (
    Route("GET", "/livez", live, About(PROBE, "Whether the process lives", None, "HealthRes")),
    Route("GET", "/healthz", live, About(PROBE, "The same as `/livez`", None, "HealthRes")),
    Route("GET", "/readyz", ready, About(PROBE, "Whether requests are served", None, "ReadyRes"), Kind.PROBE),
    Route("GET", "/startupz", started, About(PROBE, "Whether it has come up", None, "ReadyRes"), Kind.PROBE),
    Route("GET", "/metrics", metrics, About(PROBE, "Metrics for Prometheus", gives=("text/plain",))),
)


def _told(details: Mapping[str, str], *, ok: bool) -> web.Response:
    body = {"status": "ok" if ok else "unavailable", **({"parts": dict(details)} if details else {})}
    return json_answer(200 if ok else 503, orjson.dumps(body))
