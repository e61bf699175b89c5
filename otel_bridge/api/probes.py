"""What orchestrators and Prometheus ask: `/livez` (`/healthz`), `/readyz`, `/startupz`, `/metrics`."""

from __future__ import annotations

from typing import Final

import orjson
from aiohttp import web

from otel_bridge.api.answers import json_answer
from otel_bridge.api.parts import PARTS
from otel_bridge.http.route import About, Kind, Route

METRICS_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


async def live(_request: web.Request) -> web.Response:
    """Say that the event loop turns, whatever else may be wrong."""
    return json_answer(200, b'{"status":"ok"}')


async def ready(request: web.Request) -> web.Response:
    """Tell whether requests can be served now, part by part: 200 or 503."""
    ok, details = request.app[PARTS].health()
    body = {"status": "ok" if ok else "unavailable", **({"parts": dict(details)} if details else {})}
    return json_answer(200 if ok else 503, orjson.dumps(body))


async def metrics(request: web.Request) -> web.Response:
    """Give all metrics in Prometheus' text format."""
    body = request.app[PARTS].telemetry.exposition()
    return web.Response(body=body, headers={"Content-Type": METRICS_TYPE})


PROBE: Final = "Probes"

PROBES: Final = (
    Route("GET", "/livez", live, About(PROBE, "Whether the process lives", None, "HealthRes")),
    Route("GET", "/healthz", live, About(PROBE, "The same as `/livez`", None, "HealthRes")),
    Route("GET", "/readyz", ready, About(PROBE, "Whether requests are served", None, "ReadyRes"), Kind.PROBE),
    Route("GET", "/startupz", ready, About(PROBE, "The same as `/readyz`", None, "ReadyRes"), Kind.PROBE),
    Route("GET", "/metrics", metrics, About(PROBE, "Metrics for Prometheus", gives=("text/plain",))),
)
