"""The names that an OpenTelemetry Collector gives its own metrics, for dashboards that know those.

`contract/pipeline-config.md` part 6. Each is made of ours when somebody asks: nothing is counted twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import Struct
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from prometheus_client.samples import Sample

PREFIX: Final = "otelcol_"
_RECEIVER: Final = {"receiver": "otlp"}
_SPANS: Final = {"otel_signal": "traces"}
_BUCKETS: Final = ("_bucket", "_sum", "_count")


class Row(Struct, frozen=True, kw_only=True):
    """One of their metrics: `ours`, those with a label `by` of these values, by `labels`, added up.

    `fixed` are labels of theirs that have one value here. `of_queue`: the queue is all exporters', so each of
    them is said to have it.
    """

    name: str
    ours: str
    by: tuple[str, tuple[str, ...]] | None = None
    labels: tuple[str, ...] = ()
    fixed: Mapping[str, str] = {}
    kind: str = "counter"
    of_queue: bool = False


def _received(items: str) -> tuple[Row, ...]:
    ours = f"otel_bridge_receiver_{items}_total"
    outcomes = {"accepted": ("accepted",), "refused": ("refused", "rejected"), "failed": ("failed",)}
    return tuple(
        Row(
            name=f"receiver_{name}_{items}",
            ours=ours,
            by=("outcome", mine),
            labels=("transport",),
            fixed=_RECEIVER,
        )
        for name, mine in outcomes.items()
    )


def _exported(name: str, *outcomes: str) -> Row:
    ours = "otel_bridge_exporter_calls_total"
    return Row(name=f"exporter_{name}_spans", ours=ours, by=("outcome", outcomes), labels=("exporter",))


def _processed(direction: str) -> Row:
    ours = "otel_bridge_processor_spans_total"
    name = f"processor_{direction}_items"
    return Row(name=name, ours=ours, by=("direction", (direction,)), labels=("processor",), fixed=_SPANS)


ROWS: Final = (
    *_received("spans"),
    *_received("log_records"),
    _exported("sent", "sent"),
    _exported("send_failed", "rejected", "dead_lettered"),
    Row(name="exporter_enqueue_failed_spans", ours="otel_bridge_queue_refused_spans_total", of_queue=True),
    Row(name="exporter_queue_size", ours="otel_bridge_queue_bytes", kind="gauge", of_queue=True),
    Row(name="exporter_queue_capacity", ours="otel_bridge_queue_capacity_bytes", kind="gauge", of_queue=True),
    Row(
        name="exporter_in_flight_requests",
        ours="otel_bridge_exporter_in_flight",
        labels=("exporter",),
        kind="gauge",
    ),
    Row(
        name="exporter_queue_batch_send_size",
        ours="otel_bridge_exporter_batch_calls",
        labels=("exporter",),
        kind="histogram",
    ),
    Row(
        name="exporter_queue_batch_send_size_bytes",
        ours="otel_bridge_exporter_batch_bytes",
        labels=("exporter",),
        kind="histogram",
    ),
    _processed("incoming"),
    _processed("outgoing"),
    Row(name="process_memory_rss", ours="process_resident_memory_bytes", kind="gauge"),
    Row(name="process_cpu_seconds", ours="process_cpu_seconds_total"),
)
"""Their metrics, without the prefix and without `_total`."""
_EXPORTERS_OF_QUEUE: Final = "otel_bridge_queue_waiting_calls"
_STARTED: Final = "process_start_time_seconds"


def collector_families(families: Iterable[Metric], now: float) -> Iterator[Metric]:
    """Yield their metrics, made of ours. `now` is in seconds since the Unix epoch.

    Counters come twice: under the old name, and with `_total` as newer Collectors write it.
    """
    samples: dict[str, list[Sample]] = {}
    for family in families:
        for sample in family.samples:
            samples.setdefault(sample.name, []).append(sample)
    for row in ROWS:
        if row.kind == "histogram":
            yield _histogram(row, samples)
        else:
            yield from _numbers(row.name, row.kind, _added(row, samples))
    for started in samples.get(_STARTED, ()):
        yield from _numbers("process_uptime", "counter", {(): max(0.0, now - started.value)})


def _added(row: Row, samples: Mapping[str, list[Sample]]) -> dict[tuple[tuple[str, str], ...], float]:
    """Add ours up by the labels of theirs."""
    found: dict[tuple[tuple[str, str], ...], float] = {}
    for sample in samples.get(row.ours, ()):
        if row.by is not None and sample.labels[row.by[0]] not in row.by[1]:
            continue
        labels = {**row.fixed, **{name: sample.labels[name] for name in row.labels}}
        key = tuple(sorted(labels.items()))
        found[key] = found.get(key, 0.0) + sample.value
    if not row.of_queue:
        return found
    exporters = [sample.labels["exporter"] for sample in samples.get(_EXPORTERS_OF_QUEUE, ())]
    return {(("exporter", name),): sum(found.values()) for name in exporters}


def _numbers(name: str, kind: str, values: Mapping[tuple[tuple[str, str], ...], float]) -> Iterator[Metric]:
    names = [label for label, _ in next(iter(values), ())]
    text = f"as {PREFIX}{name} of a Collector"
    families: list[Metric] = [GaugeMetricFamily(PREFIX + name, text, labels=names)]
    if kind == "counter":
        families = [
            Metric(PREFIX + name, text, "unknown"),
            CounterMetricFamily(PREFIX + name, text, labels=names),
        ]
    for family in families:
        suffix = "_total" if family.type == "counter" else ""
        for labels, value in values.items():
            family.add_sample(PREFIX + name + suffix, dict(labels), value)
        if family.samples:
            yield family


def _histogram(row: Row, samples: Mapping[str, list[Sample]]) -> Metric:
    family = Metric(PREFIX + row.name, f"as {PREFIX}{row.name} of a Collector", "histogram")
    for suffix in _BUCKETS:
        for sample in samples.get(row.ours + suffix, ()):
            family.add_sample(PREFIX + row.name + suffix, sample.labels, sample.value)
    return family
