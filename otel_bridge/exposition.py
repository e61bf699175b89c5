"""Metrics as Prometheus reads them: which of them are shown, and under which names."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final

from prometheus_client import generate_latest

from otel_bridge.errors import UnknownPath

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prometheus_client.core import Metric

    from otel_bridge.telemetry import Telemetry

OFF: Final = "metrics are off: service.telemetry.metrics.level is none"


class _Families:
    """What `generate_latest` asks for its metrics."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families


async def exposition(telemetry: Telemetry) -> bytes:
    """Render the metrics in Prometheus' text format; raise UnknownPath when they are off."""
    shown = telemetry.shown
    if shown.level == "none":
        raise UnknownPath(OFF)
    families = list(telemetry.registry.collect())
    families += await asyncio.to_thread(lambda: list(telemetry.of_files.collect()))
    if shown.compat == "otelcol":
        from otel_bridge.otelcol import collector_families  # noqa: PLC0415 - where somebody wants them

        families += collector_families(list(families), time.time())
    if shown.level == "basic":
        families = [family for family in families if family.type != "histogram"]
    return generate_latest(_Families(families))
