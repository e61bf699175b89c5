"""What lies in a topic, and where a group stands, read by a client that knows nothing of the bridge."""

from __future__ import annotations

import time
from contextlib import closing
from typing import NamedTuple

from confluent_kafka import Consumer, TopicPartition

SECONDS = 60


class Found(NamedTuple):
    partition: int
    key: bytes
    value: bytes
    headers: dict[str, bytes]


def records(brokers: str, topic: str, count: int) -> list[Found]:
    """Wait until a topic holds so many messages, and return all that it holds then."""
    settings = {"bootstrap.servers": brokers, "group.id": "reader", "log_level": 0}
    with closing(Consumer(settings)) as consumer:
        partitions = [
            TopicPartition(topic, one, 0)
            for one in consumer.list_topics(topic, SECONDS).topics[topic].partitions
        ]
        deadline = time.monotonic() + SECONDS
        while (held := sum(consumer.get_watermark_offsets(one, SECONDS)[1] for one in partitions)) < count:
            assert time.monotonic() < deadline, f"{held} messages in {topic}"
            time.sleep(0.05)
        consumer.assign(partitions)
        found: list[Found] = []
        while len(found) < held and time.monotonic() < deadline:
            message = consumer.poll(1)
            if message is not None and message.error() is None:
                headers = dict(message.headers() or ())
                found.append(Found(message.partition(), message.key(), message.value(), headers))
        assert len(found) == held
        return found


def committed(brokers: str, group: str, topic: str, partitions: int) -> dict[int, int]:
    """Return up to where a group has finished each partition of which it has finished something."""
    settings = {"bootstrap.servers": brokers, "group.id": group, "log_level": 0}
    with closing(Consumer(settings)) as consumer:
        asked = [TopicPartition(topic, number) for number in range(partitions)]
        found = consumer.committed(asked, timeout=SECONDS)
        return {one.partition: one.offset for one in found if one.offset >= 0}


def write(producer, topic: str, value: bytes | None, *, key: bytes = b"e/p", partition: int = -1) -> None:
    """Write a message and wait until it is kept."""
    producer.produce(topic, value, key, partition)
    assert producer.flush(SECONDS) == 0
