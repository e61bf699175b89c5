"""What of another configuration needs a restart: said by the keys people write."""

from __future__ import annotations

from pathlib import Path

import pytest

from otel_bridge.config import BridgeConfig, Endpoint
from otel_bridge.exporter.settings import WeaveSettings
from otel_bridge.jobs.kafka.settings import KafkaSettings
from otel_bridge.service.keeping import settings_beside, writer_settings
from otel_bridge.service.restarting import NeedsRestart, needs_restart

WEAVE = WeaveSettings(endpoint="http://127.0.0.1:1")
MIB = 1 << 20


def keys(before: BridgeConfig, after: BridgeConfig, *, grpc_bytes: int = 64 * MIB):
    kept = writer_settings(before)
    return list(needs_restart(before, after, (kept, settings_beside(after, kept)), grpc_bytes=grpc_bytes))


@pytest.fixture
def config(tmp_path):
    """A bridge with this said of it, in a directory of its own."""

    def make(**said):
        return BridgeConfig(**{"data_dir": tmp_path, **said})

    return make


def test_the_same_again_needs_none(config):
    assert keys(config(), config()) == []


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ({}, {"data_dir": Path("/elsewhere")}, ["service.data_dir or exporters.store.path"]),
        ({}, {"store": False, "upstreams": (WEAVE,)}, ["exporters.store, which pipelines name no more"]),
        ({"store": False, "upstreams": (WEAVE,)}, {}, ["exporters.store"]),
        (
            {"upstreams": (WEAVE,)},
            {"upstreams": (WEAVE,), "queue_dir": Path("/elsewhere")},
            ["extensions.file_storage.directory"],
        ),
        (
            {"upstreams": (WEAVE,)},
            {"upstreams": (WEAVE,), "dead_letter_dir": Path("/elsewhere")},
            ["dead_letter.directory of exporters"],
        ),
        (
            {},
            {"kafka": KafkaSettings(brokers=["127.0.0.1:1"])},
            ["extensions.kafka or receivers.weave_api.scoring.jobs"],
        ),
    ],
    ids=["data directory", "store gone", "store new", "queue", "dead letters", "kafka"],
)
def test_what_lies_somewhere_stays_there(config, before, after, said):
    assert keys(config(**before), config(**after)) == said


@pytest.mark.parametrize(
    "after",
    [
        {"retention": None},
        {"default_project": "a/b"},
        {"log_level": "debug"},
        {"logs": "on"},
        {"upstreams": (WEAVE,)},
        {"upstreams": (WEAVE,), "queue_dir": Path("/elsewhere")},
        {"api": Endpoint(host="127.0.0.1", port=1)},
        {"otlp_grpc": None},
        {"otlp_grpc_size": MIB},
    ],
    ids=lambda after: next(iter(after)),
)
def test_everything_else_is_taken_over(config, after):
    assert keys(config(), config(**after)) == []


def test_a_message_over_grpc_may_not_become_larger_than_its_listener_takes(config):
    small = {"otlp_grpc_size": 4 * MIB}
    (said,) = keys(config(**small), config(otlp_grpc_size=5 * MIB), grpc_bytes=4 * MIB)
    assert said.startswith("receivers.otlp.protocols.grpc.max_recv_msg_size_mib, more than 4")
    elsewhere = config(otlp_grpc_size=5 * MIB, otlp_grpc=Endpoint(host="127.0.0.1", port=1))
    assert keys(config(**small), elsewhere, grpc_bytes=4 * MIB) == []


def test_the_error_names_every_key():
    assert str(NeedsRestart(["a.b", "c"])) == "needs a restart: a.b, c"


def test_a_queue_stays_open_for_what_waits_in_it(config):
    kept = writer_settings(config(upstreams=(WEAVE,)))
    beside = settings_beside(config(), kept)
    assert beside.queue is not None
    assert (beside.queue.path, beside.queue.destinations) == (kept.queue.path, ())
