"""Takes messages on the event loop, and keeps aside what cannot be understood."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Final

from otel_bridge.backoff import Backoff, Retry
from otel_bridge.errors import Unavailable
from otel_bridge.jobs.kafka.driver import load_driver
from otel_bridge.jobs.kafka.fetching import Fetcher
from otel_bridge.jobs.kafka.options import consumer_options
from otel_bridge.jobs.kafka.producer import KafkaProducer, Record
from otel_bridge.jobs.kafka.window import Window
from otel_bridge.jobs.message import ended_of, score_of
from otel_bridge.jobs.names import Names
from otel_bridge.telemetry import log

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterable, Sequence

    from otel_bridge.jobs.base import Receipt, Taken
    from otel_bridge.jobs.kafka.fetching import Read
    from otel_bridge.jobs.kafka.settings import KafkaSettings
    from otel_bridge.jobs.kafka.window import Fetched

REASON: Final = "otel-bridge-reason"
TOPIC: Final = "otel-bridge-topic"
PARTITION: Final = "otel-bridge-partition"
OFFSET: Final = "otel-bridge-offset"
MAX_REASON_CHARS: Final = 1000
RETRY: Final = Retry(initial_interval=2.0, max_interval=60.0, multiplier=2.0)
"""When dead letters are sent again that the brokers did not take."""


class _Member:
    """A member of one group, for one topic: what it has in hand, and the thread that fetches it."""

    def __init__(
        self, settings: KafkaSettings, group_id: str, topic: str, read: Read, awake: Callable[[], None]
    ) -> None:
        self.topic: Final = topic
        self.window: Final = Window(settings.max_in_hand)
        self.fetcher: Final = Fetcher(consumer_options(settings, group_id), topic, read, self.window, awake)


class KafkaConsumer:
    """The `JobConsumer` of Kafka: a member of the group that scores, and of the one for ended calls."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._loop = asyncio.get_running_loop()
        self._dead_letter_topic = settings.dead_letter_topic
        names = Names(settings.projects)
        self._jobs = _Member(
            settings, settings.group_id, settings.topic, partial(score_of, names=names), self._awake
        )
        self._ended = _Member(
            settings,
            settings.call_ended_group_id,
            settings.call_ended_topic,
            lambda value, _: ended_of(value, names),
            self._awake,
        )
        self._members = (self._jobs, self._ended)
        self._producer = KafkaProducer(settings)
        self._some = asyncio.Event()
        self._bad = asyncio.Event()

    async def take(self, limit: int, *, ended: int, wait_seconds: float) -> Sequence[Taken]:
        """Lend messages; see `JobConsumer.take`."""
        self._some.clear()
        taken = self._take(limit, ended)
        if not taken and wait_seconds > 0:
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_seconds):
                    await self._some.wait()
            taken = self._take(limit, ended)
        return taken

    def ack(self, receipts: Sequence[Receipt]) -> None:
        """Finish messages; see `JobConsumer.ack`. The threads commit them a moment later."""
        for member in self._members:
            member.window.finish([one for one in receipts if one.topic == member.topic])

    async def bury(self, taken: Sequence[Taken], reason: str) -> None:
        """Keep messages as dead letters; see `JobConsumer.bury`."""
        held = [member.window.held(one.receipt) for one in taken for member in self._members]
        await self._bury([(one, reason) for one in held if one is not None])

    def lost(self) -> Sequence[Receipt]:
        """Tell which messages are somebody else's now; see `JobConsumer.lost`."""
        return [receipt for member in self._members for receipt in member.window.lost()]

    async def open(self) -> None:
        """Join the groups; raise StartError for settings that make no sense."""
        for member in self._members:
            await asyncio.to_thread(member.fetcher.start)

    async def close(self) -> None:
        """Commit what is finished and leave the groups."""
        await asyncio.gather(*(asyncio.to_thread(member.fetcher.stop) for member in self._members))
        await self._producer.close()

    async def bury_unreadable(self) -> None:
        """Keep aside whatever cannot be understood, as it comes; until cancelled."""
        while True:
            await self._bad.wait()
            self._bad.clear()
            found = [one for member in self._members for one in member.window.take_unreadable()]
            if found:
                await self._until_buried(
                    [(one, f"it cannot be understood: {one.unreadable}") for one in found]
                )

    def _take(self, limit: int, ended: int) -> list[Taken]:
        return self._jobs.window.take(limit) + self._ended.window.take(ended)

    async def _until_buried(self, letters: Sequence[tuple[Fetched, str]]) -> None:
        backoff = Backoff(RETRY)
        while True:
            try:
                return await self._bury(letters)
            except Unavailable as error:
                log().warning("kafka_messages_not_buried", messages=len(letters), reason=str(error))
                await asyncio.sleep(backoff.next())

    async def _bury(self, letters: Iterable[tuple[Fetched, str]]) -> None:
        letters = list(letters)
        await self._producer.send([self._letter(one, reason) for one, reason in letters])
        for one, reason in letters:
            where = one.receipt
            log().error(
                "kafka_message_buried",
                topic=where.topic, partition=where.partition, offset=where.offset, reason=reason,
            )  # fmt: skip
        self.ack([one.receipt for one, _ in letters])

    def _letter(self, one: Fetched, reason: str) -> Record:
        """Return a message as it was, with the reason and the place it comes from in its headers."""
        where = one.receipt
        ours: list[tuple[str, bytes | None]] = [
            (REASON, reason[:MAX_REASON_CHARS].encode(errors="replace")),
            (TOPIC, where.topic.encode()),
            (PARTITION, str(where.partition).encode()),
            (OFFSET, str(where.offset).encode()),
        ]
        return Record(self._dead_letter_topic, one.key, one.value, [*one.headers, *ours])

    def _awake(self) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody waits
            self._loop.call_soon_threadsafe(self._stirred)

    def _stirred(self) -> None:
        self._some.set()
        self._bad.set()


@asynccontextmanager
async def open_consumer(settings: KafkaSettings) -> AsyncGenerator[KafkaConsumer]:
    """Lend a member of the group. Brokers may be down; StartError as for `open_producer`."""
    load_driver()
    consumer = KafkaConsumer(settings)
    await consumer.open()
    burying = asyncio.create_task(consumer.bury_unreadable(), name="kafka-burying")
    try:
        yield consumer
    finally:
        burying.cancel()
        await asyncio.gather(burying, return_exceptions=True)
        await consumer.close()
