"""How the bridge is, told to `otel-bridge doctor`: facts that are known anyway, gathered when asked for."""

from __future__ import annotations

import asyncio
import os
import time
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import msgspec

from otel_bridge import __version__
from otel_bridge.api.telling import telling_routes
from otel_bridge.ingest.address import url_of
from otel_bridge.service.memory import bounds, resident_bytes, total_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from otel_bridge.config import BridgeConfig
    from otel_bridge.exporter.destination import Destination
    from otel_bridge.http.route import Route
    from otel_bridge.ingest.keeper import Keeper
    from otel_bridge.receiver.intake import Intake
    from otel_bridge.service.announcing import Doors
    from otel_bridge.service.state import State

TROUBLE: Final = (
    "unhandled_errors",
    "quarantined_requests",
    "worker_restarts",
    "wrong_door",
    "foreign_host",
    "unsupported_signals",
    "memory_limiter_refused_requests",
    "queue_missed_calls",
    "percent_encoded_headers",
)
"""Counters of `telemetry.NOTES` that tell of something a person may want to change."""


class Status:
    """Everything that the doctor asks of a running bridge. `doors` are known when all are open."""

    def __init__(self, config: BridgeConfig, keeper: Keeper, intake: Intake, state: State) -> None:
        self._config = config
        self._keeper = keeper
        self._intake = intake
        self._state = state
        self._started_at = time.time()
        self.doors: Mapping[str, str | None] = {}

    def goes_by(self, config: BridgeConfig) -> None:
        """Tell of another configuration from now on."""
        self._config = config

    def routes(self) -> tuple[Route, ...]:
        """Return the routes that tell it."""
        return telling_routes(self._tell, self._way)

    async def _tell(self) -> bytes:
        return msgspec.json.encode(await self.facts())

    async def _way(self, receiver: str, body: bytes) -> bytes:
        return msgspec.json.encode({"steps": await self._keeper.path(receiver, body)})

    async def facts(self) -> dict[str, Any]:
        """Gather the facts: no secrets, no content."""
        ready, parts = self._state()
        value = self._intake.telemetry.value
        counters = {name: int(value(f"otel_bridge_{name}_total")) for name in TROUBLE}
        outbox = self._keeper.outbox
        delivery = self._state.delivery
        return {
            "version": __version__,
            "pid": os.getpid(),
            "started_at": self._started_at,
            "now": time.time(),
            "ready": ready,
            "parts": parts,
            "doors": self.doors,
            "config": _of_config(self._config),
            "senders": await self._keeper.senders(),
            "refusals": self._intake.refusals.told(),
            "exporters": [_of_exporter(one) for one in delivery.destinations] if delivery else [],
            "queue": None if outbox is None else _of_queue(outbox),
            "memory": await asyncio.to_thread(partial(_of_memory, self._config)),
            "counters": {name: count for name, count in counters.items() if count},
        }


def doors_of(doors: Doors) -> dict[str, str | None]:
    """Return where the bridge listens, as URLs; gRPC as HOST:PORT."""
    urls = {
        "otlp_http": (doors.http, doors.http_tls),
        "api": (doors.api, doors.api_tls),
        "admin": (doors.admin, False),
        "metrics": (doors.metrics, False),
    }
    told = {
        name: None if door is None else url_of(door.host, door.port, tls=tls)
        for name, (door, tls) in urls.items()
    }
    grpc = None if doors.grpc is None else url_of(doors.grpc.host, doors.grpc.port)
    return told | {"otlp_grpc": grpc and grpc.removeprefix("http://")}


def _of_config(config: BridgeConfig) -> dict[str, Any]:
    plan = config.pipelines
    return {
        "profile": config.profile,
        "data_dir": str(config.data_dir),
        "queue_dir": str(config.queue_dir or config.data_dir),
        "config_files": config.config_files,
        "default_project": config.default_project,
        "store": config.store,
        "logs": config.logs,
        "unused": config.unused,
        "pipelines": [] if plan is None else [each.name for each in plan.pipelines],
        "stores": [] if plan is None else plan.stores,
    }


def _of_exporter(one: Destination) -> dict[str, Any]:
    return {
        "name": one.settings.name,
        "type": one.settings.name.partition("/")[0],
        "endpoint": one.settings.endpoint or getattr(one.settings, "url", ""),
        "health": one.health,
        "open": not one.gate.closed,
        "again_in": one.gate.again_in,
        "last": one.target.last,
    }


def _of_queue(outbox: Any) -> dict[str, Any]:
    sizes = outbox.sizes()
    oldest = {
        total.destination: [
            cursor.oldest_at
            for lane in outbox.lanes(total.destination)
            for cursor in lane.cursors
            if cursor.destination == total.destination and cursor.oldest_at is not None
        ]
        for total in sizes.totals
    }
    ages = {name: max(0, sizes.now - min(times)) for name, times in oldest.items() if times}
    told: dict[str, Any] = msgspec.to_builtins(sizes)
    return told | {
        "oldest_seconds": ages,
        "waiting": {total.destination: total.waiting for total in sizes.totals},
    }


def _of_memory(config: BridgeConfig) -> dict[str, Any]:
    total = total_bytes()
    begins, limit = (None, None) if config.memory_limiter is None else bounds(config.memory_limiter, total)
    resident = resident_bytes(os.getpid())
    return {"resident": resident, "total": total, "refuses_from": begins, "limit": limit}
