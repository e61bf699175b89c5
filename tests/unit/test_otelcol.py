"""A Collector's names for what the bridge counts."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from otel_bridge.errors import UnknownPath
from otel_bridge.exporter.metrics import ExporterMetrics, QueueCollector
from otel_bridge.exposition import exposition
from otel_bridge.otelcol import PREFIX, ROWS
from otel_bridge.queue.base import QueueSizes, Totals
from otel_bridge.telemetry import Shown, Telemetry, dropped_by, passed_by

PAGE = (Path(__file__).parents[2] / "docs" / "operations.md").read_text()
OTELCOL = Shown(compat="otelcol")


SIZES = QueueSizes(
    now=0,
    bytes=100,
    max_bytes=1000,
    records=2,
    dead_bytes=0,
    dead_calls=0,
    damaged=0,
    totals=(Totals(destination="weave"), Totals(destination="weave/audit")),
    refused={"full": 3, "disk": 2},
)


class Outbox:
    """A queue with something in it, for two exporters."""

    def sizes(self) -> QueueSizes:
        return SIZES

    def lanes(self, _name):
        return []


@pytest.fixture
def telemetry():
    telemetry = Telemetry(OTELCOL)
    telemetry.registry.register(QueueCollector(Outbox()))
    return telemetry


async def lines(telemetry) -> set[str]:
    return set((await exposition(telemetry)).decode().splitlines())


async def test_spans_of_receivers_by_their_outcome(telemetry):
    for outcome, count in (("accepted", 5), ("refused", 2), ("rejected", 1), ("failed", 4)):
        telemetry.received("traces", outcome, count, transport="grpc", encoding="protobuf")
    telemetry.received("traces", "accepted", 1, transport="grpc", encoding="json")
    labels = '{receiver="otlp",transport="grpc"}'
    assert {
        f"otelcol_receiver_accepted_spans{labels} 6.0",
        f"otelcol_receiver_accepted_spans_total{labels} 6.0",
        f"otelcol_receiver_refused_spans{labels} 3.0",
        f"otelcol_receiver_failed_spans{labels} 4.0",
    } <= await lines(telemetry)


async def test_what_exporters_sent_and_what_they_could_not_send(telemetry):
    metrics = ExporterMetrics(telemetry)
    metrics.sent("weave", 7, 4000)
    metrics.dead_lettered("weave")
    metrics.retried("weave", 3)
    assert {
        'otelcol_exporter_sent_spans{exporter="weave"} 7.0',
        'otelcol_exporter_send_failed_spans{exporter="weave"} 1.0',
        'otelcol_exporter_queue_batch_send_size_sum{exporter="weave"} 7.0',
        'otelcol_exporter_queue_batch_send_size_bytes_count{exporter="weave"} 1.0',
    } <= await lines(telemetry)


async def test_each_exporter_has_the_one_queue(telemetry):
    found = await lines(telemetry)
    for name in ("weave", "weave/audit"):
        assert f'otelcol_exporter_queue_size{{exporter="{name}"}} 100.0' in found
        assert f'otelcol_exporter_queue_capacity{{exporter="{name}"}} 1000.0' in found
        assert f'otelcol_exporter_enqueue_failed_spans{{exporter="{name}"}} 5.0' in found


async def test_what_processors_saw_and_left(telemetry):
    telemetry.notes(
        {
            passed_by("filter", "incoming"): 10,
            passed_by("filter", "outgoing"): 4,
            dropped_by("filter", "filtered"): 6,
        }
    )
    labels = '{otel_signal="traces",processor="filter"}'
    assert {
        f"otelcol_processor_incoming_items{labels} 10.0",
        f"otelcol_processor_outgoing_items{labels} 4.0",
        'otel_bridge_processor_dropped_spans_total{outcome="filtered",processor="filter"} 6.0',
    } <= await lines(telemetry)


async def test_the_process_is_told_of(telemetry):
    text = "\n".join(await lines(telemetry))
    for name in ("process_uptime", "process_memory_rss", "process_cpu_seconds"):
        assert float(re.search(rf"^otelcol_{name} (\S+)$", text, re.MULTILINE)[1]) >= 0


async def test_without_compat_there_are_the_bridges_names_only():
    assert PREFIX not in (await exposition(Telemetry())).decode()


async def test_basic_has_no_histograms():
    everything, basic = Telemetry(), Telemetry(Shown(level="basic"))
    for telemetry in (everything, basic):
        telemetry.synced(0.01)
    assert "_bucket" in (await exposition(everything)).decode()
    assert "_bucket" not in (await exposition(basic)).decode()
    assert "otel_bridge_worker_restarts_total" in (await exposition(basic)).decode()


async def test_none_has_nothing():
    with pytest.raises(UnknownPath, match=r"service\.telemetry\.metrics\.level is none"):
        await exposition(Telemetry(Shown(level="none")))


def test_the_page_names_all_of_them():
    named = set(re.findall(r"`(otelcol_\w+)`", PAGE))
    items = {name.replace("_spans", "_log_records") for name in named if name.startswith("otelcol_receiver")}
    rows = {PREFIX + row.name for row in ROWS} | {f"{PREFIX}process_uptime"}
    assert named | items == rows
    assert {row.ours for row in ROWS if row.ours.startswith("otel_bridge")} - _on_the_page() == set()


def _on_the_page() -> set[str]:
    return set(re.findall(r"`(otel_bridge_\w+)`", PAGE))


async def test_the_page_names_every_metric_there_is(telemetry):
    ExporterMetrics(telemetry)
    families = [*telemetry.registry.collect(), *telemetry.of_files.collect()]
    names = {f.name + "_total" * (f.type == "counter") for f in families}
    assert {name for name in names if name.startswith("otel_bridge")} - _on_the_page() == set()
