"""Takes messages on the event loop, and keeps aside what cannot be understood."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Final

from otel_bridge.errors import Unavailable
from otel_bridge.jobs.kafka.driver import load_driver
from otel_bridge.jobs.kafka.fetching import Fetcher
from otel_bridge.jobs.kafka.producer import KafkaProducer, Record
from otel_bridge.jobs.kafka.window import Window
from otel_bridge.telemetry import log

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable, Sequence

    from otel_bridge.jobs.base import Receipt, Taken
    from otel_bridge.jobs.kafka.settings import KafkaSettings
    from otel_bridge.jobs.kafka.window import Fetched

REASON: Final = "otel-bridge-reason"
TOPIC: Final = "otel-bridge-topic"
PARTITION: Final = "otel-bridge-partition"
OFFSET: Final = "otel-bridge-offset"
MAX_REASON_CHARS: Final = 1000
FIRST_WAIT_SECONDS: Final = 1.0
LONGEST_WAIT_SECONDS: Final = 60.0


class KafkaConsumer:
    """The `JobConsumer` of Kafka: one member of the group."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._loop = asyncio.get_running_loop()
        self._settings = settings
        self._window = Window(settings.max_in_hand)
        self._fetcher = Fetcher(settings, self._window, self._awake)
        self._producer = KafkaProducer(settings)
        self._some = asyncio.Event()
        self._bad = asyncio.Event()

    async def take(self, limit: int, *, wait_seconds: float) -> Sequence[Taken]:
        """Lend messages; see `JobConsumer.take`. Returns early, with nothing, when messages were lost."""
        self._some.clear()
        taken = self._window.take(limit)
        if not taken and wait_seconds > 0:
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_seconds):
                    await self._some.wait()
            taken = self._window.take(limit)
        return taken

    def ack(self, receipts: Sequence[Receipt]) -> None:
        """Finish messages; see `JobConsumer.ack`. The thread commits them a moment later."""
        self._window.finish(receipts)

    async def bury(self, taken: Sequence[Taken], reason: str) -> None:
        """Keep messages as dead letters; see `JobConsumer.bury`."""
        held = [found for one in taken if (found := self._window.held(one.receipt)) is not None]
        await self._bury([(one, reason) for one in held])

    def lost(self) -> Sequence[Receipt]:
        """Tell which messages are somebody else's now; see `JobConsumer.lost`."""
        return self._window.lost()

    async def open(self) -> None:
        """Join the group; raise StartError for settings that make no sense."""
        await asyncio.to_thread(self._fetcher.start)

    async def close(self) -> None:
        """Commit what is finished and leave the group."""
        await asyncio.to_thread(self._fetcher.stop)
        await self._producer.close()

    async def bury_unreadable(self) -> None:
        """Keep aside whatever cannot be understood, as it comes; until cancelled."""
        while True:
            await self._bad.wait()
            self._bad.clear()
            found = self._window.take_unreadable()
            if found:
                await self._until_buried(
                    [(one, f"it cannot be understood: {one.unreadable}") for one in found]
                )

    async def _until_buried(self, letters: Sequence[tuple[Fetched, str]]) -> None:
        wait = FIRST_WAIT_SECONDS
        while True:
            try:
                return await self._bury(letters)
            except Unavailable as error:
                log().warning("kafka_messages_not_buried", messages=len(letters), reason=str(error))
                await asyncio.sleep(wait)
                wait = min(LONGEST_WAIT_SECONDS, 2 * wait)

    async def _bury(self, letters: Iterable[tuple[Fetched, str]]) -> None:
        letters = list(letters)
        await self._producer.send([self._letter(one, reason) for one, reason in letters])
        for one, reason in letters:
            where = one.receipt
            log().error(
                "kafka_message_buried",
                topic=where.topic, partition=where.partition, offset=where.offset, reason=reason,
            )  # fmt: skip
        self._window.finish([one.receipt for one, _ in letters])

    def _letter(self, one: Fetched, reason: str) -> Record:
        """Return a message as it was, with the reason and the place it comes from in its headers."""
        where = one.receipt
        ours: list[tuple[str, bytes | None]] = [
            (REASON, reason[:MAX_REASON_CHARS].encode(errors="replace")),
            (TOPIC, where.topic.encode()),
            (PARTITION, str(where.partition).encode()),
            (OFFSET, str(where.offset).encode()),
        ]
        return Record(self._settings.dead_letter_topic, one.key, one.value, [*one.headers, *ours])

    def _awake(self) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody waits
            self._loop.call_soon_threadsafe(self._stirred)

    def _stirred(self) -> None:
        self._some.set()
        self._bad.set()


@asynccontextmanager
async def open_consumer(settings: KafkaSettings) -> AsyncGenerator[KafkaConsumer]:
    """Lend a member of the group. Brokers that are down are no reason not to start (StartError: the rest)."""
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
