"""Clusters to talk to: the mock one everywhere, a real broker where there is Java; topics of a test's own."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from blockbuster import blockbuster_ctx

from otel_bridge.jobs.kafka.consumer import open_consumer
from otel_bridge.jobs.kafka.producer import open_producer
from otel_bridge.jobs.kafka.settings import KafkaSettings
from tests.integration.kafka.broker import real_broker
from tests.integration.kafka.mock import mock_cluster

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator

    from otel_bridge.jobs.kafka.consumer import KafkaConsumer
    from otel_bridge.jobs.kafka.producer import KafkaProducer

FAST = {
    "heartbeat.interval.ms": 200,
    "reconnect.backoff.ms": 20,
    "reconnect.backoff.max.ms": 200,
    "fetch.wait.max.ms": 50,
    "fetch.error.backoff.ms": 100,
    "topic.metadata.refresh.interval.ms": 1000,
}


@pytest.fixture(autouse=True)
def never_blocked() -> Iterator[None]:
    with blockbuster_ctx("otel_bridge"):
        yield


@pytest.fixture(scope="session")
def broker(tmp_path_factory):
    with real_broker(tmp_path_factory.mktemp("kafka")) as running:
        yield running


@pytest.fixture(scope="session")
def mock():
    with mock_cluster() as running:
        yield running


@pytest.fixture(params=["mock", "broker"])
def cluster(request):
    return request.getfixturevalue(request.param)


MOCK_AND_LATER_BROKER = pytest.mark.parametrize(
    "cluster", ["mock", pytest.param("broker", marks=pytest.mark.long)], indirect=True
)
"""For tests that take long on a real broker, most of it waiting."""


def topics_of(cluster, *, partitions: int) -> dict[str, object]:
    """Make topics of a test's own, and name them as settings do."""
    name = uuid4().hex[:12]
    topics = {
        "topic": f"score_calls.{name}",
        "call_ended_topic": f"call_ended.{name}",
        "dead_letter_topic": f"dead_letter.{name}",
    }
    cluster.create_topics(*topics.values(), partitions=partitions)
    return topics | {"group_id": f"group.{name}"}


class Kafka:
    """The queue of one test."""

    def __init__(self, cluster, **settings) -> None:
        self.cluster = cluster
        self.partitions = settings.pop("partitions", 4)
        self.settings = KafkaSettings.model_validate(
            {"brokers": cluster.brokers, "session_timeout": "3s", "properties": FAST}
            | topics_of(cluster, partitions=self.partitions)
            | settings
        )

    @property
    def extension(self) -> dict[str, object]:
        """The queue as a configuration file has it."""
        return json.loads(self.settings.in_the_clear())

    def but(self, **settings) -> KafkaSettings:
        return self.settings.model_copy(update=settings)

    @asynccontextmanager
    async def producer(self) -> AsyncGenerator[KafkaProducer]:
        async with open_producer(self.settings) as producer:
            yield producer

    @asynccontextmanager
    async def consumer(self, **settings) -> AsyncGenerator[KafkaConsumer]:
        async with open_consumer(self.but(**settings)) as consumer:
            yield consumer


@pytest.fixture
def make_kafka(cluster):
    return lambda **settings: Kafka(cluster, **settings)


@pytest.fixture
def kafka(make_kafka) -> Kafka:
    return make_kafka()


async def taken(consumer, count: int, *, limit: int = 100, ended: int = 0) -> list:
    """Take exactly so many messages, however many at a time they come."""
    found: list = []
    async with asyncio.timeout(60):
        while len(found) < count:
            found += await consumer.take(min(limit, count - len(found)), ended=ended, wait_seconds=1)
    return found
