"""How much lies in quarantine, told to Prometheus when it asks."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from prometheus_client.core import Metric

NAME = "otel_bridge_quarantined_bytes"
TEXT = "bytes of requests that met the same bug again and again, put aside for a person"


class QuarantinedBytes(Collector):
    """Looks into the directory: not on the event loop."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def collect(self) -> Iterator[Metric]:
        """Yield the metric as it is now."""
        size = 0
        with suppress(OSError):  # none there, or one that goes meanwhile
            size = sum(path.stat().st_size for path in self._directory.iterdir())
        yield GaugeMetricFamily(NAME, TEXT, size)
