"""Exporters at the ends of pipelines: each gets what its pipeline makes; for some senders wait."""

from __future__ import annotations

import os
from base64 import b64encode

import pytest
import zstandard

from tests.e2e import client
from tests.e2e.process import running
from tests.e2e.test_pipelines import (
    CARD,
    HIDDEN,
    PROJECT,
    SECRET,
    a_config,
    calls_of,
    post_otlp,
    secrets_request,
)
from tests.integration.otlp.metrics import delivered, eventually, metric
from tests.integration.otlp.sink import listening

EXPORTED = "otel_bridge_exporter_calls_total"
DROPPED = "otel_bridge_processor_dropped_spans_total"
QUICK = {"sending_queue": {"batch": {"flush_timeout": "20ms"}},
         "retry_on_failure": {"initial_interval": "20ms", "max_interval": "100ms"}}  # fmt: skip


def test_each_exporter_gets_what_its_pipeline_makes_and_nothing_is_unaccounted_for(tmp_path):
    archive = tmp_path / "out" / "spans.jsonl.zst"
    with listening() as sampled, listening() as whole:
        config = a_config(
            tmp_path / "bridge.json",
            processors={"redaction": HIDDEN, "probabilistic_sampler": {"sampling_percentage": 50}},
            exporters={
                "store": {"default_project": PROJECT},
                "file": {"path": str(archive), "compression": "zstd"},
                "debug": {"verbosity": "detailed"},
                "otlp_http/sampled": {"endpoint": sampled.url, **QUICK},
                "otlp_http/whole": {"endpoint": whole.url, **QUICK},
            },
            service={
                "pipelines": {
                    "traces": {
                        "receivers": ["otlp", "weave_api"],
                        "processors": ["redaction"],
                        "exporters": ["store", "file", "debug"],
                    },
                    "traces/sampled": {
                        "receivers": ["otlp"],
                        "processors": ["redaction", "probabilistic_sampler"],
                        "exporters": ["otlp_http/sampled"],
                    },
                    "traces/whole": {"receivers": ["otlp"], "exporters": ["otlp_http/whole"]},
                }
            },
        )
        with running(tmp_path / "data", config) as bridge:
            for _ in range(40):
                request = secrets_request()
                (span,) = request.resource_spans[0].scope_spans[0].spans
                span.trace_id, span.span_id = os.urandom(16), os.urandom(8)
                assert post_otlp(bridge, request)[0] == 200
            delivered(bridge)

            def outcome(name: str, exporter: str) -> float:
                return metric(bridge, EXPORTED, exporter=exporter, outcome=name)

            dropped = metric(bridge, DROPPED, processor="probabilistic_sampler", outcome="sampled_out")
            eventually(lambda: outcome("sent", "otlp_http/whole") == 40)
            assert 0 < dropped < 40
            assert outcome("sent", "otlp_http/sampled") + dropped == 40
            eventually(lambda: outcome("sent", "file") == outcome("sent", "debug") == 40)
            assert len(calls_of(bridge)) == 40
    assert len(sampled.counts()) == 40 - dropped
    assert {span.trace_state for request in sampled.taken for span in request.spans} == {"ot=th:8"}
    with zstandard.open(archive, "rb") as file:
        kept = file.read()
    assert len(kept.splitlines()) == 40
    passed = b"".join(request.body.SerializeToString() for request in sampled.taken)
    for secret in (SECRET.encode(), CARD.encode()):
        assert secret not in kept + passed + bridge.log.encode()
        assert all(secret in request.body.SerializeToString() for request in whole.taken)
    assert b"****" in kept
    assert b"****" in passed


@pytest.fixture(scope="module")
def waiting(tmp_path_factory):
    """A bridge with two files, of which senders wait for one, and a receiver that nobody waits for."""
    folder = tmp_path_factory.mktemp("waiting")
    files = {"file": folder / "one" / "spans.jsonl", "file/optional": folder / "two" / "spans.jsonl"}
    exporters = {
        "file": {"path": str(files["file"])},
        "file/optional": {"path": str(files["file/optional"]), "required": False},
        "otlp_http": {"endpoint": "http://127.0.0.1:9", "required": False, **QUICK},
    }
    exporters["otlp_http"]["sending_queue"] = {"queue_size": "16MiB"}
    config = a_config(
        folder / "bridge.json",
        exporters=exporters,
        service={"pipelines": {"traces": {"receivers": ["otlp", "weave_api"], "exporters": [*exporters]}}},
    )
    with running(folder / "data", config, "--shutdown-timeout=1s") as bridge:
        yield bridge, files


def spoil(path) -> None:
    """Put a directory where the file was."""
    path.rename(path.with_suffix(".kept"))
    path.mkdir()


def test_a_file_that_is_required_makes_senders_wait_until_it_can_be_written(waiting):
    bridge, files = waiting
    assert client.export(bridge.http, client.a_request(2)) == 200
    spoil(files["file"])
    request = client.a_request(3)
    assert client.export(bridge.http, request) == 503
    files["file"].rmdir()
    assert client.export(bridge.http, request) == 200
    assert files["file"].read_bytes().count(b'"spanId"') == 3


def test_a_file_that_is_not_required_counts_what_it_misses_and_nobody_waits(waiting):
    bridge, files = waiting
    spoil(files["file/optional"])
    assert client.export(bridge.http, client.a_request(4)) == 200
    eventually(lambda: metric(bridge, EXPORTED, exporter="file/optional", outcome="missed") == 4)
    files["file/optional"].rmdir()
    assert client.export(bridge.http, client.a_request(5)) == 200
    assert files["file/optional"].read_bytes().count(b'"spanId"') == 5


def test_a_receiver_that_is_not_required_and_away_never_makes_senders_wait(waiting):
    """It would fill the queue of 16 MiB; instead the oldest become dead letters."""
    bridge, _ = waiting
    text = b64encode(os.urandom(800_000)).decode()  # it does not compress much
    for _ in range(26):
        assert client.export(bridge.http, client.a_request(1, text=text)) == 200
    eventually(lambda: metric(bridge, "otel_bridge_dead_letter_calls") > 0)
