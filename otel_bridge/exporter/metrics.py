"""What is counted of delivery, and what the queue tells of itself (`contract/pipeline-config.md` part 6)."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from prometheus_client import Gauge, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from otel_bridge.outcomes import exported_by

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping

    from prometheus_client.core import Metric

    from otel_bridge.queue.base import Outbox, QueueSizes
    from otel_bridge.telemetry import Telemetry

CALL_BUCKETS: Final = (1, 5, 10, 50, 100, 250, 500, 1000, 2000)
BYTE_BUCKETS: Final = tuple(1 << power for power in range(10, 26, 2))


class ExporterMetrics:
    """The counters of all exporters of one bridge."""

    def __init__(self, telemetry: Telemetry) -> None:
        self.telemetry: Final = telemetry
        registry = telemetry.registry
        self._in_flight = Gauge(
            "otel_bridge_exporter_in_flight",
            "requests to the upstream under way",
            ["exporter"],
            registry=registry,
        )
        self._up = Gauge(
            "otel_bridge_upstream_up", "1 while the upstream can be reached", ["exporter"], registry=registry
        )
        self._batch_calls = Histogram(
            "otel_bridge_exporter_batch_calls", "calls in a batch", ["exporter"],
            buckets=CALL_BUCKETS, registry=registry,
        )  # fmt: skip
        self._batch_bytes = Histogram(
            "otel_bridge_exporter_batch_bytes", "bytes of a batch, uncompressed", ["exporter"],
            buckets=BYTE_BUCKETS, registry=registry,
        )  # fmt: skip

    def sent(self, exporter: str, calls: int, size: int, *, rejected: int = 0) -> None:
        """Count a batch that the destination has, but for those calls or spans that it rejected for good."""
        self.telemetry.note(exported_by(exporter, "sent"), calls - rejected)
        self.telemetry.note(exported_by(exporter, "rejected"), rejected)
        self._batch_calls.labels(exporter).observe(calls)
        self._batch_bytes.labels(exporter).observe(size)

    def retried(self, exporter: str, calls: int) -> None:
        """Count a batch that has to be sent again."""
        self.telemetry.note(exported_by(exporter, "retried"), calls)

    def dead_lettered(self, exporter: str) -> None:
        """Count a call that the upstream refused for good."""
        self.telemetry.note(exported_by(exporter, "dead_lettered"))

    def up(self, exporter: str, *, up: bool) -> None:
        """Say whether the upstream can be reached."""
        self._up.labels(exporter).set(up)

    def forget(self, exporter: str) -> None:
        """Say nothing more of an exporter that is gone; what was counted stays."""
        for gauge in (self._up, self._in_flight):
            with suppress(KeyError):
                gauge.remove(exporter)

    @contextmanager
    def in_flight(self, exporter: str) -> Generator[None]:
        """Count a request while it is under way."""
        gauge = self._in_flight.labels(exporter)
        gauge.inc()
        try:
            yield
        finally:
            gauge.dec()


class QueueCollector:
    """Tells Prometheus what the queue tells us, when it asks.

    The conservation law of `queue.base`, for each exporter and across every restart:
    put = delivered + dead + lost + waiting.
    """

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics as they are now."""
        sizes = self._outbox.sizes()
        yield _gauge("queue_bytes", "bytes that wait in the queue, as they lie on disk", sizes.bytes)
        yield _gauge("queue_capacity_bytes", "bytes the queue takes at most", sizes.max_bytes)
        yield _gauge("queue_records", "records that wait in the queue", sizes.records)
        yield _gauge("dead_letter_bytes", "bytes of dead letters", sizes.dead_bytes)
        yield _gauge("dead_letter_calls", "dead letters that are kept", sizes.dead_calls)
        yield CounterMetricFamily(
            "otel_bridge_queue_corrupt_records",
            "records that were damaged on disk and put aside",
            sizes.damaged,
        )
        yield _counter(
            "queue_refused_spans", "calls that the queue did not take, by why", "reason", sizes.refused
        )
        yield from self._of_exporters(sizes)

    def _of_exporters(self, sizes: QueueSizes) -> Iterator[Metric]:
        calls = CounterMetricFamily(
            "otel_bridge_queue_calls",
            "calls since the queue was made, by what became of them: put = delivered + dead + lost + waiting",
            labels=["exporter", "state"],
        )
        age = GaugeMetricFamily(
            "otel_bridge_queue_oldest_age_seconds", "how long the oldest call has waited", labels=["exporter"]
        )
        waiting = GaugeMetricFamily(
            "otel_bridge_queue_waiting_calls", "calls that wait for an exporter", labels=["exporter"]
        )
        lost = {total.destination: total.lost for total in sizes.totals}
        yield _counter("lost_spans", "calls that were acknowledged and then lost", "exporter", lost)
        for total in sizes.totals:
            name = total.destination
            age.add_metric([name], self._age(name, sizes.now))
            for state in ("put", "delivered", "dead"):
                calls.add_metric([name, state], getattr(total, state))
            waiting.add_metric([name], total.waiting)
        yield from (age, calls, waiting)

    def _age(self, name: str, now: int) -> int:
        oldest = [
            cursor.oldest_at
            for lane in self._outbox.lanes(name)
            for cursor in lane.cursors
            if cursor.destination == name and cursor.oldest_at is not None
        ]
        return max(0, now - min(oldest)) if oldest else 0


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"otel_bridge_{name}", text, value)


def _counter(name: str, text: str, label: str, counts: Mapping[str, int]) -> CounterMetricFamily:
    family = CounterMetricFamily(f"otel_bridge_{name}", text, labels=[label])
    for value, count in counts.items():
        family.add_metric([value], count)
    return family
