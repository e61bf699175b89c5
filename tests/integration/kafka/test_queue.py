"""Jobs through a Kafka cluster: what is put comes out, is finished in any order, is never forgotten early."""

from __future__ import annotations

import asyncio
import json

from pydantic import SecretStr

from otel_bridge.jobs.base import ScoreCalls
from otel_bridge.model.scoring import EndedCall
from tests.integration.kafka.conftest import MOCK_AND_LATER_BROKER, taken
from tests.integration.kafka.records import committed, records

REF = "weave:///e/p/object/short:abc"


def a_message(*call_ids: str, **changes) -> ScoreCalls:
    return ScoreCalls(project_id="e/p", call_ids=call_ids or ("c1",), scorer_refs=(REF,), **changes)


def numbered(many: int) -> list[ScoreCalls]:
    return [a_message(f"c{number}") for number in range(many)]


def calls_of(many: int) -> list[str]:
    return [f"c{number}" for number in range(many)]


def calls(found) -> list[str]:
    return [one.message.call_ids[0] for one in found]


async def where(kafka) -> dict[int, int]:
    settings = kafka.settings
    return await asyncio.to_thread(
        committed, kafka.cluster.brokers, settings.group_id, settings.topic, kafka.partitions
    )


async def test_a_message_has_the_documented_json_and_key_and_ours_in_headers(kafka):
    async with kafka.producer() as producer:
        await producer.put([a_message("c1", "c2", wb_user_id="u", job_id="j", trigger_ref=REF, generation=3)])
    (found,) = await asyncio.to_thread(records, kafka.cluster.brokers, kafka.settings.topic, 1)
    assert found.key == b"e/p"
    assert json.loads(found.value) == {
        "project_id": "e/p",
        "call_ids": ["c1", "c2"],
        "scorer_refs": [REF],
        "wb_user_id": "u",
    }
    assert found.headers == {
        "otel-bridge-job-id": b"j",
        "otel-bridge-trigger-ref": REF.encode(),
        "otel-bridge-generation": b"3",
    }


async def test_a_backlog_that_was_put_before_any_worker_came_is_taken_whole(kafka):
    message = a_message("c1", job_id="j", generation=2)
    async with kafka.producer() as producer:
        await producer.put([message, *numbered(30)])
    async with kafka.consumer() as consumer:
        found = await taken(consumer, 31)
    assert message in [one.message for one in found]
    assert sorted(calls(found)) == sorted(["c1", *calls_of(30)])


async def test_ended_calls_come_out_too(kafka):
    ended = [EndedCall("e/p", "c1", 1_700_000_000_123_456), EndedCall("e/q", "c2", 1)]
    async with kafka.producer() as producer, kafka.consumer() as consumer:
        await producer.tell(ended)
        found = await taken(consumer, 2, ended=2)
    assert sorted((one.message for one in found), key=lambda one: one.call_id) == ended
    stored = await asyncio.to_thread(records, kafka.cluster.brokers, kafka.settings.call_ended_topic, 2)
    assert json.loads(next(one.value for one in stored if one.key == b"e/p")) == {
        "project_id": "e/p",
        "id": "c1",
        "ended_at": "2023-11-14T22:13:20.123456Z",
        "exception": None,
        "output": None,
        "summary": {},
    }


async def test_only_what_lies_before_the_oldest_unfinished_message_is_forgotten(make_kafka):
    kafka = make_kafka(partitions=1)
    async with kafka.producer() as producer:
        await producer.put(numbered(5))
    async with kafka.consumer() as consumer:
        found = await taken(consumer, 5)
        consumer.ack([one.receipt for at, one in enumerate(found) if at != 2])
    assert await where(kafka) == {0: 2}
    async with kafka.consumer() as consumer:
        again = await taken(consumer, 3)
        assert calls(again) == ["c2", "c3", "c4"]
        consumer.ack([one.receipt for one in again])
    assert await where(kafka) == {0: 5}


async def test_what_was_taken_and_not_finished_is_lent_again(kafka):
    async with kafka.producer() as producer:
        await producer.put(numbered(3))
    async with kafka.consumer() as consumer:
        await taken(consumer, 3)
    assert await where(kafka) == {}
    async with kafka.consumer() as consumer:
        assert sorted(calls(await taken(consumer, 3))) == calls_of(3)


@MOCK_AND_LATER_BROKER
async def test_a_slow_worker_holds_few_messages_and_stays_a_member(make_kafka):
    kafka = make_kafka(partitions=1, max_in_hand=4, session_timeout="1s")
    kafka.settings = kafka.but(
        properties=kafka.settings.properties | {"max.poll.interval.ms": SecretStr("1000")}
    )
    async with kafka.producer() as producer, kafka.consumer() as consumer:
        await producer.put(numbered(120))
        first = await taken(consumer, 4)
        fetched = consumer._jobs.window._messages
        await asyncio.sleep(2)  # twice what the group lets a member be silent
        assert consumer._jobs.window._messages == fetched < 120
        assert consumer.lost() == []
        consumer.ack([one.receipt for one in first])
        rest = 0
        while rest < 116:
            found = await taken(consumer, 1)
            consumer.ack([one.receipt for one in found])
            rest += len(found)
    assert await where(kafka) == {0: 120}
