"""What is said when the client library is missing, or does not understand its settings."""

from __future__ import annotations

import sys

import pytest

from otel_bridge.errors import StartError
from otel_bridge.jobs.kafka.consumer import open_consumer
from otel_bridge.jobs.kafka.producer import open_producer
from otel_bridge.jobs.kafka.settings import KafkaSettings

OPENERS = pytest.mark.parametrize("opener", [open_producer, open_consumer])


@OPENERS
async def test_without_the_client_library_it_is_said_what_to_install(opener, monkeypatch):
    monkeypatch.setitem(sys.modules, "confluent_kafka", None)
    with pytest.raises(StartError, match=r'pip install "otel-bridge\[kafka\]"'):
        async with opener(KafkaSettings(brokers="127.0.0.1:9")):
            pass


@OPENERS
@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"properties": {"no.such.option": "1"}}, "no.such.option"),
        ({"tls": {"ca_file": "/nowhere/ca.pem"}}, "ca.location|ca.pem|certificate"),
    ],
)
async def test_settings_that_the_client_does_not_understand_are_told(opener, changes, why):
    settings = KafkaSettings.model_validate({"brokers": "127.0.0.1:9"} | changes)
    with pytest.raises(StartError, match=f"extensions.kafka: .*({why})"):
        async with opener(settings):
            pass
