"""When workers die, groups change, brokers stumble, and messages are garbage."""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import AsyncExitStack
from datetime import timedelta

import pytest
from confluent_kafka import Producer

from otel_bridge.errors import Unavailable
from tests.integration.kafka import mock as mocked
from tests.integration.kafka.conftest import MOCK_AND_LATER_BROKER, Kafka, taken
from tests.integration.kafka.records import records, write
from tests.integration.kafka.test_queue import a_message, calls, calls_of, numbered, where


async def test_what_a_killed_worker_held_is_lent_to_another(kafka):
    async with kafka.producer() as producer:
        await producer.put(numbered(8))
    short = kafka.but(session_timeout=timedelta(seconds=1))
    worker = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.integration.kafka.worker", short.in_the_clear(),
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        async with asyncio.timeout(60):
            held = set()
            while len(held) < 8:
                said, _, call_id = (await worker.stdout.readline()).decode().strip().partition(" ")
                held |= {call_id} if said == "took" else set()
    finally:
        worker.kill()
        await worker.wait()
    assert held == set(calls_of(8))
    async with kafka.consumer() as consumer:
        assert sorted(calls(await taken(consumer, 8))) == calls_of(8)


async def test_two_workers_share_the_work_and_one_that_leaves_hands_it_over(kafka):
    async with AsyncExitStack() as opened:
        producer = await opened.enter_async_context(kafka.producer())
        await producer.put(numbered(40))
        first = await opened.enter_async_context(kafka.consumer())
        held = await taken(first, 40)
        async with kafka.consumer() as second:
            given = await taken(second, 1)
            while not (lost := first.lost()):
                await first.take(1, ended=0, wait_seconds=1)
            lost = set(lost)
            kept = [one for one in held if one.receipt not in lost]
            first.ack([one.receipt for one in held])  # also what is the other one's now
            given += await taken(second, len(lost) - len(given))
            assert sorted(calls(given)) == sorted(calls([one for one in held if one.receipt in lost]))
            assert sorted(calls(given) + calls(kept)) == sorted(calls_of(40))
        again = await taken(first, len(given))
        assert sorted(calls(again)) == sorted(calls(given))
        first.ack([one.receipt for one in again])
    assert sum((await where(kafka)).values()) == 40


GARBAGE = {
    b"\xff\x00": "it cannot be understood",
    b'{"project_id":"e/p","call_ids":"c1","scorer_refs":[]}': "$.call_ids",
    b'{"project_id":"UHJvamVjdA==","call_ids":["c1"],"scorer_refs":[]}': "projects",
}


async def test_garbage_becomes_dead_letters_with_the_reason_and_stops_nobody(make_kafka):
    kafka = make_kafka(partitions=1)
    topic = kafka.settings.topic
    raw = Producer({"bootstrap.servers": kafka.cluster.brokers, "log_level": 0})
    for value in GARBAGE:
        await asyncio.to_thread(write, raw, topic, value)
    async with kafka.producer() as producer, kafka.consumer() as consumer:
        await producer.put([a_message("good")])
        (good,) = await taken(consumer, 1)
        assert good.message.call_ids == ("good",)
        dead = await asyncio.to_thread(records, kafka.cluster.brokers, kafka.settings.dead_letter_topic, 3)
        consumer.ack([good.receipt])
    assert {one.value for one in dead} == set(GARBAGE)
    for one in dead:
        assert GARBAGE[one.value] in one.headers["otel-bridge-reason"].decode()
        assert one.headers["otel-bridge-topic"] == topic.encode()
        assert one.headers["otel-bridge-partition"] == b"0"
    assert sorted(one.headers["otel-bridge-offset"] for one in dead) == [b"0", b"1", b"2"]
    assert await where(kafka) == {0: 4}


async def test_a_message_that_a_worker_gives_up_on_is_a_dead_letter_as_it_was(make_kafka):
    kafka = make_kafka(partitions=1)
    async with kafka.producer() as producer, kafka.consumer() as consumer:
        await producer.put([a_message("c1", job_id="j")])
        await consumer.bury(await taken(consumer, 1), "it killed 5 workers")
    (dead,) = await asyncio.to_thread(records, kafka.cluster.brokers, kafka.settings.dead_letter_topic, 1)
    assert json.loads(dead.value)["call_ids"] == ["c1"]
    assert dead.headers["otel-bridge-job-id"] == b"j"
    assert dead.headers["otel-bridge-reason"] == b"it killed 5 workers"
    assert await where(kafka) == {0: 1}


@MOCK_AND_LATER_BROKER
async def test_with_the_brokers_away_jobs_are_refused_and_workers_wait_and_all_goes_on_afterwards(kafka):
    kafka.settings = kafka.but(timeout=timedelta(seconds=1))
    async with kafka.producer() as producer, kafka.consumer() as consumer:
        await producer.put([a_message("before")])
        (before,) = await taken(consumer, 1)
        await asyncio.to_thread(kafka.cluster.stop)
        with pytest.raises(Unavailable, match="Kafka has not kept the scoring jobs"):
            await producer.put([a_message("meanwhile")])
        assert await consumer.take(1, ended=0, wait_seconds=0) == []
        await asyncio.to_thread(kafka.cluster.start)
        await until_put(producer, a_message("after"))
        found = await taken_until(consumer, "after")
        consumer.ack([before.receipt, *(one.receipt for one in found)])
    assert "after" in calls(found)
    assert sum((await where(kafka)).values()) == len({"before", *calls(found)})


async def until_put(producer, message):
    async with asyncio.timeout(60):
        while True:
            try:
                return await producer.put([message])
            except Unavailable:
                await asyncio.sleep(0.1)


async def taken_until(consumer, call_id: str) -> list:
    found: list = []
    async with asyncio.timeout(60):
        while call_id not in calls(found):
            found += await consumer.take(10, ended=0, wait_seconds=1)
    return found


async def test_a_worker_and_a_bridge_may_start_before_the_brokers_do(mock):
    kafka = Kafka(mock, timeout="1s")
    await asyncio.to_thread(mock.stop)
    try:
        async with kafka.producer() as producer, kafka.consumer() as consumer:
            with pytest.raises(Unavailable):
                await producer.put([a_message("early")])
            await asyncio.to_thread(mock.start)
            await until_put(producer, a_message("late"))
            assert "late" in calls(await taken_until(consumer, "late"))
    finally:
        await asyncio.to_thread(mock.start)


async def test_a_topic_that_does_not_exist_is_named_and_used_once_it_does(broker):
    kafka = Kafka(broker)
    kafka.settings = kafka.but(topic=f"{kafka.settings.topic}.later")
    async with kafka.producer() as producer, kafka.consumer() as consumer:
        with pytest.raises(Unavailable, match=f"no topic {kafka.settings.topic}"):
            await producer.put([a_message("early")])
        await asyncio.to_thread(broker.create_topics, kafka.settings.topic, partitions=4)
        await until_put(producer, a_message("late"))
        assert calls(await taken(consumer, 1)) == ["late"]


async def test_an_answer_that_got_lost_puts_nothing_twice(mock):
    kafka = Kafka(mock, partitions=1)
    mock.fail_next(mocked.PRODUCE, mocked.NOT_LEADER)
    async with kafka.producer() as producer:
        await producer.put([a_message("c1")])
        await producer.put([a_message("c2")])
    async with kafka.consumer() as consumer:
        assert calls(await taken(consumer, 2)) == ["c1", "c2"]


async def test_a_producer_that_failed_for_good_is_replaced(mock):
    kafka = Kafka(mock)
    mock.fail_next(mocked.INIT_PRODUCER_ID, mocked.CLUSTER_AUTHORIZATION_FAILED)
    async with kafka.producer() as producer:
        with pytest.raises(Unavailable):
            await producer.put([a_message("c1")])
        await until_put(producer, a_message("c2"))
    async with kafka.consumer() as consumer:
        assert "c2" in calls(await taken_until(consumer, "c2"))


async def test_dead_letters_wait_until_their_topic_can_be_written(mock):
    kafka = Kafka(mock, partitions=1, timeout="1s")
    mock.refuse_topic(kafka.settings.dead_letter_topic, mocked.UNKNOWN_TOPIC)
    raw = Producer({"bootstrap.servers": mock.brokers, "log_level": 0})
    await asyncio.to_thread(write, raw, kafka.settings.topic, b"garbage")
    async with kafka.producer() as producer, kafka.consumer() as consumer:
        await producer.put([a_message("good")])
        (good,) = await taken(consumer, 1)
        consumer.ack([good.receipt])
        assert await where(kafka) == {}
        mock.refuse_topic(kafka.settings.dead_letter_topic, 0)
        await asyncio.to_thread(records, mock.brokers, kafka.settings.dead_letter_topic, 1)
    assert await where(kafka) == {0: 2}
